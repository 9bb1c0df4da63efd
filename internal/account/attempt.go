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

// perAddress is how many times as many failures an address may make as an account:
// several administrators may come from one.
const perAddress = 4

// attempt is one try to sign in, counted as a failure before it is looked at, so that
// many at once are not more than one after another.
type attempt struct {
	account string // the subject of the account or of the name that was typed
	address string // the subject of the address, or empty
	locks   bool   // if it fails the account is locked
}

// begin counts an attempt, or refuses it when there were too many. A name that nobody
// has is counted alike: whether it is locked tells nothing.
func (a *Accounts) begin(ctx context.Context, who record, typed, address string) (t attempt, err error) {
	t.account = "account:" + who.ID
	if who.ID == "" {
		t.account = "name:" + digest(strings.ToLower(typed))
	}
	if address != "" && address != localAddress {
		t.address = "address:" + address
	}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		rules, err := readRules(ctx, tx)
		if err != nil {
			return err
		}
		now, lock := a.Now(), time.Duration(rules.LockMinutes)*time.Minute
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_failures WHERE last < $1 AND until < $2`, now.Add(-lock).UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		if t.locks, err = count(ctx, tx, t.account, rules.Failures, now, lock); err != nil || t.address == "" {
			return err
		}
		_, err = count(ctx, tx, t.address, rules.Failures*perAddress, now, lock)
		return err
	})
	return t, err
}

// localAddress is the address of callers on the center's own host, who share it.
const localAddress = "local"

// count adds an attempt of a subject and locks it with the last one.
func count(ctx context.Context, tx *sql.Tx, subject string, most int, now time.Time, lock time.Duration) (last bool, err error) {
	var n, until int64
	err = tx.QueryRowContext(ctx, `SELECT count, until FROM account_failures WHERE subject = $1`, subject).Scan(&n, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if until > now.UnixMilli() {
		locked := problem.New(problem.Locked, "too many attempts failed: locked until %s", store.Time(until).Format(time.RFC3339))
		locked.Until = store.Time(until)
		return false, locked
	}
	if n >= int64(most) { // it was locked, and no more
		n = 0
	}
	n, until = n+1, 0
	if n >= int64(most) {
		until = now.Add(lock).UnixMilli()
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO account_failures (subject, count, last, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject) DO UPDATE SET count = $2, last = $3, until = $4`, subject, n, now.UnixMilli(), until)
	return until > 0, err
}

// passed takes back the count of an attempt that was right. When all is shown that
// signing in wants, the account's earlier failures are forgotten, too.
func passed(ctx context.Context, tx *sql.Tx, t attempt, all bool) error {
	statement := `UPDATE account_failures SET count = count - 1, until = 0 WHERE subject = $1`
	if all {
		statement = `DELETE FROM account_failures WHERE subject = $1`
	}
	if _, err := tx.ExecContext(ctx, statement, t.account); err != nil || t.address == "" {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE account_failures SET count = count - 1, until = 0 WHERE subject = $1`, t.address)
	return err
}

// refund takes back the count of an attempt that was right, or that was not looked at
// for reasons of ours, and gives back why.
func (a *Accounts) refund(ctx context.Context, t attempt, why error) error {
	return errors.Join(why, a.db.Tx(context.WithoutCancel(ctx), func(tx *sql.Tx) error { return passed(context.WithoutCancel(ctx), tx, t, false) }))
}

// failed is what whoever failed is told, whatever was wrong.
func (a *Accounts) failed(t attempt, who record) error {
	if t.locks && who.ID != "" {
		a.note("lock-account", who.Name, "too-many")
		a.tell("accounts", who.ID)
	}
	return problem.New(problem.Credentials, "name, password or second factor is not right")
}

// Unlock lets an account be signed in to again before its time. It gives no rights.
func (a *Accounts) Unlock(ctx context.Context, name string) (Account, error) {
	var r record
	err := a.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if r, err = a.find(ctx, tx, name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM account_failures WHERE subject = $1`, "account:"+r.ID)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	r.Locked = time.Time{}
	a.tell("accounts", r.ID)
	return r.Account, nil
}
