// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// stored is a channel with its secrets, as it is used.
type stored struct {
	Channel
	secrets Secrets
}

const channelColumns = `id, name, kind, config, sealed, revision`

func (n *Notifier) read(r store.Row) (c stored, err error) {
	var id, name, kind, config string
	var sealed []byte
	var revision int64
	if err := r.Scan(&id, &name, &kind, &config, &sealed, &revision); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(config), &c.Channel); err != nil {
		return c, fmt.Errorf("channel %s: %w", id, err)
	}
	plain, err := n.sealer.Open(nil, sealed, []byte(id))
	if err != nil {
		return c, fmt.Errorf("secrets of channel %s: %w", id, err)
	}
	if err := json.Unmarshal(plain, &c.secrets); err != nil {
		return c, fmt.Errorf("secrets of channel %s: %w", id, errSealed)
	}
	c.ID, c.Name, c.Kind, c.Revision, c.Set = id, name, Kind(kind), revision, c.secrets.names()
	return c, nil
}

var errSealed = errors.New("not what was sealed")

// write writes a channel; revision is that which it replaces, 0 for a new one.
func (n *Notifier) write(ctx context.Context, tx *sql.Tx, c *stored, revision int64) error {
	sealed := n.sealer.Seal(nil, []byte(encode(c.secrets)), []byte(c.ID))
	kept := c.Channel
	kept.ID, kept.Set, kept.Revision = "", nil, 0
	var err error
	if revision == 0 {
		_, err = tx.ExecContext(ctx, `INSERT INTO channels (`+channelColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`, c.ID, c.Name, string(c.Kind), encode(kept), sealed, c.Revision)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE channels SET name = $2, config = $3, sealed = $4, revision = $5 WHERE id = $1`, c.ID, c.Name, encode(kept), sealed, c.Revision)
	}
	if err != nil {
		return fmt.Errorf("write channel: %w", err)
	}
	return nil
}

func (n *Notifier) channels(ctx context.Context, q querier) (list []stored, err error) {
	rows, err := q.QueryContext(ctx, `SELECT `+channelColumns+` FROM channels ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("read channels: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		c, err := n.read(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

func (n *Notifier) channel(ctx context.Context, q querier, id string) (stored, error) {
	c, err := n.read(q.QueryRowContext(ctx, `SELECT `+channelColumns+` FROM channels WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, problem.New(problem.Unknown, "there is no such channel")
	}
	return c, err
}

// waiting is one message in the queue of a channel.
type waiting struct {
	id      string
	message Message
	created time.Time
	tries   int
}

func (n *Notifier) queue(ctx context.Context, tx *sql.Tx, channel string, m *Message, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notices (id, channel, alert, firing, message, created_ms, due_ms, tries, error, ended_ms, taken)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 0, '', 0, 0)`, n.place(), channel, m.Alert, is(m.State == Firing), encode(m), now.UnixMilli())
	if err != nil {
		return fmt.Errorf("queue a notification: %w", err)
	}
	return nil
}

func is(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// due are the channels that have something to take now.
func (n *Notifier) due(ctx context.Context, now time.Time) (ids []string, err error) {
	rows, err := n.DB.QueryContext(ctx, `SELECT channel FROM notices WHERE ended_ms = 0 GROUP BY channel HAVING MIN(due_ms) <= $1`, now.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// next are the messages that wait for a channel, the oldest first.
func (n *Notifier) next(ctx context.Context, channel string) (list []waiting, err error) {
	rows, err := n.DB.QueryContext(ctx, `SELECT id, message, created_ms, tries FROM notices WHERE channel = $1 AND ended_ms = 0 ORDER BY created_ms, id LIMIT $2`, channel, maxBatch)
	if err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var w waiting
		var text string
		var created int64
		if err := rows.Scan(&w.id, &text, &created, &w.tries); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &w.message); err != nil {
			return nil, fmt.Errorf("notification %s: %w", w.id, err)
		}
		w.created = time.UnixMilli(created)
		list = append(list, w)
	}
	return list, rows.Err()
}

// settle writes what became of messages: taken, given up, or to be tried again at due.
func (n *Notifier) settle(ctx context.Context, list []waiting, now, due time.Time, failure error) error {
	return n.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, w := range list {
			text, end := "", int64(0)
			if failure != nil {
				text = shorten(plain(failure.Error()), 300)
			}
			if failure == nil || now.Sub(w.created) > giveUp {
				end = now.UnixMilli()
			}
			_, err := tx.ExecContext(ctx, `UPDATE notices SET tries = $2, error = $3, due_ms = $4, ended_ms = $5, taken = $6 WHERE id = $1`,
				w.id, int64(w.tries+1), text, due.UnixMilli(), end, is(failure == nil))
			if err != nil {
				return fmt.Errorf("write the queue: %w", err)
			}
		}
		return nil
	})
}

// Standings are how the channels do, by id.
func (n *Notifier) Standings(ctx context.Context) (map[string]Standing, error) {
	rows, err := n.DB.QueryContext(ctx, `SELECT channel, SUM(CASE WHEN ended_ms = 0 THEN 1 ELSE 0 END), SUM(CASE WHEN ended_ms > 0 AND taken = 0 THEN 1 ELSE 0 END),
		MAX(CASE WHEN taken = 1 THEN ended_ms ELSE 0 END), MAX(CASE WHEN ended_ms = 0 THEN error ELSE '' END) FROM notices GROUP BY channel`)
	if err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	defer rows.Close()
	all := map[string]Standing{}
	for rows.Next() {
		var id string
		var s Standing
		var last int64
		if err := rows.Scan(&id, &s.Waiting, &s.Failed, &last, &s.Error); err != nil {
			return nil, err
		}
		if last > 0 {
			s.Last = time.UnixMilli(last)
		}
		all[id] = s
	}
	return all, rows.Err()
}

// kept is for how long what has ended is counted.
const kept = 30 * 24 * time.Hour

func (n *Notifier) sweep(ctx context.Context, now time.Time) error {
	_, err := n.DB.ExecContext(ctx, `DELETE FROM notices WHERE ended_ms > 0 AND ended_ms < $1`, now.Add(-kept).UnixMilli())
	return err
}

// Waiting is how many messages no channel has taken yet.
func (n *Notifier) Waiting(ctx context.Context) (waiting int64, err error) {
	if err := n.DB.QueryRowContext(ctx, `SELECT COUNT(*) FROM notices WHERE ended_ms = 0`).Scan(&waiting); err != nil {
		return 0, fmt.Errorf("read the queue: %w", err)
	}
	return waiting, nil
}
