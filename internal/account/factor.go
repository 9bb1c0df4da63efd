// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Proof is a second factor as it is shown: one of them.
type Proof struct {
	TOTP    string          // six digits
	Passkey json.RawMessage // what the browser's navigator.credentials.get gave
}

// spent marks a proof as used, so that it is of no use again.
type spent func(ctx context.Context, tx *sql.Tx) error

// Factor completes signing in. When the password has expired, the session may change it
// and nothing else yet.
func (a *Accounts) Factor(ctx context.Context, secret string, p Proof, address string) (Opened, error) {
	return a.show(ctx, secret, wantsFactor, p, address)
}

// Refresh shows the second factor again, before an act that wants it just shown.
func (a *Accounts) Refresh(ctx context.Context, secret string, p Proof, address string) (Opened, error) {
	return a.show(ctx, secret, full, p, address)
}

func (a *Accounts) show(ctx context.Context, secret, from string, p Proof, address string) (o Opened, err error) {
	if (p.TOTP == "") == (len(p.Passkey) == 0) {
		return o, problem.New(problem.Invalid, "show one second factor: totp or passkey")
	}
	s, err := a.sessionOf(ctx, a.db, secret)
	if err != nil {
		return o, err
	}
	if s.State != from {
		return o, problem.New(problem.Conflict, "the session is in state %q, and this is for %q", s.State, from)
	}
	who, err := a.find(ctx, a.db, s.account)
	if err != nil {
		return o, err
	}
	try, err := a.begin(ctx, who, "", address)
	if err != nil {
		return o, err
	}
	spend, err := a.prove(ctx, s, who, p)
	if err == nil {
		err = a.db.Tx(ctx, func(tx *sql.Tx) error {
			if err := spend(ctx, tx); err != nil {
				return err
			}
			if err := passed(ctx, tx, try, true); err != nil {
				return err
			}
			o, err = a.advance(ctx, tx, s, who, true)
			return err
		})
	}
	switch {
	case err == nil:
		a.tell("sessions", s.ID)
		return o, nil
	case problem.CodeOf(err) == problem.Credentials:
		return Opened{}, a.failed(try, who)
	default:
		return Opened{}, a.refund(ctx, try, err)
	}
}

// errProof is that a second factor is not right; why is nobody's business.
func errProof() error { return problem.New(problem.Credentials, "the second factor is not right") }

// prove looks at a second factor.
func (a *Accounts) prove(ctx context.Context, s session, who record, p Proof) (spent, error) {
	if p.TOTP != "" {
		return a.proveTOTP(who, p.TOTP)
	}
	return a.provePasskey(ctx, s, p.Passkey)
}

// advance gives a session its next state and another secret: who knew it in the state
// before knows nothing of it now.
func (a *Accounts) advance(ctx context.Context, tx *sql.Tx, s session, who record, shown bool) (o Opened, err error) {
	rules, err := readRules(ctx, tx)
	if err != nil {
		return o, err
	}
	now := a.Now()
	if s.State == wantsFactor {
		s.Ends = now.Add(time.Duration(rules.SessionHours) * time.Hour)
	}
	if shown {
		s.Fresh = now
	}
	s.State, s.Used, s.Idle = full, now, now.Add(time.Duration(rules.IdleMinutes)*time.Minute)
	if now.After(store.Time(who.passwordAt).AddDate(0, 0, rules.Days)) {
		s.State = wantsPassword
	}
	o.Secret = newSecret(sessionPrefix)
	done, err := tx.ExecContext(ctx, `UPDATE account_sessions SET secret = $1, state = $2, used = $3, expires = $4, fresh = $5,
		ceremony = '', ceremony_until = 0 WHERE id = $6 AND secret = $7`,
		digest(o.Secret), s.State, millis(now), millis(s.Ends), millis(s.Fresh), s.ID, s.secret)
	o.Session = s.Session
	return o, one(done, err, problem.New(problem.SignedOut, "the session has changed meanwhile: sign in again"))
}

// factors are the kinds of second factor that an account can show here.
func (a *Accounts) factors(ctx context.Context, q queries, account string) ([]string, error) {
	list := []string{"totp"}
	if a.keys == nil {
		return list, nil
	}
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM account_passkeys WHERE account = $1 AND rp = $2`, account, a.Domain).Scan(&n)
	if n > 0 {
		list = append(list, "passkey")
	}
	return list, err
}
