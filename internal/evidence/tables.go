// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"fmt"

	"dukou.dev/dukou/internal/store"
)

// layout is the version of the tables. They hold nothing that is not in the logs, so
// those of another version are not changed but made anew and filled again. That is why
// they are here and not among the migrations.
const layout = 1

const layoutSetting = "evidence.layout"

// tables are the index's own, in the order in which they are made.
func tables() []string {
	return []string{"evidence_logs", "evidence_words", "evidence_kinds", "evidence_hours", "evidence"}
}

// partLength is the length of a part, in milliseconds: a week. Indexes whose values come
// in no order begin with it, so that adding and removing entries touches the pages of one
// part only.
const partLength = 7 * 24 * hourLength

// hourLength is the length of an hour in milliseconds.
const hourLength = 3600 * 1000

// definitions make the tables. clustered has SQLite keep the rows in the order of their
// key; PostgreSQL keeps them as they come, which is nearly that.
func definitions(kind store.Kind) []string {
	clustered := ""
	if kind == store.SQLite {
		clustered = " WITHOUT ROWID"
	}
	return []string{
		`CREATE TABLE evidence_logs (
			log    INTEGER PRIMARY KEY,
			origin TEXT NOT NULL UNIQUE,
			next   BIGINT NOT NULL)`, // index of the first entry that is not in the tables
		`CREATE TABLE evidence_words (
			id   INTEGER PRIMARY KEY,
			word TEXT NOT NULL UNIQUE,
			last BIGINT NOT NULL)`, // the latest part that uses it
		`CREATE TABLE evidence_kinds (
			id    INTEGER PRIMARY KEY,
			shape TEXT NOT NULL)`, // a list of texts in JSON, see shape
		`CREATE TABLE evidence_hours (
			kind INTEGER NOT NULL,
			hour BIGINT NOT NULL,
			n    BIGINT NOT NULL,
			PRIMARY KEY (kind, hour))` + clustered,
		`CREATE TABLE evidence (
			at      BIGINT NOT NULL,
			idx     BIGINT NOT NULL,
			log     INTEGER NOT NULL,
			part    INTEGER NOT NULL,
			kind    INTEGER NOT NULL,
			subject INTEGER,
			object  INTEGER,
			address INTEGER,
			parcel  BYTEA,
			PRIMARY KEY (at, log, idx))` + clustered,
		`CREATE INDEX evidence_by_kind ON evidence (kind, at, log, idx)`,
		`CREATE INDEX evidence_by_subject ON evidence (part, subject, at, log, idx) WHERE subject IS NOT NULL`,
		`CREATE INDEX evidence_by_object ON evidence (part, object, at, log, idx) WHERE object IS NOT NULL`,
		`CREATE INDEX evidence_by_parcel ON evidence (part, parcel) WHERE parcel IS NOT NULL`,
	}
}

// makeTables makes the tables unless they are there in this layout.
func (x *Index) makeTables(ctx context.Context) error {
	return x.db.Tx(ctx, func(tx *sql.Tx) error {
		var has int
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(revision), 0) FROM settings WHERE name = $1`, layoutSetting).Scan(&has)
		if err != nil || has == layout {
			return err
		}
		return x.remake(ctx, tx)
	})
}

func (x *Index) remake(ctx context.Context, tx *sql.Tx) error {
	for _, t := range tables() {
		if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	for _, text := range definitions(x.db.Kind) {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value, revision) VALUES ($1, '{}', $2)
		ON CONFLICT (name) DO UPDATE SET revision = excluded.revision`, layoutSetting, layout)
	return err
}

// Rebuild empties the index, which Run then fills from the logs.
func (x *Index) Rebuild(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.db.Tx(ctx, func(tx *sql.Tx) error { return x.remake(ctx, tx) }); err != nil {
		return err
	}
	x.closeReaders()
	x.Wake()
	return x.load(ctx)
}

// load reads what is kept in memory of the tables. It is called with writing held.
func (x *Index) load(ctx context.Context) error {
	logs, names := map[string]*logState{}, map[int64]string{}
	err := each(ctx, x.db, func(rows *sql.Rows) error {
		var origin string
		var s logState
		if err := rows.Scan(&s.number, &origin, &s.next); err != nil {
			return err
		}
		logs[origin], names[s.number] = &s, origin
		return nil
	}, `SELECT log, origin, next FROM evidence_logs`)
	if err != nil {
		return err
	}
	k := newKinds()
	err = each(ctx, x.db, func(rows *sql.Rows) error {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		s, err := parseShape(text)
		k.put(s, id)
		return err
	}, `SELECT id, shape FROM evidence_kinds`)
	if err != nil {
		return err
	}
	var last int64
	if err := x.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM evidence_words`).Scan(&last); err != nil {
		return err
	}
	x.words = wordCache{last: max(last, x.words.last), known: map[string]word{}} // no number is given twice: searches remember them
	k.last = max(k.last, x.kinds.last)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.kinds, x.logs, x.names, x.texts = k, logs, names, textCache{}
	return nil
}

// querier is the database, or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls fn with each row of an answer.
func each(ctx context.Context, q querier, fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
