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

// What links are for.
const (
	purposeFirst   = "first"   // the first account of a duty
	purposeGrant   = "grant"   // an account that system has created and security has granted
	purposeRecover = "recover" // a duty that has lost its accounts
)

const (
	linkFor      = 24 * time.Hour
	linkFailures = 10 // wrong codes, after which a link is of no use
	linkPath     = "/#/link/"
)

// pending is a link with what nobody is shown, and what waits for its first right code.
type pending struct {
	Link
	id       string
	account  string // id
	code     string
	failures int64
	name     string
	person   string
	password string
	totp     []byte
	redeemed int64
}

// putLink makes a link's token and keeps it. What browsers show after # they send to
// nobody, so that no log on the way has the token.
func (a *Accounts) putLink(ctx context.Context, tx *sql.Tx, l *Link, account, code string) error {
	now := a.Now()
	l.Token, l.Expires = newSecret(linkPrefix), now.Add(linkFor)
	l.Path = linkPath + l.Token
	_, err := tx.ExecContext(ctx, `INSERT INTO account_links (id, purpose, duty, account, code, created, expires, failures, name, person, password, totp, redeemed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '', '', $8, 0)`,
		digest(l.Token), l.Purpose, l.Duty, account, code, millis(now), millis(l.Expires), []byte{})
	return err
}

// FirstLinks makes a link for each duty in an installation that has neither accounts
// nor links, and none in any other. Whoever holds the host's console hands them out.
func (a *Accounts) FirstLinks(ctx context.Context) (links []Link, err error) {
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		links = nil
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM account_links)`).Scan(&n); err != nil || n > 0 {
			return err
		}
		for _, d := range Duties() {
			l := Link{Purpose: purposeFirst, Duty: d}
			if err := a.putLink(ctx, tx, &l, "", ""); err != nil {
				return err
			}
			links = append(links, l)
		}
		return nil
	})
	return links, err
}

// FirstLink makes a duty's first link anew, on the host. The one before is of no use
// any more.
func (a *Accounts) FirstLink(ctx context.Context, duty Duty) (l Link, err error) {
	if !duty.Valid() {
		return l, problem.New(problem.Invalid, "a duty is system, security or audit")
	}
	err = a.db.Tx(ctx, func(tx *sql.Tx) error {
		var had int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE duty = $1 AND redeemed > 0`, duty).Scan(&had); err != nil {
			return err
		}
		if had > 0 {
			return problem.New(problem.Conflict, "%s has been taken over. If it has lost its accounts, the two others give it another one: "+
				"one calls account recover %s, the other account recover-confirm %s", duty, duty, duty)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM account_links WHERE purpose = $1 AND duty = $2`, purposeFirst, duty); err != nil {
			return err
		}
		l = Link{Purpose: purposeFirst, Duty: duty}
		return a.putLink(ctx, tx, &l, "", "")
	})
	return l, err
}

// errLink is that a token is no link's any more, or never was.
func errLink() error {
	return problem.New(problem.Unknown, "this link has expired, has been used, or was made anew: ask who gave it to you for another")
}

// linkOf finds the link of a token.
func (a *Accounts) linkOf(ctx context.Context, q queries, token string) (p pending, err error) {
	if !strings.HasPrefix(token, linkPrefix) || len(token) > 200 {
		return p, errLink()
	}
	var expires int64
	p.id = digest(token)
	err = q.QueryRowContext(ctx, `SELECT l.purpose, l.duty, l.account, CASE WHEN l.account = '' THEN l.code ELSE COALESCE(a.code, '') END,
		l.expires, l.failures, CASE WHEN l.account = '' THEN l.name ELSE COALESCE(a.name, '') END,
		CASE WHEN l.account = '' THEN l.person ELSE COALESCE(a.person, '') END, l.password, l.totp, l.redeemed
		FROM account_links l LEFT JOIN accounts a ON a.id = l.account WHERE l.id = $1`, p.id).
		Scan(&p.Purpose, &p.Duty, &p.account, &p.code, &expires, &p.failures, &p.name, &p.person, &p.password, &p.totp, &p.redeemed)
	p.Expires = store.Time(expires)
	if p.account != "" {
		p.Account = p.name
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && (p.redeemed > 0 || a.Now().After(p.Expires) || p.failures >= linkFailures) {
		return p, errLink()
	}
	return p, err
}

// LinkState is what whoever holds a link is told of it.
type LinkState struct {
	Link
	Person    string // whose account it is; empty for a new one
	WantsCode bool   // the code, too, that the other of the two administrators has
	WantsName bool   // there is no account yet
}

// LookAtLink tells what a link is for.
func (a *Accounts) LookAtLink(ctx context.Context, token string) (LinkState, error) {
	p, err := a.linkOf(ctx, a.db, token)
	if err != nil {
		return LinkState{}, err
	}
	s := LinkState{Link: p.Link, WantsCode: p.code != "", WantsName: p.account == ""}
	if p.account != "" {
		s.Person = p.person
	}
	return s, nil
}
