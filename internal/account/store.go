// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// queries are what a database and a transaction both do.
type queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// record is an account with what nobody is shown.
type record struct {
	Account
	code       string
	password   string
	passwordAt int64
	totp       []byte
	totpNext   []byte
	totpStep   int64
}

// selectAccounts ends where WHERE begins.
const selectAccounts = `SELECT a.id, a.name, a.person, a.duty, a.state, a.timezone, a.language, a.code, a.password,
	a.password_at, a.totp, a.totp_next, a.totp_step, a.approver_key, a.created, a.created_by, a.granted_by, a.redeemed,
	a.revision, COALESCE(f.until, 0)
	FROM accounts a LEFT JOIN account_failures f ON f.subject = 'account:' || a.id `

// scan reads a row of selectAccounts.
func (r *record) scan(row store.Row, rules Rules, now time.Time) error {
	var created, redeemed, locked int64
	err := row.Scan(&r.ID, &r.Name, &r.Person, &r.Duty, &r.State, &r.TimeZone, &r.Language, &r.code, &r.password,
		&r.passwordAt, &r.totp, &r.totpNext, &r.totpStep, &r.ApproverKey, &created, &r.CreatedBy, &r.GrantedBy, &redeemed,
		&r.Revision, &locked)
	if err != nil {
		return err
	}
	r.Created, r.Redeemed = store.Time(created), store.Time(redeemed)
	if locked > now.UnixMilli() {
		r.Locked = store.Time(locked)
	}
	if r.passwordAt > 0 {
		r.PasswordUntil = store.Time(r.passwordAt).AddDate(0, 0, rules.Days)
	}
	return nil
}

// find finds an account by name or id.
func (a *Accounts) find(ctx context.Context, q queries, name string) (r record, err error) {
	if !printable(name, maxName) {
		return r, problem.New(problem.Unknown, "there is no such account")
	}
	rules, err := readRules(ctx, q)
	if err != nil {
		return r, err
	}
	err = r.scan(q.QueryRowContext(ctx, selectAccounts+`WHERE a.name = $1 OR a.id = $1`, name), rules.Rules, a.Now())
	return r, asProblem(err, "there is no account %q", name)
}

// insert writes a new account.
func (r *record) insert(ctx context.Context, q queries) error {
	done, err := q.ExecContext(ctx, `INSERT INTO accounts (id, name, person, duty, state, timezone, language, code, password,
		password_at, totp, totp_next, totp_step, approver_key, created, created_by, granted_by, redeemed, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1) ON CONFLICT (name) DO NOTHING`,
		r.ID, r.Name, r.Person, r.Duty, r.State, r.TimeZone, r.Language, r.code, r.password,
		r.passwordAt, filled(r.totp), filled(r.totpNext), r.totpStep, r.ApproverKey, millis(r.Created), r.CreatedBy, r.GrantedBy, millis(r.Redeemed))
	return one(done, err, problem.New(problem.Conflict, "there is an account %q already; names are not used twice, even of disabled accounts", r.Name))
}

// update changes an account of the revision that it was read with.
func (r *record) update(ctx context.Context, q queries) error {
	done, err := q.ExecContext(ctx, `UPDATE accounts SET name = $1, person = $2, duty = $3, state = $4, timezone = $5, language = $6,
		code = $7, password = $8, password_at = $9, totp = $10, totp_next = $11, totp_step = $12, approver_key = $13,
		granted_by = $14, redeemed = $15, revision = revision + 1 WHERE id = $16 AND revision = $17`,
		r.Name, r.Person, r.Duty, r.State, r.TimeZone, r.Language,
		r.code, r.password, r.passwordAt, filled(r.totp), filled(r.totpNext), r.totpStep, r.ApproverKey,
		r.GrantedBy, millis(r.Redeemed), r.ID, r.Revision)
	if err := one(done, err, problem.New(problem.Stale, "the account was changed meanwhile: read it again")); err != nil {
		return err
	}
	r.Revision++
	return nil
}

// one demands that a statement changed a row.
func one(done sql.Result, err error, otherwise *problem.Error) error {
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// filled is b, and never NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// printable tells whether s is text of at most so many characters, without control
// characters (of which PostgreSQL refuses one, and a terminal obeys some).
func printable(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// collect reads rows, each by scan.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		list = append(list, v)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// oneText reads a row of one text.
func oneText(rows *sql.Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}
