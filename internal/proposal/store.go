// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/store"
)

// querier is the database, or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const columns = `id, kind, title, payload, difference, digest, proposer, proposer_name, duty, reason,
	created, expires, due, state, votes, result, changed, revision, about, outcome`

func (s *Proposals) insert(ctx context.Context, p Proposal) error {
	votes, err := json.Marshal(p.Votes)
	if err != nil {
		return err
	}
	about, err := encoded(p.About)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO proposals (`+columns+`, first_try, next_try)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, '', 0, 0)`,
			p.ID, p.Kind, p.Title, string(p.Payload), p.Difference, p.Digest, p.Proposer, p.ProposerName, string(p.Duty), p.Reason,
			p.Created.UnixMilli(), p.Expires.UnixMilli(), millis(p.Due), string(p.State), string(votes), p.Result, p.Changed.UnixMilli(), p.Revision, about)
		return err
	})
}

// update keeps what may change of a proposal, which is of the next revision then.
func (s *Proposals) update(ctx context.Context, q querier, p Proposal) error {
	votes, err := json.Marshal(p.Votes)
	if err != nil {
		return err
	}
	outcome, err := encoded(p.Outcome)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE proposals SET state = $2, votes = $3, result = $4, changed = $5, outcome = $6, revision = revision + 1 WHERE id = $1`,
		p.ID, string(p.State), string(votes), p.Result, p.Changed.UnixMilli(), outcome)
	return err
}

func (s *Proposals) read(ctx context.Context, q querier, id string) (Proposal, error) {
	list, err := s.query(ctx, q, `SELECT `+columns+` FROM proposals WHERE id = $1`, id)
	if err != nil {
		return Proposal{}, err
	}
	if len(list) == 0 {
		return Proposal{}, errNone
	}
	return list[0], nil
}

func (s *Proposals) query(ctx context.Context, q querier, text string, args ...any) ([]Proposal, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read proposals: %w", err)
	}
	defer rows.Close()
	var list []Proposal
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read a proposal: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func scan(rows *sql.Rows) (Proposal, error) {
	var p Proposal
	var payload, duty, state, votes, about, outcome string
	var created, expires, due, changed int64
	err := rows.Scan(&p.ID, &p.Kind, &p.Title, &payload, &p.Difference, &p.Digest, &p.Proposer, &p.ProposerName, &duty, &p.Reason,
		&created, &expires, &due, &state, &votes, &p.Result, &changed, &p.Revision, &about, &outcome)
	if err != nil {
		return p, err
	}
	if payload != "" {
		p.Payload = json.RawMessage(payload)
	}
	p.Duty, p.State = account.Duty(duty), State(state)
	p.Created, p.Expires, p.Changed = time.UnixMilli(created), time.UnixMilli(expires), time.UnixMilli(changed)
	if due != 0 {
		p.Due = time.UnixMilli(due)
	}
	if p.About, err = decoded[About](about); err != nil {
		return p, err
	}
	if p.Outcome, err = decoded[Outcome](outcome); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(votes), &p.Votes)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Filter chooses proposals; its zero value is all.
type Filter struct {
	State    State
	Kind     string
	Duty     account.Duty
	UnderWay bool // none that has ended
}

// Limits of a list.
const (
	DefaultList = 50
	MaxList     = 500
)

// List gives proposals without payload, difference and signatures, the latest first.
// next is where to go on, "" at the end.
func (s *Proposals) List(ctx context.Context, f Filter, after string, limit int) (list []Proposal, next string, err error) {
	if limit <= 0 || limit > MaxList {
		limit = DefaultList
	}
	behind, err := store.ParsePlace(after)
	if err != nil {
		return nil, "", err
	}
	list, err = s.query(ctx, s.db, `SELECT id, kind, title, '', '', digest, proposer, proposer_name, duty, reason,
			created, expires, due, state, votes, result, changed, revision, about, outcome
		FROM proposals
		WHERE (created < $1 OR created = $1 AND id < $2) AND ($3 = '' OR state = $3) AND ($4 = '' OR kind = $4) AND ($5 = '' OR duty = $5)
			AND ($6 = 0 OR state IN ('open', 'approved', 'doing'))
		ORDER BY created DESC, id DESC LIMIT $7`,
		behind.Milli, behind.ID, string(f.State), f.Kind, string(f.Duty), flag(f.UnderWay), limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = store.PlaceOf(list[limit-1].Created, list[limit-1].ID).String()
	}
	for i := range list {
		for j := range list[i].Votes {
			list[i].Votes[j].Signatures = nil
		}
	}
	return list, next, nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
