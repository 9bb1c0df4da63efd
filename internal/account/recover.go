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

const maxReason = 500 // characters

// recovery is a Recovery with what nobody is shown.
type recovery struct {
	Recovery
	askedBy string // id
	code    string
	link    string // id
}

// AskRecovery asks, by one of the two other duties, that a duty get a new account. The
// code is for the person who shall have it.
func (a *Accounts) AskRecovery(ctx context.Context, who Caller, duty Duty, reason string) (r Recovery, code string, err error) {
	if !duty.Valid() || who.Duty == duty {
		return r, "", problem.New(problem.DutyWrong, "a duty is recovered by the two others")
	}
	if strings.TrimSpace(reason) == "" || !printable(reason, maxReason) {
		return r, "", problem.New(problem.Invalid, "say why, in at most %d characters: the other one and the records want to know", maxReason)
	}
	now := a.Now()
	code = newCode()
	r = Recovery{Duty: duty, AskedBy: who.Name, AskedDuty: who.Duty, Reason: reason, Created: now, Expires: now.Add(linkFor)}
	err = a.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if err := a.mayRecover(ctx, tx, duty); err != nil {
			return err
		}
		if r.Ends, err = enders(ctx, tx, duty); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_recoveries WHERE duty = $1 AND expires < $2`, duty, millis(now)); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO account_recoveries (duty, asked_by, asked_duty, reason, code, created, expires, confirmed, link)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', '') ON CONFLICT (duty) DO NOTHING`,
			duty, who.Account, who.Duty, reason, codeDigest(code), millis(r.Created), millis(r.Expires))
		return one(done, err, problem.New(problem.Conflict, "the recovery of %s has been asked for already: confirm or withdraw it", duty))
	})
	if err != nil {
		return Recovery{}, "", err
	}
	a.tell("recoveries", string(duty))
	return r, code, nil
}

// mayRecover refuses for a duty that nobody has had, and for one whose holder is there.
func (a *Accounts) mayRecover(ctx context.Context, tx *sql.Tx, duty Duty) error {
	var had int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE duty = $1 AND redeemed > 0`, duty).Scan(&had); err != nil {
		return err
	}
	if had == 0 {
		return problem.New(problem.Conflict, "%s has not been taken over yet: its first link is printed again on the host, by account link %s", duty, duty)
	}
	rules, err := readRules(ctx, tx)
	if err != nil {
		return err
	}
	now := a.Now()
	var there string
	err = tx.QueryRowContext(ctx, `SELECT a.name FROM account_sessions s JOIN accounts a ON a.id = s.account
		WHERE a.duty = $1 AND s.state = $2 AND s.used > $3 AND s.expires > $4 ORDER BY a.name LIMIT 1`,
		duty, full, now.Add(-time.Duration(rules.IdleMinutes)*time.Minute).UnixMilli(), now.UnixMilli()).Scan(&there)
	if err == nil {
		return problem.New(problem.Conflict, "%s of %s is signed in at this moment: the duty is not lost", there, duty)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// enders are the accounts of a duty that its recovery disables.
func enders(ctx context.Context, q queries, duty Duty) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT name FROM accounts WHERE duty = $1 AND state <> $2 ORDER BY name`, duty, Disabled)
	return collect(rows, err, oneText)
}

func (r *recovery) scan(row store.Row) error {
	var created, expires int64
	err := row.Scan(&r.Duty, &r.askedBy, &r.AskedBy, &r.AskedDuty, &r.Reason, &r.code, &created, &expires, &r.Confirmed, &r.link)
	r.Created, r.Expires = store.Time(created), store.Time(expires)
	return err
}

const selectRecoveries = `SELECT r.duty, r.asked_by, COALESCE(a.name, ''), r.asked_duty, r.reason, r.code, r.created, r.expires, r.confirmed, r.link
	FROM account_recoveries r LEFT JOIN accounts a ON a.id = r.asked_by WHERE r.expires > $1 `

// Recoveries are those asked for, whether confirmed or not.
func (a *Accounts) Recoveries(ctx context.Context) ([]Recovery, error) {
	rows, err := a.db.QueryContext(ctx, selectRecoveries+`ORDER BY r.duty`, millis(a.Now()))
	list, err := collect(rows, err, func(rows *sql.Rows) (Recovery, error) {
		var r recovery
		err := r.scan(rows)
		return r.Recovery, err
	})
	for i := range list {
		if err == nil {
			list[i].Ends, err = enders(ctx, a.db, list[i].Duty)
		}
	}
	return list, err
}

// ConfirmRecovery agrees, by the third duty, and makes the link of the new account.
func (a *Accounts) ConfirmRecovery(ctx context.Context, who Caller, duty Duty) (l Link, err error) {
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		var r recovery
		err := r.scan(tx.QueryRowContext(ctx, selectRecoveries+`AND r.duty = $2`, millis(a.Now()), duty))
		if err != nil {
			return asProblem(err, "nobody has asked to recover this duty")
		}
		switch {
		case who.Duty == duty:
			return problem.New(problem.DutyWrong, "a duty is recovered by the two others")
		case who.Account == r.askedBy || who.Duty == r.AskedDuty:
			return problem.New(problem.OwnProposal, "%s has asked, so that the third duty confirms", r.AskedDuty)
		case r.Confirmed != "":
			return problem.New(problem.Conflict, "%s has confirmed it already; if the link is lost, withdraw it and ask again", r.Confirmed)
		}
		if err := a.mayRecover(ctx, tx, duty); err != nil {
			return err
		}
		l = Link{Purpose: purposeRecover, Duty: duty}
		if err := a.putLink(ctx, tx, &l, "", r.code); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE account_recoveries SET confirmed = $1, link = $2, expires = $3 WHERE duty = $4`,
			who.Name, digest(l.Token), millis(l.Expires), duty)
		return err
	})
	if err == nil {
		a.tell("recoveries", string(duty))
	}
	return l, err
}

// WithdrawRecovery ends a recovery whose link nobody has redeemed. Any administrator
// may: above all one whose duty is not lost.
func (a *Accounts) WithdrawRecovery(ctx context.Context, duty Duty) error {
	err := a.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_links WHERE redeemed = 0 AND id IN (SELECT link FROM account_recoveries WHERE duty = $1)`, duty); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM account_recoveries WHERE duty = $1`, duty)
		return one(done, err, problem.New(problem.Unknown, "nobody has asked to recover this duty"))
	})
	if err == nil {
		a.tell("recoveries", string(duty))
	}
	return err
}

// recovered ends a recovery whose link was redeemed, and the accounts that were lost.
func (a *Accounts) recovered(ctx context.Context, tx *sql.Tx, p pending) error {
	names, err := enders(ctx, tx, p.Duty)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == p.name {
			continue
		}
		r, err := a.find(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := a.disable(ctx, tx, &r); err != nil {
			return err
		}
		if err := r.update(ctx, tx); err != nil {
			return err
		}
	}
	done, err := tx.ExecContext(ctx, `DELETE FROM account_recoveries WHERE duty = $1 AND link = $2`, p.Duty, p.id)
	return one(done, err, problem.New(problem.Unknown, "the recovery was withdrawn meanwhile"))
}
