// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"encoding/base64"
	"strings"

	"dukou.dev/dukou/internal/problem"
)

// Filter chooses accounts of a list. What is empty chooses all.
type Filter struct {
	Duty  Duty
	State State
	After string // the next of the list before
	Limit int
}

// List are accounts by name, and where the list goes on, if it does.
func (a *Accounts) List(ctx context.Context, f Filter) (list []Account, next string, err error) {
	if f.Limit <= 0 || f.Limit > maxList {
		f.Limit = maxList
	}
	after, err := base64.RawURLEncoding.DecodeString(f.After)
	if err != nil || !printable(string(after), maxName) {
		return nil, "", problem.New(problem.Malformed, "after is what an earlier answer told as next")
	}
	set, err := readRules(ctx, a.db)
	if err != nil {
		return nil, "", err
	}
	where, args := []string{"a.name > $1"}, []any{string(after)}
	if f.Duty != "" {
		where, args = append(where, "a.duty = $2"), append(args, f.Duty)
	}
	if f.State != "" && f.Duty != "" {
		where, args = append(where, "a.state = $3"), append(args, f.State)
	} else if f.State != "" {
		where, args = append(where, "a.state = $2"), append(args, f.State)
	}
	rows, err := a.db.QueryContext(ctx, selectAccounts+"WHERE "+strings.Join(where, " AND ")+" ORDER BY a.name", args...) //nolint:gosec // constants, chosen
	list, err = collect(rows, err, func(rows *sql.Rows) (Account, error) {
		var r record
		err := r.scan(rows, set.Rules, a.Now())
		return r.Account, err
	})
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(list[f.Limit-1].Name))
	}
	return list, next, err
}

// Get is one account, by name or id.
func (a *Accounts) Get(ctx context.Context, name string) (Account, error) {
	r, err := a.find(ctx, a.db, name)
	return r.Account, err
}

// Holders are the ids of the accounts that have a duty and can be signed in to.
func (a *Accounts) Holders(ctx context.Context, duty Duty) ([]string, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT id FROM accounts WHERE duty = $1 AND state = $2 ORDER BY name`, duty, Active)
	return collect(rows, err, oneText)
}

// ApproverKey is the Ed25519 public key (hex) with which an account signs bundles; empty
// when it has none, or is no active security administrator any more.
func (a *Accounts) ApproverKey(ctx context.Context, account string) (string, error) {
	r, err := a.find(ctx, a.db, account)
	if err != nil || r.State != Active || r.Duty != Security {
		return "", err
	}
	return r.ApproverKey, nil
}
