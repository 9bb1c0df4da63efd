// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/management"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// person is who signs in, as the tests in the browser take one.
type person struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	OTP      string `json:"otp"`  // otpauth address
	Used     int64  `json:"used"` // by when codes of it were used, in seconds: a code is good once
}

// site is a center without a guard: its parts over one database.
type site struct {
	t       *testing.T
	db      *store.DB
	dir     string
	policy  *policy.Policy
	parts   []*part
	index   *evidence.Index
	counts  counts
	events  *management.Events
	server  *management.Server
	auditor person
}

// part is a component with a real journal.
type part struct {
	role     policy.Role
	zone     string
	inner    bool
	peers    []string
	identity *pki.Identity
	journal  *audit.Journal
	dir      string // of the journal
}

const center = "center"

func openSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), events: management.NewEvents()}
	var err error
	s.db, err = store.Open(t.Context(), "sqlite:"+filepath.Join(s.dir, "center.db"))
	s.must("database", err)
	t.Cleanup(func() { s.must("close the database", s.db.Close()) })
	loaded, err := source.Load(bank.Files())
	s.must("policy", err)
	s.policy, err = loaded.Draft()
	s.must("policy", err)
	s.policy.NotAfter = time.Now().Add(30 * 24 * time.Hour).UnixMilli()
	for _, p := range []part{
		{role: policy.RoleFront, zone: "internet"},
		{role: policy.RoleOuter, zone: "internet", peers: []string{"front-internet", "guard-gate"}},
		{role: policy.RoleGate, zone: "intranet", inner: true, peers: []string{"guard-inner", "guard-outer"}},
		{role: policy.RoleInner, zone: "intranet", inner: true, peers: []string{center, "front-intranet", "guard-gate"}},
		{role: policy.RoleFront, zone: "intranet", inner: true},
		{role: policy.RoleCenter, inner: true},
	} {
		s.found(p)
	}
	s.people()
	s.manage()
	return s
}

func (s *site) must(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

// runs runs something until the test ends.
func (s *site) runs(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("%s: %v", name, err)
		}
	})
}

// found makes a component's identity and opens its journal.
func (s *site) found(p part) {
	id := string(p.role)
	if p.role == policy.RoleFront {
		id += "-" + p.zone
	}
	var err error
	p.identity, err = pki.Create(filepath.Join(s.dir, id, "identity"), id, string(p.role), p.zone)
	s.must(id, err)
	state := filepath.Join(s.dir, id, "state")
	p.journal, err = audit.OpenOwn(id, p.identity.Key(), state, time.Now, s.log())
	s.must(id, err)
	p.dir = filepath.Join(state, "audit")
	s.t.Cleanup(func() { s.must("close "+id, p.journal.Close()) })
	s.runs("journal of "+id, p.journal.Run)
	s.parts = append(s.parts, &p)
}

func (s *site) log() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s *site) part(id string) *part {
	for _, p := range s.parts {
		if p.identity.Request.ID == id {
			return p
		}
	}
	s.t.Fatalf("there is no %s", id)
	return nil
}

// people takes the first links of all duties over, an hour ago: codes are good once.
func (s *site) people() {
	founded := time.Now().Add(-time.Hour)
	a, err := account.Open(s.db, account.Config{Name: "Dukou", Key: vault.Key{1}, Now: func() time.Time { return founded }, Record: s.part(center).journal.Append})
	s.must("accounts", err)
	links, err := a.FirstLinks(s.t.Context())
	s.must("links", err)
	for _, l := range links {
		one := person{Name: "load-" + string(l.Duty), Password: "Ferry-Across-1", Used: founded.Unix()}
		e, err := a.Redeem(s.t.Context(), account.Redeem{Token: l.Token, Name: one.Name, Person: "Person " + one.Name, Password: one.Password})
		s.must("redeem", err)
		code, err := totp.GenerateCode(e.Secret, founded)
		s.must("code", err)
		_, err = a.ConfirmLink(s.t.Context(), l.Token, code)
		s.must("confirm", err)
		if l.Duty == account.Audit {
			one.OTP = "otpauth://totp/Dukou:" + one.Name + "?secret=" + url.QueryEscape(e.Secret)
			s.auditor = one
		}
	}
}

// manage opens the parts that administrators work with.
func (s *site) manage() {
	ctx, record, tell := s.t.Context(), s.part(center).journal.Append, s.events.Tell
	accounts, err := account.Open(s.db, account.Config{Name: "Dukou", Key: vault.Key{1}, Now: time.Now, Record: record, Tell: tell})
	s.must("accounts", err)
	s.index, err = evidence.Open(ctx, s.db, evidence.Config{Logs: s.logs, Log: s.log(), Now: time.Now})
	s.must("index", err)
	notifier := notify.Open(notify.Config{DB: s.db, Key: vault.Key{1}, Host: center, Tell: tell, Log: s.log(), Now: time.Now})
	watched, err := monitor.Open(ctx, monitor.Config{DB: s.db, Observe: s.observe, Record: record, Tell: tell, Log: s.log(), Now: time.Now})
	s.must("monitor", err)
	stock := inventory.Open(s.db, s.stock(watched))
	desk := draft.Open(s.db, draft.Config{
		Guard: s.policy.Guard, InForce: func() *policy.Policy { return s.policy }, Admitted: s.admitted,
		Record: record, Tell: tell, Now: time.Now, Log: s.log(),
	})
	rehearsals := rehearsal.Open(s.db, rehearsal.Config{Drafts: desk, State: s.dir, InForce: desk.InForce, Tell: tell, Now: time.Now, Log: s.log()})
	proposals, err := proposal.Open(s.db, proposal.Config{
		Acts: management.AccountActs(accounts), Holders: accounts.Holders, Record: record, Tell: tell, Log: s.log(), Now: time.Now,
	})
	s.must("proposals", err)
	findings := finding.Open(s.db, finding.Config{Now: time.Now, Tell: tell})
	s.auditing(findings)
	s.server = management.New(management.Config{
		Accounts: accounts, Proposals: proposals, Inventory: stock, Policy: desk, Rehearsals: rehearsals, Evidence: s.index, Monitor: watched, Notifier: notifier, Findings: findings,
		Inbox:  []management.InboxSource{management.AlertInbox(watched), management.PolicyInbox(desk), management.FindingInbox(findings)},
		Record: record, Events: s.events, Version: "load", Log: s.log(),
	})
	s.runs("index", s.index.Run)
	s.runs("monitor", watched.Run)
}

// stock is what the inventory is told: all stand well.
func (s *site) stock(watched *monitor.Monitor) inventory.Config {
	refused := errors.New("the test admits nobody")
	return inventory.Config{
		Self: center, Version: "load", Standings: s.standings, PolicyEnd: func() time.Time { return time.UnixMilli(s.policy.NotAfter) },
		Signer: inventory.Signer{
			Admitted: s.admitted,
			Admit:    func(context.Context, []byte, string) (pki.Request, error) { return pki.Request{}, refused },
			Answer:   func(context.Context, string) ([]byte, error) { return nil, refused },
			Dismiss:  func(context.Context, string, string) error { return refused },
		},
		Record: s.part(center).journal.Append, Tell: s.events.Tell, Alert: management.DriftAlert(watched), Log: s.log(), Now: time.Now,
	}
}

func (s *site) admitted(context.Context) (list []pki.Request, err error) {
	for _, p := range s.parts {
		list = append(list, p.identity.Request)
	}
	return list, nil
}

func (s *site) logs() (list []evidence.Log) {
	for _, p := range s.parts {
		list = append(list, evidence.Log{Origin: audit.Origin(p.identity.Request.ID), Dir: p.dir})
	}
	return list
}

// auditing opens findings, so that there are some to be seen.
func (s *site) auditing(f *finding.Findings) {
	who := account.Caller{Account: "load", Name: s.auditor.Name, Duty: account.Audit}
	for n := range 60 {
		_, err := f.Open(s.t.Context(), who, finding.New{
			Title: fmt.Sprintf("Finding %d: refusals that nobody has looked at", n+1), Text: "Made for the measurement.", Severity: 1 + n%3,
			Owner: []account.Duty{account.System, account.Security}[n%2], Due: time.Now().Add(time.Duration(n+1) * 24 * time.Hour),
		})
		s.must("finding", err)
	}
}
