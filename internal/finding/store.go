// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package finding

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Filter chooses findings. An empty field chooses all.
type Filter struct {
	State    State
	Owner    account.Duty
	Severity int
	Overdue  bool
	Log      string // with Index, those that were opened from an entry
	Index    uint64
	After    string // id of the last one that the caller has
	Limit    int    // 0 means 50, at most MaxPage
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const columns = `f.id, f.title, f.severity, f.state, f.owner, f.due, f.opened, f.opened_by, f.changed, f.revision`

func scan(row store.Row) (Finding, error) {
	var f Finding
	var due, opened, changed int64
	err := row.Scan(&f.ID, &f.Title, &f.Severity, &f.State, &f.Owner, &due, &opened, &f.OpenedBy, &changed, &f.Revision)
	f.Due, f.Opened, f.Changed = time.UnixMilli(due).UTC(), time.UnixMilli(opened).UTC(), time.UnixMilli(changed).UTC()
	return f, err
}

func get(ctx context.Context, q querier, id string) (Finding, error) {
	f, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM findings f WHERE f.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return f, problem.New(problem.Unknown, "there is no such finding")
	}
	return f, err
}

// Get reads a finding with its entries and events.
func (f *Findings) Get(ctx context.Context, id string) (Finding, error) {
	row, err := get(ctx, f.db, id)
	if err != nil {
		return row, err
	}
	row.Overdue, row.Next, row.Speakers = f.overdue(&row), row.next(), row.speakers()
	if row.Entries, err = entries(ctx, f.db, id); err != nil {
		return row, err
	}
	row.Events, err = events(ctx, f.db, id)
	return row, err
}

func (f *Findings) overdue(row *Finding) bool {
	return (row.State == Opened || row.State == Mending) && row.Due.Before(f.Now())
}

// List lists findings, the newest first, and tells where the next page begins; "" for
// the last.
func (f *Findings) List(ctx context.Context, by Filter) ([]Finding, string, error) {
	limit := by.Limit
	if limit < 1 || limit > MaxPage {
		limit = 50
	}
	where, args := by.where(f.Now())
	rows, err := f.db.QueryContext(ctx, `SELECT `+columns+` FROM findings f`+where+` ORDER BY f.id DESC LIMIT `+strconv.Itoa(limit+1), args...)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	list := []Finding{}
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, "", err
		}
		row.Overdue, row.Next, row.Speakers = f.overdue(&row), row.next(), row.speakers()
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		return list[:limit], list[limit-1].ID, nil
	}
	return list, "", nil
}

func (by *Filter) where(now time.Time) (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		conditions = append(conditions, condition)
	}
	if by.State != "" {
		add("f.state = ?", string(by.State))
	}
	if by.Owner != "" {
		add("f.owner = ?", string(by.Owner))
	}
	if by.Severity != 0 {
		add("f.severity = ?", by.Severity)
	}
	if by.Overdue {
		add("f.state IN ('open', 'mending') AND f.due < ?", now.UnixMilli())
	}
	if by.Log != "" {
		add("EXISTS (SELECT 1 FROM finding_entries e WHERE e.finding = f.id AND e.log = ? AND e.entry = ?)", by.Log, int64(by.Index))
	}
	if by.After != "" {
		add("f.id < ?", by.After)
	}
	if conditions == nil {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}

func entries(ctx context.Context, q querier, id string) ([]Entry, error) {
	rows, err := q.QueryContext(ctx, `SELECT log, entry FROM finding_entries WHERE finding = $1 ORDER BY log, entry`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.Log, &e.Index); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

func events(ctx context.Context, q querier, id string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT number, at, who, duty, what, state, text FROM finding_events WHERE finding = $1 ORDER BY number`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Number, &at, &e.Who, &e.Duty, &e.What, &e.State, &e.Text); err != nil {
			return nil, err
		}
		e.At = time.UnixMilli(at).UTC()
		list = append(list, e)
	}
	return list, rows.Err()
}

func insert(ctx context.Context, tx *sql.Tx, f *Finding) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO findings (id, title, severity, owner, due, state, opened, opened_by, changed, revision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.ID, f.Title, f.Severity, string(f.Owner), f.Due.UnixMilli(), string(f.State), f.Opened.UnixMilli(), f.OpenedBy, f.Changed.UnixMilli(), f.Revision)
	return err
}

func insertEntry(ctx context.Context, tx *sql.Tx, id string, e Entry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO finding_entries (finding, log, entry) VALUES ($1, $2, $3)`, id, e.Log, int64(e.Index))
	return err
}

func update(ctx context.Context, tx *sql.Tx, f *Finding) error {
	_, err := tx.ExecContext(ctx, `UPDATE findings SET title = $2, severity = $3, owner = $4, due = $5, state = $6, changed = $7, revision = $8 WHERE id = $1`,
		f.ID, f.Title, f.Severity, string(f.Owner), f.Due.UnixMilli(), string(f.State), f.Changed.UnixMilli(), f.Revision)
	return err
}

func addEvent(ctx context.Context, tx *sql.Tx, id string, e Event) error {
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM finding_events WHERE finding = $1`, id).Scan(&last); err != nil {
		return err
	}
	if last >= MaxEvents {
		return problem.New(problem.Conflict, "the finding has %d events: close it and open another", last)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO finding_events (finding, number, at, who, duty, what, state, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, last+1, e.At.UnixMilli(), e.Who, string(e.Duty), e.What, string(e.State), e.Text)
	return err
}
