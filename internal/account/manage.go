// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // a confined center has no files of time zones

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

const (
	maxName     = 64  // characters of a name as it is typed
	maxPerson   = 64  // characters
	maxAccounts = 500 // of an installation, disabled ones included
	maxList     = 500
)

// ValidName refuses what is no name of an account: letters, digits, dots, dashes and
// underscores, from 2 to 32, a letter first, and not the form of an id.
func ValidName(name string) error {
	form := regexp.MustCompile(`^[a-z][a-z0-9._-]{1,31}$`)
	id := regexp.MustCompile(`^[0-9a-f]{32}$`)
	if form.MatchString(name) && !id.MatchString(name) {
		return nil
	}
	p := problem.New(problem.Invalid, "a name has from 2 to 32 of a-z, 0-9, dot, dash and underscore, and begins with a letter")
	p.Fields = []problem.Field{problem.Like("zhang.wei", "as zhang.wei").At("name")}
	return p
}

func fitPerson(person string) error {
	if person != "" && strings.TrimSpace(person) == person && printable(person, maxPerson) {
		return nil
	}
	p := problem.New(problem.Invalid, "the person whose account it is has a name of at most %d characters", maxPerson)
	p.Fields = []problem.Field{problem.Like("张伟", "as 张伟").At("person")}
	return p
}

// Create makes an account without a duty, by system. The code is for the person: with
// it and the link that security gets when it grants a duty, they take the account over.
func (a *Accounts) Create(ctx context.Context, who Caller, name, person string) (made Account, code string, err error) {
	if err := ValidName(name); err != nil {
		return made, "", err
	}
	if err := fitPerson(person); err != nil {
		return made, "", err
	}
	code = newCode()
	r := record{Account: Account{
		ID: store.NewID(), Name: name, Person: person, State: Invited, Created: a.Now(), CreatedBy: who.Name, Revision: 1,
	}, code: codeDigest(code)}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
			return err
		}
		if n >= maxAccounts {
			return problem.New(problem.Conflict, "an installation has at most %d accounts", maxAccounts)
		}
		if err := a.notOneself(ctx, tx, who, &r); err != nil {
			return err
		}
		return r.insert(ctx, tx)
	})
	if err != nil {
		return Account{}, "", err
	}
	a.tell("accounts", r.ID)
	return r.Account, code, nil
}

// notOneself refuses what an administrator would do for an account of their own.
func (a *Accounts) notOneself(ctx context.Context, tx *sql.Tx, who Caller, r *record) error {
	own, err := a.find(ctx, tx, who.Account)
	if err != nil {
		return err
	}
	if own.ID == r.ID || strings.EqualFold(own.Person, r.Person) {
		return problem.New(problem.OwnProposal, "nobody makes an account for themselves, nor grants a duty to themselves: have another administrator do it")
	}
	return nil
}

// NewCode makes another code for an account that nobody has taken over, by system.
func (a *Accounts) NewCode(ctx context.Context, who Caller, name string) (made Account, code string, err error) {
	code = newCode()
	r, err := a.edit(ctx, name, func(tx *sql.Tx, r *record) error {
		if r.State != Invited {
			return problem.New(problem.Conflict, "%s is %s: a code is for an account that nobody has taken over", r.Name, r.State)
		}
		r.code = codeDigest(code)
		return a.notOneself(ctx, tx, who, r)
	})
	if err != nil {
		return made, "", err
	}
	return r.Account, code, nil
}

// Rename changes an account's name or person, of the revision that was read.
func (a *Accounts) Rename(ctx context.Context, account, name, person string, revision int64) (Account, error) {
	if err := ValidName(name); err != nil {
		return Account{}, err
	}
	if err := fitPerson(person); err != nil {
		return Account{}, err
	}
	r, err := a.edit(ctx, account, func(tx *sql.Tx, r *record) error {
		if r.Revision != revision {
			return problem.New(problem.Stale, "the account was changed meanwhile: read it again")
		}
		if r.State == Disabled {
			return problem.New(problem.Conflict, "%s is disabled, and stays in the records as it is", r.Name)
		}
		var other int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE name = $1 AND id <> $2`, name, r.ID).Scan(&other); err != nil {
			return err
		}
		if other > 0 {
			return problem.New(problem.Conflict, "there is an account %q already", name)
		}
		r.Name, r.Person = name, person
		return nil
	})
	return r.Account, err
}

// Disable ends an account for good, with its sessions, tokens and links.
func (a *Accounts) Disable(ctx context.Context, who Caller, name string) (Account, error) {
	r, err := a.edit(ctx, name, func(tx *sql.Tx, r *record) error {
		if r.ID == who.Account {
			return problem.New(problem.OwnProposal, "nobody disables their own account: another system administrator does")
		}
		return a.disable(ctx, tx, r)
	})
	return r.Account, err
}

// disable ends an account within a change of it.
func (a *Accounts) disable(ctx context.Context, tx *sql.Tx, r *record) error {
	r.State, r.code, r.password, r.totp, r.totpNext, r.ApproverKey = Disabled, "", "", nil, nil, ""
	for _, statement := range []string{
		`DELETE FROM account_sessions WHERE account = $1`, `DELETE FROM account_tokens WHERE account = $1`,
		`DELETE FROM account_passkeys WHERE account = $1`, `DELETE FROM account_passwords WHERE account = $1`,
		`DELETE FROM account_links WHERE account = $1 AND redeemed = 0`,
	} {
		if _, err := tx.ExecContext(ctx, statement, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// Grant gives an account its duty, by security, and makes the link by which its person
// takes it over. A duty does not change once it was.
func (a *Accounts) Grant(ctx context.Context, who Caller, name string, duty Duty) (l Link, err error) {
	if !duty.Valid() {
		return l, problem.New(problem.Invalid, "a duty is system, security or audit")
	}
	r, err := a.edit(ctx, name, func(tx *sql.Tx, r *record) error {
		if err := a.notOneself(ctx, tx, who, r); err != nil {
			return err
		}
		if r.State != Invited {
			return problem.New(problem.Conflict, "%s is %s with the duty %q, which does not change: disable it and create another", r.Name, r.State, r.Duty)
		}
		r.Duty, r.GrantedBy = duty, who.Name
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_links WHERE account = $1`, r.ID); err != nil {
			return err
		}
		l = Link{Purpose: purposeGrant, Duty: duty}
		return a.putLink(ctx, tx, &l, r.ID, "")
	})
	l.Account = r.Name
	return l, err
}

// edit changes an account.
func (a *Accounts) edit(ctx context.Context, name string, fn func(*sql.Tx, *record) error) (r record, err error) {
	err = a.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if r, err = a.find(ctx, tx, name); err != nil {
			return err
		}
		if err := fn(tx, &r); err != nil {
			return err
		}
		return r.update(ctx, tx)
	})
	if err != nil {
		return record{}, err
	}
	a.tell("accounts", r.ID)
	return r, nil
}

// change is edit where nothing is shown of it.
func (a *Accounts) change(ctx context.Context, id string, fn func(*sql.Tx, *record) error) error {
	_, err := a.edit(ctx, id, fn)
	return err
}

// Preferences are how an administrator wants to be shown things.
func (a *Accounts) Preferences(ctx context.Context, who Caller, zone, language string) (Account, error) {
	if _, err := time.LoadLocation(zone); err != nil || len(zone) > maxName {
		return Account{}, problem.New(problem.Invalid, "a time zone is named as Asia/Shanghai or UTC")
	}
	r, err := a.edit(ctx, who.Account, func(_ *sql.Tx, r *record) error {
		r.TimeZone, r.Language = zone, language
		return nil
	})
	return r.Account, err
}
