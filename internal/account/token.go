// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

const (
	maxTokens   = 50 // of one account
	maxTokenFor = 366 * 24 * time.Hour
)

// NewToken lets a program call in the name of an account until an end, to read or with
// all of the account's rights but those that want a second factor. The secret is told
// once.
func (a *Accounts) NewToken(ctx context.Context, who Caller, name string, readOnly bool, until time.Time) (t APIToken, secret string, err error) {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`).MatchString(name) {
		return t, "", problem.New(problem.Invalid, "a token has a name of a-z, 0-9 and dash, as nightly-report")
	}
	now := a.Now()
	if !until.After(now) || until.After(now.Add(maxTokenFor)) {
		return t, "", problem.New(problem.Invalid, "a token ends after now and within a year")
	}
	secret = newSecret(tokenPrefix)
	t = APIToken{ID: store.NewID(), Name: name, ReadOnly: readOnly, Created: now, Expires: until}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_tokens WHERE account = $1 AND expires <= $2`, who.Account, millis(now)); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM account_tokens WHERE account = $1`, who.Account).Scan(&n); err != nil {
			return err
		}
		if n >= maxTokens {
			return problem.New(problem.Conflict, "an account has at most %d tokens: revoke one first", maxTokens)
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO account_tokens (id, account, name, secret, read_only, created, expires, used)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT (account, name) DO NOTHING`,
			t.ID, who.Account, name, digest(secret), number(readOnly), millis(now), millis(until))
		return one(done, err, problem.New(problem.Conflict, "you have a token %q already: revoke it first", name))
	})
	if err != nil {
		return APIToken{}, "", err
	}
	return t, secret, nil
}

// Tokens are those of an account.
func (a *Accounts) Tokens(ctx context.Context, who Caller) ([]APIToken, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT id, name, read_only, created, expires, used FROM account_tokens WHERE account = $1 ORDER BY name`, who.Account)
	return collect(rows, err, func(rows *sql.Rows) (t APIToken, err error) {
		var readOnly, created, expires, used int64
		err = rows.Scan(&t.ID, &t.Name, &readOnly, &created, &expires, &used)
		t.ReadOnly, t.Created, t.Expires, t.Used = readOnly != 0, store.Time(created), store.Time(expires), store.Time(used)
		return t, err
	})
}

// RevokeToken ends one of an account's tokens, by id or name.
func (a *Accounts) RevokeToken(ctx context.Context, who Caller, token string) error {
	if !printable(token, maxName) {
		token = ""
	}
	done, err := a.db.ExecContext(ctx, `DELETE FROM account_tokens WHERE account = $1 AND (id = $2 OR name = $3)`, who.Account, token, token)
	return one(done, err, problem.New(problem.Unknown, "you have no such token"))
}

// tokenCaller is who calls with a token.
func (a *Accounts) tokenCaller(ctx context.Context, secret, address string) (Caller, error) {
	if len(secret) > 200 {
		return Caller{}, errToken()
	}
	return a.theToken(ctx, "t.secret", digest(secret), address)
}

// tokenStill tells whether a token is still what it was.
func (a *Accounts) tokenStill(ctx context.Context, who Caller) error {
	now, err := a.theToken(ctx, "t.id", who.Session, who.Address)
	if err == nil && (now.Duty != who.Duty || now.Account != who.Account) {
		return errToken()
	}
	return err
}

func errToken() error {
	return problem.New(problem.SignedOut, "this token has ended, was revoked, or never was")
}

func (a *Accounts) theToken(ctx context.Context, column, value, address string) (Caller, error) {
	who := Caller{Token: true, Address: address}
	var name, token string
	var readOnly, expires int64
	const find = `SELECT t.id, t.name, t.read_only, t.expires, a.id, a.name, a.duty
		FROM account_tokens t JOIN accounts a ON a.id = t.account AND a.state = 'active' WHERE `
	err := a.db.QueryRowContext(ctx, find+column+` = $1`, value). //nolint:gosec // column is a constant of this file
									Scan(&who.Session, &token, &readOnly, &expires, &who.Account, &name, &who.Duty)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !a.Now().Before(store.Time(expires)) {
		return Caller{}, errToken()
	}
	if err != nil {
		return Caller{}, err
	}
	who.Name, who.ReadOnly = strings.Join([]string{name, token}, "/"), readOnly != 0
	return who, nil
}
