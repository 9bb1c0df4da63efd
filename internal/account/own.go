// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
)

// ChangePassword changes the password of a session's account, and ends its other
// sessions. It is also what a session can do whose password has expired.
func (a *Accounts) ChangePassword(ctx context.Context, secret, old, password, address string) (o Opened, err error) {
	s, err := a.sessionOf(ctx, a.db, secret)
	if err != nil {
		return o, err
	}
	if s.State == wantsFactor {
		return o, problem.New(problem.FactorWanted, "show the second factor first")
	}
	who, err := a.find(ctx, a.db, s.account)
	if err != nil {
		return o, err
	}
	try, err := a.begin(ctx, who, "", address)
	if err != nil {
		return o, err
	}
	if len(old) > MaxPassword {
		old = ""
	}
	right, err := a.hasher.verify(ctx, who.password, old)
	if err == nil && !right {
		return o, a.failed(try, who)
	}
	if err := a.refund(ctx, try, err); err != nil {
		return o, err
	}
	if err := a.fitsNext(ctx, who, password); err != nil {
		return o, err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return o, err
	}
	err = a.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		o, err = a.putPassword(ctx, tx, s, who.password, hash)
		return err
	})
	if err == nil {
		a.tell("accounts", who.ID)
	}
	return o, err
}

// fitsNext refuses a password that the rules do not allow, or that was used before.
func (a *Accounts) fitsNext(ctx context.Context, who record, password string) error {
	rules, err := a.Rules(ctx)
	if err != nil {
		return err
	}
	if err := rules.fits(password, who.Name); err != nil {
		return err
	}
	rows, err := a.db.QueryContext(ctx, `SELECT hash FROM account_passwords WHERE account = $1 ORDER BY at DESC LIMIT $2`, who.ID, rules.History)
	hashes, err := collect(rows, err, oneText)
	if err != nil {
		return err
	}
	for _, h := range hashes {
		used, err := a.hasher.verify(ctx, h, password)
		if err != nil {
			return err
		}
		if used {
			p := problem.New(problem.Invalid, "this is one of your last %d passwords", rules.History)
			p.Fields = []problem.Field{usedBefore(rules.History)}
			return p
		}
	}
	return nil
}

func usedBefore(last int) problem.Field {
	why := problem.AtMost(problem.UsedBefore, last)
	why.Detail = "another one"
	return why.At("password")
}

// putPassword puts a password in force, if the one before is still what was looked at.
func (a *Accounts) putPassword(ctx context.Context, tx *sql.Tx, s session, before, hash string) (o Opened, err error) {
	r, err := a.find(ctx, tx, s.account)
	if err != nil {
		return o, err
	}
	if r.password != before {
		return o, problem.New(problem.Stale, "the password was changed meanwhile")
	}
	r.password, r.passwordAt = hash, max(millis(a.Now()), r.passwordAt+1)
	if err := r.update(ctx, tx); err != nil {
		return o, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO account_passwords (account, at, hash) VALUES ($1, $2, $3)`, r.ID, r.passwordAt, hash); err != nil {
		return o, err
	}
	const most = 24 // the longest history that the rules allow
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_passwords WHERE account = $1 AND at NOT IN (
		SELECT at FROM account_passwords WHERE account = $2 ORDER BY at DESC LIMIT $3)`, r.ID, r.ID, most); err != nil {
		return o, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_sessions WHERE account = $1 AND id <> $2`, r.ID, s.ID); err != nil {
		return o, err
	}
	return a.advance(ctx, tx, s, r, false)
}

// SetApproverKey registers the key with which a security administrator signs bundles:
// Ed25519, as 64 hex digits or PEM. Two administrators with one key would be one.
func (a *Accounts) SetApproverKey(ctx context.Context, who Caller, text string) (Account, error) {
	key, err := parseApproverKey(text)
	if err != nil {
		return Account{}, err
	}
	r, err := a.edit(ctx, who.Account, func(tx *sql.Tx, r *record) error {
		var other int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE approver_key = $1 AND id <> $2`, key, r.ID).Scan(&other); err != nil {
			return err
		}
		if other > 0 {
			return problem.New(problem.Conflict, "this is another administrator's key: everyone has their own")
		}
		r.ApproverKey = key
		return nil
	})
	return r.Account, err
}

// maxKeyText bounds a key as it is handed in.
const maxKeyText = 1024

// parseApproverKey reads an Ed25519 public key: 64 hex digits, or PKIX in PEM, which is
// what policy sources name.
func parseApproverKey(text string) (string, error) {
	text = strings.TrimSpace(text)
	refuse := problem.New(problem.Invalid, "a key is an Ed25519 public key: 64 hex digits, or a PUBLIC KEY in PEM")
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == ed25519.PublicKeySize {
		return hex.EncodeToString(raw), nil
	}
	if len(text) > maxKeyText {
		return "", refuse
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(strings.TrimSpace(string(rest))) > 0 {
		return "", refuse
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return "", refuse
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return "", refuse
	}
	return hex.EncodeToString(key), nil
}

// Who is the caller's account and session, for what shows them. A token is shown as the
// session that it stands for.
func (a *Accounts) Who(ctx context.Context, who Caller) (Account, Session, error) {
	r, err := a.find(ctx, a.db, who.Account)
	if err != nil {
		return Account{}, Session{}, err
	}
	if !who.Token {
		s, err := a.theSession(ctx, a.db, "s.id", who.Session)
		return r.Account, s.Session, err
	}
	list, err := a.Tokens(ctx, who)
	for _, t := range list {
		if t.ID == who.Session {
			return r.Account, Session{
				ID: t.ID, Account: r.Name, Duty: r.Duty, State: full, Bearer: true, Created: t.Created, Used: t.Used,
				Idle: t.Expires, Ends: t.Expires, Address: who.Address,
			}, err
		}
	}
	return Account{}, Session{}, errors.Join(err, errToken())
}

// Sessions are those under way, of one account or, with an empty id, of all.
func (a *Accounts) Sessions(ctx context.Context, account string) ([]Session, error) {
	rules, err := a.Rules(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	rows, err := a.db.QueryContext(ctx, selectSessions+`WHERE (s.account = $1 OR $2 = '') AND s.expires > $3 AND s.used > $4 ORDER BY s.created, s.id`,
		account, account, millis(now), now.Add(-time.Duration(rules.IdleMinutes)*time.Minute).UnixMilli())
	return collect(rows, err, func(rows *sql.Rows) (Session, error) {
		var s session
		err := s.scan(rows, rules.Rules)
		return s.Session, err
	})
}

// EndSession ends a session: one's own, or anybody's by security.
func (a *Accounts) EndSession(ctx context.Context, who Caller, id string) error {
	if !printable(id, maxName) {
		id = ""
	}
	anybodys := number(who.Duty == Security)
	done, err := a.db.ExecContext(ctx, `DELETE FROM account_sessions WHERE id = $1 AND (account = $2 OR 1 = $3)`, id, who.Account, anybodys)
	if err := one(done, err, problem.New(problem.Unknown, "there is no such session that you may end")); err != nil {
		return err
	}
	a.tell("sessions", id)
	return nil
}
