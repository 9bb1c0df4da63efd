// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"fmt"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

const maxChannels = 50

// Create makes a channel.
func (n *Notifier) Create(ctx context.Context, c Channel, s Secrets) (Channel, error) {
	if err := c.check(&s); err != nil {
		return c, err
	}
	c.ID, c.Revision, c.Set = store.NewID(), 1, s.names()
	err := n.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := free(ctx, tx, &c); err != nil {
			return err
		}
		return n.write(ctx, tx, &stored{c, s}, 0)
	})
	if err != nil {
		return c, err
	}
	n.Tell("channels", c.ID)
	return c, nil
}

// free tells whether there is room for a channel, and nobody has its name.
func free(ctx context.Context, tx *sql.Tx, c *Channel) error {
	var all, same int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN name = $1 AND id <> $2 THEN 1 ELSE 0 END), 0) FROM channels`, c.Name, c.ID).Scan(&all, &same)
	switch {
	case err != nil:
		return fmt.Errorf("read channels: %w", err)
	case same > 0:
		return problem.New(problem.Conflict, "there is a channel of this name")
	case c.Revision == 1 && all >= maxChannels:
		return problem.New(problem.TooMany, "there are at most %d channels", maxChannels)
	default:
		return nil
	}
}

// Replace changes a channel that was read at a revision. Its kind stays, and so do
// secrets that are empty in s.
func (n *Notifier) Replace(ctx context.Context, id string, revision int64, c Channel, s Secrets) (Channel, error) {
	name := ""
	err := n.DB.Tx(ctx, func(tx *sql.Tx) error {
		old, err := n.channel(ctx, tx, id)
		if err != nil {
			return err
		}
		name = old.Name
		if old.Revision != revision {
			return problem.New(problem.Stale, "the channel was changed meanwhile: read it again")
		}
		if c.Kind != old.Kind {
			return problem.New(problem.Invalid, "a channel's kind stays: delete it and make another one")
		}
		merged := old.secrets.over(s)
		if err := c.check(&merged); err != nil {
			return err
		}
		c.ID, c.Revision, c.Set = id, old.Revision+1, merged.names()
		if moved(&old, &c, &s) {
			return problem.New(problem.Invalid, "where a channel goes was changed: give its secrets again, so that they go nowhere else unseen")
		}
		if err := free(ctx, tx, &c); err != nil {
			return err
		}
		return n.write(ctx, tx, &stored{c, merged}, revision)
	})
	if err != nil {
		return c, err
	}
	if name != c.Name { // nothing of the old name fails any more
		n.tellFailing(name, "")
	}
	n.Tell("channels", id)
	return c, nil
}

// moved tells whether a change would send an old secret to another place: who may change
// a channel must not read its password by that.
func moved(old *stored, c *Channel, s *Secrets) bool {
	if c.Kind == Mail {
		kept := old.secrets.Password != "" && s.Password == ""
		return kept && (c.Server != old.Server || c.Security != old.Security || c.Authority != old.Authority)
	}
	kept := old.secrets.URL != "" && s.URL == ""
	headers := len(old.secrets.Headers) > 0 && s.Headers == nil && s.URL != ""
	secret := old.secrets.Secret != "" && s.Secret == "" && s.URL != ""
	return kept && (c.Proxy != old.Proxy || c.Authority != old.Authority) || headers || secret && c.Kind == Webhook
}

// List is all channels by name.
func (n *Notifier) List(ctx context.Context) ([]Channel, error) {
	all, err := n.channels(ctx, n.DB)
	list := make([]Channel, len(all))
	for i := range all {
		list[i] = all[i].Channel
	}
	return list, err
}

// Get is one channel.
func (n *Notifier) Get(ctx context.Context, id string) (Channel, error) {
	c, err := n.channel(ctx, n.DB, id)
	return c.Channel, err
}

// Delete ends a channel. What waits for it is told to nobody.
func (n *Notifier) Delete(ctx context.Context, id string) error {
	name := ""
	err := n.DB.Tx(ctx, func(tx *sql.Tx) error {
		c, err := n.channel(ctx, tx, id)
		if err != nil {
			return err
		}
		name = c.Name
		_, err = tx.ExecContext(ctx, `DELETE FROM notices WHERE channel = $1`, id)
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM channels WHERE id = $1`, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	if l := n.lanes[id]; l != nil && !l.busy {
		delete(n.lanes, id)
	}
	n.mu.Unlock()
	n.tellFailing(name, "")
	n.Tell("channels", id)
	return nil
}

// Test sends a test message over a channel at once, whether or not it is on, and shows
// what was sent and said.
func (n *Notifier) Test(ctx context.Context, id string) (Trace, error) {
	c, err := n.channel(ctx, n.DB, id)
	if err != nil {
		return Trace{}, err
	}
	if !n.enter(id) {
		return Trace{}, problem.New(problem.TooMany, "something is being sent over this channel: try again")
	}
	defer n.leave(id)
	if !n.turn(&c) {
		return Trace{}, problem.New(problem.TooMany, "this channel has taken as many messages as it may: try again in a minute")
	}
	s, err := n.prepare(&c, []Message{{
		State: Trial, Level: 1, At: n.Now(), Count: 1,
		Sentences: map[string]string{"en": "This is a test. Nothing is wrong.", "zh": "这是一条测试消息，没有异常。"},
	}})
	if err != nil {
		return Trace{}, problem.New(problem.Invalid, "the message cannot be made: %v", err)
	}
	t := Trace{Sent: s.shown}
	if t.Answer, err = n.send(ctx, s); err != nil {
		t.Error = shorten(plain(err.Error()), 500)
	}
	t.OK = err == nil
	return t, nil
}

// Difference says what a change of a channel changed, and of its secrets which.
func Difference(before, after Channel, s Secrets) string {
	before.Set, after.Set, before.Revision, after.Revision = nil, nil, 0, 0
	text := "- " + encode(before) + "\n+ " + encode(after)
	for _, name := range s.names() {
		text += "\n+ " + name + " set anew"
	}
	return text
}
