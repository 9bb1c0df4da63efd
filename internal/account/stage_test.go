// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const (
	domain   = "console.bank.internal"
	origin   = "https://console.bank.internal:8443"
	password = "Ferry-Across-1"
)

// stage is accounts whose clock the test sets, and whose hashes are cheap.
type stage struct {
	*Accounts
	t       *testing.T
	mu      sync.Mutex
	now     time.Time
	notes   []audit.Entry
	secrets map[string]string // of authenticators, by account name
}

func newStage(t *testing.T, db *store.DB) *stage {
	t.Helper()
	s := &stage{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), secrets: map[string]string{}}
	a, err := Open(db, Config{
		Name: "Dukou", Domain: domain, Origins: []string{origin}, Key: vault.Key{1}, Now: s.clock,
		Record: func(e audit.Entry) audit.Ticket {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.notes = append(s.notes, e)
			return audit.Ticket{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.hasher.cost = kept{memory: 8 << 10, passes: 1, threads: 1}
	s.Accounts = a
	return s
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// later moves the clock.
func (s *stage) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// code is what an account's authenticator shows. Codes are good once, so that the clock
// is moved to the next one.
func (s *stage) code(name string) string {
	s.later(totpPeriod * time.Second)
	return s.codeNow(name)
}

func (s *stage) codeNow(name string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(s.secrets[name], s.clock())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// wrongCode is six digits that are not right at any time near now.
func (s *stage) wrongCode(name string) string {
	right := map[string]bool{}
	for n := -3; n <= 3; n++ {
		code, err := totp.GenerateCode(s.secrets[name], s.clock().Add(time.Duration(n)*totpPeriod*time.Second))
		if err != nil {
			s.t.Fatal(err)
		}
		right[code] = true
	}
	for _, code := range []string{"000000", "000001", "000002", "000003", "000004", "000005", "000006", "000007"} {
		if !right[code] {
			return code
		}
	}
	panic("eight codes cannot all be right")
}

// founded has an account of each duty: "sys", "sec", "aud".
func (s *stage) founded() (sys, sec, aud Caller) {
	s.t.Helper()
	links, err := s.FirstLinks(s.t.Context())
	if err != nil || len(links) != 3 {
		s.t.Fatal(len(links), err)
	}
	names := map[Duty]string{System: "sys", Security: "sec", Audit: "aud"}
	callers := map[Duty]Caller{}
	for _, l := range links {
		s.redeem(l, "", names[l.Duty])
		callers[l.Duty] = s.enter(names[l.Duty])
	}
	return callers[System], callers[Security], callers[Audit]
}

// redeem takes a link over.
func (s *stage) redeem(l Link, code, name string) Account {
	s.t.Helper()
	e, err := s.Redeem(s.t.Context(), Redeem{Token: l.Token, Code: code, Name: name, Person: "Person " + name, Password: password})
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets[e.Name] = e.Secret
	a, err := s.ConfirmLink(s.t.Context(), l.Token, s.codeNow(e.Name))
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// another is one more account of a duty.
func (s *stage) another(sys, sec Caller, name string, d Duty) Account {
	s.t.Helper()
	_, code, err := s.Create(s.t.Context(), sys, name, "Person "+name)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := s.Grant(s.t.Context(), sec, name, d)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.redeem(l, code, "")
}

// half signs in as far as the password.
func (s *stage) half(name string) Opened {
	s.t.Helper()
	o, err := s.SignIn(s.t.Context(), SignIn{Name: name, Password: password, Address: "10.0.0.9", Agent: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// session signs in and gives the session's secret.
func (s *stage) session(name string) string {
	s.t.Helper()
	o, err := s.Factor(s.t.Context(), s.half(name).Secret, Proof{TOTP: s.code(name)}, "10.0.0.9")
	if err != nil {
		s.t.Fatal(err)
	}
	return o.Secret
}

// enter signs in and gives the caller.
func (s *stage) enter(name string) Caller {
	s.t.Helper()
	return s.identified(s.session(name))
}

func (s *stage) identified(secret string) Caller {
	s.t.Helper()
	who, err := s.Identify(s.t.Context(), secret, "10.0.0.9")
	if err != nil {
		s.t.Fatal(err)
	}
	return who
}

// wants demands that a call was refused with a code.
func (s *stage) wants(what string, err error, code problem.Code) {
	s.t.Helper()
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code {
		s.t.Errorf("%s: got %v, want a problem %q", what, err, code)
	}
}

// refused demands that a secret identifies nobody, with a code.
func (s *stage) refused(what, secret string, code problem.Code) {
	s.t.Helper()
	_, err := s.Identify(context.Background(), secret, "10.0.0.9")
	s.wants(what, err, code)
}

func (s *stage) must(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}
