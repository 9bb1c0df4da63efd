// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestPasswords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		s.founded()
		secret, elsewhere := s.session("sys"), s.session("sys")
		_, err := s.ChangePassword(ctx, secret, "Wrong-Password-1", "Other-Password-1", "")
		s.wants("without the old one", err, problem.Credentials)
		for bad, want := range map[string]string{
			"Short-1": "characters", "alllowercaseletters": "classes", "lower-and-special-only": "classes", "With-sys-In-It-1": "own-name",
			"Bad-Utf8-12345\xff": "bytes", strings.Repeat("Aa1-", 80): "bytes", "short": "characters classes", password: "used",
		} {
			_, err := s.ChangePassword(ctx, secret, password, bad, "")
			s.wants("the password "+bad, err, problem.Invalid)
			if got := codesOf(err); got != want {
				t.Errorf("the password %q: %s, want %s", bad, got, want)
			}
		}
		old := password
		for i := range 5 {
			next := fmt.Sprintf("Other-Password-%d", i)
			o, err := s.ChangePassword(ctx, secret, old, next, "")
			s.must("change", err)
			s.refused("the secret of before", secret, problem.SignedOut)
			secret, old = o.Secret, next
		}
		s.refused("another session of the account", elsewhere, problem.SignedOut)
		_, err = s.ChangePassword(ctx, secret, old, "Other-Password-0", "")
		s.wants("one of the last five", err, problem.Invalid)
		_, err = s.ChangePassword(ctx, secret, old, password, "")
		s.must("the sixth last", err)
		_, err = s.ChangePassword(ctx, s.half("sys").Secret, password, "Other-Password-9", "")
		s.wants("half open", err, problem.FactorWanted)
	})
}

func codesOf(err error) string {
	var list []string
	for _, f := range problem.Of(err).Fields {
		list = append(list, string(f.Code))
	}
	return strings.Join(list, " ")
}

func TestExpiredPassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		s.founded()
		s.later(91 * 24 * time.Hour)
		o, err := s.Factor(ctx, s.half("aud").Secret, Proof{TOTP: s.code("aud")}, "")
		s.must("sign in", err)
		if o.Session.State != wantsPassword {
			t.Errorf("the session's state: %s", o.Session.State)
		}
		s.refused("before it is changed", o.Secret, problem.PasswordOld)
		changed, err := s.ChangePassword(ctx, o.Secret, password, "Other-Password-1", "")
		s.must("change", err)
		if who := s.identified(changed.Secret); who.Duty != Audit {
			t.Errorf("the caller: %+v", who)
		}
	})
}

func TestRules(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		now, err := s.Rules(ctx)
		s.must("read", err)
		if now.Rules != DefaultRules() || now.Revision != 0 {
			t.Errorf("the rules of a new installation: %+v", now)
		}
		longer := now.Rules
		longer.MinLength, longer.Days = 16, 60
		s.must("tighten", s.Tighten(ctx, longer, now.Revision))
		s.wants("of an older revision", s.Tighten(ctx, longer, now.Revision), problem.Stale)
		now, err = s.Rules(ctx)
		s.must("read", err)
		for name, weaken := range map[string]func(*Rules){
			"minLength": func(r *Rules) { r.MinLength-- }, "days": func(r *Rules) { r.Days++ }, "failures": func(r *Rules) { r.Failures++ },
			"idleMinutes": func(r *Rules) { r.IdleMinutes++ }, "sessionHours": func(r *Rules) { r.SessionHours++ }, "lockMinutes": func(r *Rules) { r.LockMinutes-- },
		} {
			weaker := now.Rules
			weaken(&weaker)
			s.wants("weaken "+name, s.Tighten(ctx, weaker, now.Revision), problem.Conflict)
			if lines, is := weaker.Changes(now.Rules); !is || len(lines) != 1 || !strings.HasPrefix(lines[0], name) {
				t.Errorf("changes of %s: %v, %t", name, lines, is)
			}
			s.must("by two persons", s.SetRules(ctx, weaker))
			s.must("twice", s.SetRules(ctx, weaker))
			s.must("and back", s.SetRules(ctx, now.Rules))
			if now, err = s.Rules(ctx); err != nil {
				t.Fatal(err)
			}
		}
		none := DefaultRules()
		none.MinLength = 7
		s.wants("under eight characters, even by two", s.SetRules(ctx, none), problem.Invalid)
	})
}

func TestTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, sec, _ := s.founded()
		until := s.clock().Add(48 * time.Hour)
		made, secret, err := s.NewToken(ctx, sys, "nightly", true, until)
		s.must("make", err)
		who := s.identified(secret)
		if !who.Token || !who.ReadOnly || who.Duty != System || who.Name != "sys/nightly" || who.Account != sys.Account || !who.Fresh.IsZero() {
			t.Errorf("the caller: %+v", who)
		}
		s.must("still", s.Still(ctx, who))
		if a, session, err := s.Who(ctx, who); err != nil || a.ID != sys.Account || !session.Ends.Equal(until) {
			t.Errorf("shown as %+v %+v, %v", a, session, err)
		}
		_, _, err = s.NewToken(ctx, sys, "nightly", false, until)
		s.wants("a second of that name", err, problem.Conflict)
		_, _, err = s.NewToken(ctx, sys, "long", false, s.clock().AddDate(1, 1, 0))
		s.wants("for longer than a year", err, problem.Invalid)
		_, _, err = s.NewToken(ctx, sys, "Bad Name", false, until)
		s.wants("a bad name", err, problem.Invalid)
		s.wants("another's token", s.RevokeToken(ctx, sec, made.ID), problem.Unknown)

		s.later(47 * time.Hour)
		s.must("used", s.Used(ctx, who))
		list, err := s.Tokens(ctx, sys)
		if err != nil || len(list) != 1 || !list[0].Used.Equal(s.clock()) || !list[0].ReadOnly {
			t.Errorf("tokens: %+v, %v", list, err)
		}
		s.later(time.Hour)
		s.refused("after its end", secret, problem.SignedOut)
		_, secret, err = s.NewToken(ctx, sys, "nightly", false, s.clock().Add(time.Hour))
		s.must("again, after its end", err)
		s.must("revoke", s.RevokeToken(ctx, sys, "nightly"))
		s.refused("a revoked one", secret, problem.SignedOut)
		_, err = s.Factor(ctx, secret, Proof{TOTP: "123456"}, "")
		s.wants("a second factor of a token", err, problem.SignedOut)
	})
}

func TestApproverKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, sec, _ := s.founded()
		public, _, err := ed25519.GenerateKey(rand.Reader)
		s.must("key", err)
		der, err := x509.MarshalPKIXPublicKey(public)
		s.must("DER", err)
		a, err := s.SetApproverKey(ctx, sec, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
		s.must("set", err)
		if a.ApproverKey != hex.EncodeToString(public) {
			t.Errorf("the key is %s", a.ApproverKey)
		}
		if key, err := s.ApproverKey(ctx, sec.Account); err != nil || key != a.ApproverKey {
			t.Errorf("by account: %s, %v", key, err)
		}
		two := s.another(sys, sec, "sec2", Security)
		_, err = s.SetApproverKey(ctx, Caller{Account: two.ID}, a.ApproverKey)
		s.wants("the key of another", err, problem.Conflict)
		for _, bad := range []string{"", "00", strings.Repeat("g", 64), "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"} {
			_, err = s.SetApproverKey(ctx, sec, bad)
			s.wants("what is no key", err, problem.Invalid)
		}
		_, err = s.Disable(ctx, sys, "sec")
		s.must("disable", err)
		if key, err := s.ApproverKey(ctx, sec.Account); err != nil || key != "" {
			t.Errorf("of a disabled account: %q, %v", key, err)
		}
	})
}

func TestAnotherAuthenticator(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	sys, _, _ := s.founded()
	s.wants("confirm what is not set up", s.ConfirmTOTP(ctx, sys, "123456"), problem.Conflict)
	e, err := s.NewTOTP(ctx, sys)
	s.must("set up", err)
	s.enter("sys") // the one in use is in use until then
	old := s.secrets["sys"]
	s.secrets["sys"] = e.Secret
	s.wants("a wrong code", s.ConfirmTOTP(ctx, sys, s.wrongCode("sys")), problem.Credentials)
	s.must("confirm", s.ConfirmTOTP(ctx, sys, s.code("sys")))
	s.enter("sys")
	s.secrets["old"] = old
	_, err = s.Factor(ctx, s.half("sys").Secret, Proof{TOTP: s.code("old")}, "")
	s.wants("the authenticator of before", err, problem.Credentials)
}

func TestPreferences(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	sys, _, _ := s.founded()
	a, err := s.Preferences(ctx, sys, "Asia/Shanghai", "zh")
	s.must("set", err)
	if a.TimeZone != "Asia/Shanghai" || a.Language != "zh" {
		t.Errorf("%+v", a)
	}
	for _, zone := range []string{"Asia/Nowhere", "../../etc/passwd", "\x00"} {
		_, err = s.Preferences(ctx, sys, zone, "zh")
		s.wants("the zone "+zone, err, problem.Invalid)
	}
}

// TestSecretsAreNotInTheDatabase looks for what callers prove themselves with among all
// that is kept.
func TestSecretsAreNotInTheDatabase(t *testing.T) {
	db := storetest.SQLite(t)
	s, ctx := newStage(t, db), t.Context()
	sys, sec, _ := s.founded()
	_, token, err := s.NewToken(ctx, sys, "t", false, s.clock().Add(time.Hour))
	s.must("token", err)
	_, code, err := s.Create(ctx, sys, "li", "Li")
	s.must("create", err)
	l, err := s.Grant(ctx, sec, "li", Audit)
	s.must("grant", err)
	secret := s.session("sec")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s.secrets["sys"])
	s.must("base32", err)
	var all strings.Builder
	for _, table := range []string{"accounts", "account_passwords", "account_links", "account_sessions", "account_tokens", "account_failures"} {
		rows, err := db.QueryContext(ctx, `SELECT * FROM `+table) //nolint:gosec // a constant
		s.must("read "+table, err)
		columns, err := rows.Columns()
		s.must("columns", err)
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			s.must("scan", rows.Scan(values...))
			for _, v := range values {
				switch v := (*v.(*any)).(type) {
				case []byte:
					all.Write(v)
				default:
					fmt.Fprint(&all, v, "\n")
				}
			}
		}
		s.must("rows", rows.Err())
	}
	if all.Len() == 0 {
		t.Fatal("nothing is kept")
	}
	for what, text := range map[string]string{"a token": token, "a code": code, "a link": l.Token, "a session's secret": secret, "a password": password, "what codes are computed from": string(raw)} {
		if strings.Contains(all.String(), text) {
			t.Errorf("%s is in the database", what)
		}
	}
}
