// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// The states of a session.
const (
	wantsFactor   = "factor"
	wantsPassword = "password"
	full          = "full"
)

const (
	factorWithin = 5 * time.Minute // after the password
	maxSessions  = 20              // of one account
	maxAgent     = 200             // characters
	usedEvery    = time.Minute     // how exactly it is known when a session was last used
)

// SignIn is how a session begins.
type SignIn struct {
	Name     string
	Password string
	Bearer   bool // a command line, which keeps the secret itself
	Address  string
	Agent    string
}

// Opened is a session at its new state. Its earlier secret is of no use any more.
type Opened struct {
	Secret  string
	Session Session
	Factors []string // what may be shown next: "totp", "passkey"
}

// session is a Session with what nobody is shown.
type session struct {
	Session
	account  string // id
	secret   string // as kept
	ceremony string
	until    int64 // of the ceremony
}

const selectSessions = `SELECT s.id, s.secret, s.account, a.name, a.duty, s.state, s.bearer, s.created, s.used, s.expires, s.fresh,
	s.address, s.agent, s.ceremony, s.ceremony_until FROM account_sessions s JOIN accounts a ON a.id = s.account AND a.state = 'active' `

func (s *session) scan(row store.Row, rules Rules) error {
	var bearer, created, used, expires, fresh int64
	err := row.Scan(&s.ID, &s.secret, &s.account, &s.Account, &s.Duty, &s.State, &bearer, &created, &used, &expires, &fresh,
		&s.Address, &s.Agent, &s.ceremony, &s.until)
	s.Bearer, s.Created, s.Used, s.Ends, s.Fresh = bearer != 0, store.Time(created), store.Time(used), store.Time(expires), store.Time(fresh)
	s.Idle = s.Used.Add(time.Duration(rules.IdleMinutes) * time.Minute)
	return err
}

// SignIn looks at name and password. The session that it opens can show a second factor
// and nothing else.
func (a *Accounts) SignIn(ctx context.Context, in SignIn) (Opened, error) {
	if len(in.Password) > MaxPassword || !printable(in.Name, maxName) {
		in.Name, in.Password = "", "" // which nobody has; it is counted, and takes as long
	}
	who, err := a.find(ctx, a.db, in.Name)
	if err != nil && problem.CodeOf(err) != problem.Unknown {
		return Opened{}, err
	}
	if who.ID == in.Name {
		who = record{} // by name only
	}
	try, err := a.begin(ctx, who, in.Name, in.Address)
	if err != nil {
		return Opened{}, err
	}
	right, err := a.hasher.verify(ctx, who.password, in.Password)
	if err != nil {
		return Opened{}, a.refund(ctx, try, err)
	}
	if !right || who.State != Active || !who.Duty.Valid() {
		return Opened{}, a.failed(try, who)
	}
	return a.open(ctx, who, in, try)
}

// open begins a session that wants the second factor.
func (a *Accounts) open(ctx context.Context, who record, in SignIn, try attempt) (o Opened, err error) {
	now := a.Now()
	o.Secret = newSecret(sessionPrefix)
	o.Session = Session{
		ID: store.NewID(), Account: who.Name, Duty: who.Duty, State: wantsFactor, Bearer: in.Bearer, Created: now, Used: now,
		Idle: now.Add(factorWithin), Ends: now.Add(factorWithin), Address: in.Address, Agent: strings.ToValidUTF8(first(in.Agent, maxAgent), ""),
	}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := passed(ctx, tx, try, false); err != nil {
			return err
		}
		if err := prune(ctx, tx, who.ID, now); err != nil {
			return err
		}
		s := &o.Session
		_, err := tx.ExecContext(ctx, `INSERT INTO account_sessions (id, secret, account, state, bearer, created, used, expires, fresh,
			address, agent, ceremony, ceremony_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, '', 0)`,
			s.ID, digest(o.Secret), who.ID, s.State, number(s.Bearer), millis(s.Created), millis(s.Used), millis(s.Ends), s.Address, s.Agent)
		if err == nil {
			o.Factors, err = a.factors(ctx, tx, who.ID)
		}
		return err
	})
	return o, err
}

// first is the beginning of s, without control characters.
func first(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// prune removes what has ended, and the oldest sessions of an account that has too many.
func prune(ctx context.Context, tx *sql.Tx, account string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_sessions WHERE expires < $1`, now.UnixMilli()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM account_sessions WHERE account = $1 AND id NOT IN (
		SELECT id FROM account_sessions WHERE account = $2 ORDER BY used DESC, id LIMIT $3)`, account, account, maxSessions-1)
	return err
}

// Identify finds out who makes a call, by what it came with. A session that wants
// something yet is told so; the caller is then filled in for records only.
func (a *Accounts) Identify(ctx context.Context, secret, address string) (Caller, error) {
	if strings.HasPrefix(secret, tokenPrefix) {
		return a.tokenCaller(ctx, secret, address)
	}
	s, err := a.sessionOf(ctx, a.db, secret)
	if err != nil {
		return Caller{}, err
	}
	who := Caller{Account: s.account, Name: s.Account, Session: s.ID, Address: address}
	switch s.State {
	case wantsFactor:
		return who, problem.New(problem.FactorWanted, "show the second factor first")
	case wantsPassword:
		return who, problem.New(problem.PasswordOld, "the password has expired: change it first")
	}
	who.Duty, who.Fresh = s.Duty, s.Fresh
	return who, nil
}

// sessionOf finds the session of a secret, in whatever state it is.
func (a *Accounts) sessionOf(ctx context.Context, q queries, secret string) (s session, err error) {
	if !strings.HasPrefix(secret, sessionPrefix) || len(secret) > 200 {
		return s, problem.New(problem.SignedOut, "this is not what a session or token is shown with: sign in")
	}
	return a.theSession(ctx, q, "s.secret", digest(secret))
}

func (a *Accounts) theSession(ctx context.Context, q queries, column, value string) (s session, err error) {
	rules, err := readRules(ctx, q)
	if err != nil {
		return s, err
	}
	err = s.scan(q.QueryRowContext(ctx, selectSessions+"WHERE "+column+" = $1", value), rules.Rules) //nolint:gosec // column is a constant of this package
	now := a.Now()
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s, problem.New(problem.SignedOut, "the session has ended: sign in again")
	case err != nil:
		return s, err
	case now.After(s.Ends):
		return s, problem.New(problem.SignedOut, "the session has reached its longest time: sign in again")
	case now.After(s.Idle):
		return s, problem.New(problem.SignedOut, "the session was not used for %d minutes: sign in again", rules.IdleMinutes)
	}
	return s, nil
}

// Used says that a caller has done something. What pages ask for by themselves is not
// said, so that a page that is left open ends, too.
func (a *Accounts) Used(ctx context.Context, who Caller) error {
	now := a.Now()
	statement := `UPDATE account_sessions SET used = $1 WHERE id = $2 AND used < $3`
	if who.Token {
		statement = `UPDATE account_tokens SET used = $1 WHERE id = $2 AND used < $3`
	}
	if who.Session == "" {
		return nil
	}
	_, err := a.db.ExecContext(ctx, statement, now.UnixMilli(), who.Session, now.Add(-usedEvery).UnixMilli())
	return err
}

// Still tells whether a caller is still who it was when its call began: what serves long
// asks again.
func (a *Accounts) Still(ctx context.Context, who Caller) error {
	if who.Host {
		return nil
	}
	if who.Token {
		return a.tokenStill(ctx, who)
	}
	s, err := a.theSession(ctx, a.db, "s.id", who.Session)
	if err == nil && (s.State != full || s.Duty != who.Duty || s.account != who.Account) {
		return problem.New(problem.SignedOut, "the session has changed: sign in again")
	}
	return err
}
