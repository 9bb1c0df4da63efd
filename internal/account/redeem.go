// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/subtle"
	"database/sql"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Redeem is what a person answers to a link.
type Redeem struct {
	Token    string
	Code     string // where the link wants one
	Name     string // where there is no account yet
	Person   string // likewise
	Password string
}

// Redeem takes a link's account over: the password is looked at, and an authenticator's
// secret made. Nothing is in force until [Accounts.ConfirmLink] has seen a right code of it.
func (a *Accounts) Redeem(ctx context.Context, in Redeem) (e Enrolment, err error) {
	p, err := a.linkOf(ctx, a.db, in.Token)
	if err != nil {
		return e, err
	}
	if err := a.rightCode(ctx, p, in.Code); err != nil {
		return e, err
	}
	if p.account == "" {
		p.name, p.person = in.Name, in.Person
	}
	if err := a.fitsNew(ctx, p, in.Password); err != nil {
		return e, err
	}
	if p.password, err = a.hasher.hash(ctx, in.Password); err != nil {
		return e, err
	}
	if e, p.totp, err = a.enrol(p.name, p.id); err != nil {
		return e, err
	}
	name, person := p.name, p.person
	if p.account != "" {
		name, person = "", "" // they are the account's
	}
	done, err := a.db.ExecContext(ctx, `UPDATE account_links SET name = $1, person = $2, password = $3, totp = $4 WHERE id = $5 AND redeemed = 0`,
		name, person, p.password, p.totp, p.id)
	return e, one(done, err, problem.New(problem.Unknown, "this link has been used meanwhile"))
}

// rightCode looks at the code of who did not give the link. A link does not stand many
// wrong ones.
func (a *Accounts) rightCode(ctx context.Context, p pending, code string) error {
	if p.code == "" {
		return nil
	}
	if subtle.ConstantTimeCompare([]byte(p.code), []byte(codeDigest(code))) == 1 {
		return nil
	}
	return a.failLink(ctx, p, "the code is not right: the administrator who created the account, or asked to recover the duty, has it")
}

func (a *Accounts) failLink(ctx context.Context, p pending, what string) error {
	if _, err := a.db.ExecContext(ctx, `UPDATE account_links SET failures = failures + 1 WHERE id = $1`, p.id); err != nil {
		return err
	}
	return problem.New(problem.Credentials, "%s; after %d wrong ones the link is of no use", what, linkFailures)
}

// fitsNew looks at name, person and password of an account that is taken over.
func (a *Accounts) fitsNew(ctx context.Context, p pending, password string) error {
	if p.account == "" {
		if err := ValidName(p.name); err != nil {
			return err
		}
		if err := fitPerson(p.person); err != nil {
			return err
		}
		if _, err := a.find(ctx, a.db, p.name); problem.CodeOf(err) != problem.Unknown {
			return problem.New(problem.Conflict, "there is an account %q already", p.name)
		}
	}
	rules, err := a.Rules(ctx)
	if err != nil {
		return err
	}
	return rules.fits(password, p.name)
}

// ConfirmLink puts an account that was redeemed in force, once its authenticator shows a
// right code.
func (a *Accounts) ConfirmLink(ctx context.Context, token, code string) (Account, error) {
	p, err := a.linkOf(ctx, a.db, token)
	if err != nil {
		return Account{}, err
	}
	if p.password == "" {
		return Account{}, problem.New(problem.Conflict, "redeem the link first, with a password")
	}
	step, err := a.stepOf(p.totp, p.id, code, 0)
	if problem.CodeOf(err) == problem.Credentials {
		return Account{}, a.failLink(ctx, p, "the authenticator's code is not right: is this device's clock?")
	}
	if err != nil {
		return Account{}, err
	}
	var r record
	err = a.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		r, err = a.takeOver(ctx, tx, p, step)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	a.tell("accounts", r.ID)
	return r.Account, nil
}

// takeOver makes a link's account active.
func (a *Accounts) takeOver(ctx context.Context, tx *sql.Tx, p pending, step int64) (r record, err error) {
	now := a.Now()
	// What was looked at is what is put in force: another redeeming meanwhile has another password.
	done, err := tx.ExecContext(ctx, `UPDATE account_links SET redeemed = $1 WHERE id = $2 AND redeemed = 0 AND password = $3`, millis(now), p.id, p.password)
	if err := one(done, err, problem.New(problem.Stale, "this link was redeemed anew meanwhile")); err != nil {
		return r, err
	}
	if r, err = a.redeemed(ctx, tx, p); err != nil {
		return r, err
	}
	secret, err := a.sealer.Open(nil, p.totp, []byte(p.id))
	if err != nil {
		return r, err
	}
	r.State, r.code, r.password, r.passwordAt = Active, "", p.password, millis(now)
	r.totp, r.totpStep, r.Redeemed = a.sealer.Seal(nil, secret, []byte(r.ID)), step, now
	if p.account == "" {
		err = r.insert(ctx, tx)
	} else {
		err = r.update(ctx, tx)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO account_passwords (account, at, hash) VALUES ($1, $2, $3)`, r.ID, r.passwordAt, r.password)
	}
	if err == nil && p.Purpose == purposeRecover {
		err = a.recovered(ctx, tx, p)
	}
	if err != nil {
		return r, err
	}
	return a.find(ctx, tx, r.ID)
}

// redeemed is the account of a link: an invited one, or a new one.
func (a *Accounts) redeemed(ctx context.Context, tx *sql.Tx, p pending) (r record, err error) {
	if p.account == "" {
		r.Account = Account{ID: store.NewID(), Name: p.name, Person: p.person, Duty: p.Duty, Created: a.Now(), CreatedBy: p.Purpose + " link", GrantedBy: p.Purpose + " link", Revision: 1}
		return r, nil
	}
	if r, err = a.find(ctx, tx, p.account); err != nil {
		return r, err
	}
	if r.State != Invited || r.Duty != p.Duty {
		return r, errLink()
	}
	return r, nil
}
