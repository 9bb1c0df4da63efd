// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Add adds a receiver. It gets the entries that come from now on, or all that there are.
func (x *Exports) Add(ctx context.Context, s Settings, all bool) (Target, error) {
	if err := s.check(); err != nil {
		return Target{}, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return Target{}, err
	}
	logs := x.Logs()
	if all {
		logs = nil
	}
	id := store.NewID()
	err = x.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := room(ctx, tx, s.Name, ""); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO export_targets (id, name, settings, enabled, revision, sent, dropped, last_sent)
			VALUES ($1, $2, $3, 1, 1, 0, 0, 0)`, id, s.Name, string(text)); err != nil {
			return err
		}
		for _, l := range logs {
			if err := putPosition(ctx, tx, id, l.Origin, l.Next); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Target{}, err
	}
	x.changed(id)
	return x.Get(ctx, id)
}

// room refuses a name that another target has, and one target too many.
func room(ctx context.Context, tx *sql.Tx, name, but string) error {
	var same, all int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM export_targets WHERE name = $1 AND id <> $2`, name, but).Scan(&same); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM export_targets WHERE id <> $1`, but).Scan(&all); err != nil {
		return err
	}
	switch {
	case same > 0:
		return problem.New(problem.Conflict, "another receiver is called %s", name)
	case all >= maxTargets:
		return problem.New(problem.Conflict, "there are %d receivers already", all)
	default:
		return nil
	}
}

// Change changes a receiver of a revision. Where it stands in the logs stays.
func (x *Exports) Change(ctx context.Context, id string, revision int64, s Settings, on bool) (Target, error) {
	if err := s.check(); err != nil {
		return Target{}, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return Target{}, err
	}
	enabled := 0
	if on {
		enabled = 1
	}
	err = x.db.Tx(ctx, func(tx *sql.Tx) error {
		var has int64
		if err := tx.QueryRowContext(ctx, `SELECT revision FROM export_targets WHERE id = $1`, id).Scan(&has); errors.Is(err, sql.ErrNoRows) {
			return errUnknown()
		} else if err != nil {
			return err
		}
		if has != revision {
			return problem.New(problem.Stale, "the receiver was changed meanwhile: read it again")
		}
		if err := room(ctx, tx, s.Name, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE export_targets SET name = $2, settings = $3, enabled = $4, revision = $5 WHERE id = $1`, id, s.Name, string(text), enabled, has+1)
		return err
	})
	if err != nil {
		return Target{}, err
	}
	x.changed(id)
	return x.Get(ctx, id)
}

// Remove removes a receiver.
func (x *Exports) Remove(ctx context.Context, id string) error {
	err := x.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM export_positions WHERE target = $1`, id); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `DELETE FROM export_targets WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errUnknown())
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.changed(id)
	return nil
}

// Skip gives up what has not been sent yet, and counts it as dropped.
func (x *Exports) Skip(ctx context.Context, id string) (dropped uint64, err error) {
	logs := x.Logs()
	err = x.db.Tx(ctx, func(tx *sql.Tx) error {
		dropped = 0
		at, err := positions(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, l := range logs {
			if l.Next > at[l.Origin] {
				dropped += l.Next - at[l.Origin]
			}
		}
		// The revision grows, so that a sender that has read the old positions begins anew.
		done, err := tx.ExecContext(ctx, `UPDATE export_targets SET dropped = dropped + $2, revision = revision + 1 WHERE id = $1`, id, int64(dropped))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errUnknown())
		}
		for _, l := range logs {
			if err := putPosition(ctx, tx, id, l.Origin, max(l.Next, at[l.Origin])); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		x.changed(id)
	}
	return dropped, err
}

const columnsOfTarget = `id, settings, enabled, revision, sent, dropped, last_sent`

// Get reads a receiver and how it stands.
func (x *Exports) Get(ctx context.Context, id string) (Target, error) {
	list, err := x.targets(ctx, ` WHERE id = $1`, id)
	if err == nil && len(list) == 0 {
		err = errUnknown()
	}
	if err != nil {
		return Target{}, err
	}
	return list[0], nil
}

// List lists all receivers by name.
func (x *Exports) List(ctx context.Context) ([]Target, error) {
	return x.targets(ctx, ` ORDER BY name`)
}

func (x *Exports) targets(ctx context.Context, rest string, args ...any) ([]Target, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT `+columnsOfTarget+` FROM export_targets`+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Target{}
	for rows.Next() {
		var t Target
		var text string
		var enabled, last int64
		if err := rows.Scan(&t.ID, &text, &enabled, &t.Revision, &t.Sent, &t.Dropped, &last); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &t.Settings); err != nil {
			return nil, err
		}
		if t.On = enabled != 0; last > 0 {
			t.LastSent = time.UnixMilli(last).UTC()
		}
		list = append(list, t)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil { // SQLite has few connections
		return nil, err
	}
	for i := range list {
		if err := x.standing(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// standing fills in what is not in the row.
func (x *Exports) standing(ctx context.Context, t *Target) error {
	at, err := positions(ctx, x.db, t.ID)
	if err != nil {
		return err
	}
	for _, l := range x.Logs() {
		if l.Next > at[l.Origin] {
			t.Backlog += l.Next - at[l.Origin]
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if s := x.states[t.ID]; s != nil && t.On {
		t.Connected, t.Last, t.Failure = s.connected, s.last, s.failure
	}
	return nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// positions are the indexes of the entries that a target gets next, by log.
func positions(ctx context.Context, q querier, id string) (map[string]uint64, error) {
	rows, err := q.QueryContext(ctx, `SELECT origin, next FROM export_positions WHERE target = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	at := map[string]uint64{}
	for rows.Next() {
		var origin string
		var next uint64
		if err := rows.Scan(&origin, &next); err != nil {
			return nil, err
		}
		at[origin] = next
	}
	return at, rows.Err()
}

func putPosition(ctx context.Context, tx *sql.Tx, id, origin string, next uint64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO export_positions (target, origin, next) VALUES ($1, $2, $3)
		ON CONFLICT (target, origin) DO UPDATE SET next = excluded.next`, id, origin, int64(next))
	return err
}

// advance keeps where a target stands, if it is still of the revision that the sender
// was started with.
func (x *Exports) advance(ctx context.Context, t *Target, b *batch) error {
	return x.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE export_targets SET sent = sent + $3, dropped = dropped + $4, last_sent = CASE WHEN $3 > 0 THEN $5 ELSE last_sent END
			WHERE id = $1 AND revision = $2`, t.ID, t.Revision, b.sent, b.dropped, x.Now().UnixMilli())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		for origin, next := range b.next {
			if err := putPosition(ctx, tx, t.ID, origin, next); err != nil {
				return err
			}
		}
		return nil
	})
}
