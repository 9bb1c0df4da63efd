// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/store"
)

func rules(ctx context.Context, db *store.DB) (map[audit.Class]Rule, error) {
	rows, err := db.QueryContext(ctx, `SELECT class, days, reason, proposal, changed FROM retention_rules`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[audit.Class]Rule{}
	for rows.Next() {
		var r Rule
		var changed int64
		if err := rows.Scan(&r.Class, &r.Days, &r.Reason, &r.Proposal, &changed); err != nil {
			return nil, err
		}
		r.Changed = time.UnixMilli(changed).UTC()
		all[r.Class] = r
	}
	return all, rows.Err()
}

// putRule puts a rule in force, unless its proposal has done so already: another may
// have come since.
func putRule(ctx context.Context, tx *sql.Tx, r Rule) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO retention_rules (class, days, reason, proposal, changed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (class) DO UPDATE SET days = excluded.days, reason = excluded.reason, proposal = excluded.proposal, changed = excluded.changed
		WHERE retention_rules.proposal <> excluded.proposal`,
		string(r.Class), r.Days, r.Reason, r.Proposal, r.Changed.UnixMilli())
	return err
}

func windows(ctx context.Context, db *store.DB) ([]Window, error) {
	rows, err := db.QueryContext(ctx, `SELECT class, from_ms, to_ms, index_off, export_off, reason, proposal, changed FROM retention_windows ORDER BY from_ms DESC, proposal`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []Window{}
	for rows.Next() {
		var w Window
		var from, to, changed, index, export int64
		if err := rows.Scan(&w.Class, &from, &to, &index, &export, &w.Reason, &w.Proposal, &changed); err != nil {
			return nil, err
		}
		w.From, w.To, w.Changed = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC(), time.UnixMilli(changed).UTC()
		w.Index, w.Export = index != 0, export != 0
		all = append(all, w)
	}
	return all, rows.Err()
}

func putWindow(ctx context.Context, tx *sql.Tx, w Window) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO retention_windows (proposal, class, from_ms, to_ms, index_off, export_off, reason, changed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (proposal) DO NOTHING`,
		w.Proposal, string(w.Class), w.From.UnixMilli(), w.To.UnixMilli(), number(w.Index), number(w.Export), w.Reason, w.Changed.UnixMilli())
	return err
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// ran tells whether the run of a day is done.
func ran(ctx context.Context, db *store.DB, day uint64) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM retention_runs WHERE day = $1`, int64(day)).Scan(&n)
	return n > 0, err
}

func putRun(ctx context.Context, db *store.DB, day uint64, at time.Time, before uint64, removed int64) error {
	_, err := db.ExecContext(ctx, `INSERT INTO retention_runs (day, at, keys_before, removed) VALUES ($1, $2, $3, $4) ON CONFLICT (day) DO NOTHING`,
		int64(day), at.UnixMilli(), int64(before), removed)
	return err
}

// Last is what the last run has done.
type Last struct {
	At         time.Time `json:"at,omitzero"`
	KeysBefore time.Time `json:"keysBefore,omitzero" doc:"keys of details of earlier days are destroyed"`
	Removed    int64     `json:"removed" doc:"rows of the index"`
}

// Last reads what the last daily run has done; the zero Last before the first.
func (r *Retention) Last(ctx context.Context) (Last, error) {
	var l Last
	var at, before int64
	err := r.db.QueryRowContext(ctx, `SELECT at, keys_before, removed FROM retention_runs ORDER BY day DESC LIMIT 1`).Scan(&at, &before, &l.Removed)
	if errors.Is(err, sql.ErrNoRows) {
		return l, nil
	}
	l.At, l.KeysBefore = time.UnixMilli(at).UTC(), time.Unix(before*24*3600, 0).UTC()
	return l, err
}
