// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Time is a time of the database; zero is none.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Row is a row of a result.
type Row interface{ Scan(into ...any) error }

// Page is a part of a list, the newest first.
type Page struct {
	Limit int    // 1 to 500
	After string // a cursor, "" for the beginning
}

// List is how a table that has the columns created and id is read, the newest first.
type List[T any] struct {
	Table, Columns string
	Scan           func(Row) (T, error)
	Place          func(*T) Place // of created and id
}

// Page reads a page. The cursor is that of the next one, "" at the end.
func (l List[T]) Page(ctx context.Context, db *DB, p Page) ([]T, string, error) {
	behind, err := ParsePlace(p.After)
	if err != nil {
		return nil, "", err
	}
	rows, err := db.QueryContext(ctx, `SELECT `+l.Columns+` FROM `+l.Table+
		` WHERE created < $1 OR (created = $1 AND id < $2) ORDER BY created DESC, id DESC LIMIT $3`, behind.Milli, behind.ID, p.Limit+1)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		one, err := l.Scan(rows)
		if err != nil {
			return nil, "", err
		}
		list = append(list, one)
	}
	if err := rows.Err(); err != nil || len(list) <= p.Limit {
		return list, "", err
	}
	list = list[:p.Limit]
	return list, l.Place(&list[p.Limit-1]).String(), nil
}
