// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"dukou.dev/dukou/internal/audit"
)

// prunedAtOnce is how many rows one transaction removes, so that others do not wait long.
const prunedAtOnce = 5000

// Prune removes the entries of a class from before a time, which it takes back to the
// hour, and tells how many there were. The logs keep them, so Keep must leave out the
// same, or they come back with the next Rebuild. It may be called again at any time.
func (x *Index) Prune(ctx context.Context, class audit.Class, before time.Time) (int64, error) {
	hour := before.UnixMilli() / hourLength
	k := x.allKinds()
	var total int64
	for id, s := range k.shapes {
		if s[inClass] != string(class) {
			continue
		}
		n, err := x.pruneKind(ctx, id, hour)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, x.pruneWords(ctx)
}

func (x *Index) pruneKind(ctx context.Context, kind, hour int64) (total int64, err error) {
	for {
		n, err := x.pruneSome(ctx, kind, hour)
		if total += n; err != nil || n < x.most.prune {
			return total, err
		}
	}
}

// pruneSome removes the oldest rows of a kind, and with the last of them the counts.
func (x *Index) pruneSome(ctx context.Context, kind, hour int64) (n int64, err error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	err = x.db.Tx(ctx, func(tx *sql.Tx) error {
		end := place{at: hour * hourLength} // rows before it go
		err := tx.QueryRowContext(ctx, `SELECT at, log, idx FROM evidence WHERE kind = $1 AND at < $2
			ORDER BY at, log, idx LIMIT 1 OFFSET $3`, kind, end.at, x.most.prune).Scan(&end.at, &end.log, &end.idx)
		last := errors.Is(err, sql.ErrNoRows)
		if err != nil && !last {
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM evidence WHERE kind = $1 AND (at, log, idx) < ($2, $3, $4)`, kind, end.at, end.log, end.idx)
		if err != nil {
			return err
		}
		if n, err = done.RowsAffected(); err != nil || !last {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM evidence_hours WHERE kind = $1 AND hour < $2`, kind, hour)
		return err
	})
	return n, err
}

// pruneWords removes words and kinds that no row uses.
func (x *Index) pruneWords(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	err := x.db.Tx(ctx, func(tx *sql.Tx) error {
		var oldest sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT MIN(at) FROM evidence`).Scan(&oldest); err != nil {
			return err
		}
		all := `DELETE FROM evidence_words`
		args := []any{}
		if oldest.Valid {
			all, args = all+` WHERE last < $1`, []any{oldest.Int64 / partLength}
		}
		if _, err := tx.ExecContext(ctx, all, args...); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM evidence_kinds WHERE id NOT IN (SELECT kind FROM evidence_hours)`)
		return err
	})
	if err != nil {
		return err
	}
	return x.load(ctx)
}
