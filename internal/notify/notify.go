// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // times are shown in a channel's zone, on hosts that have no list of zones too

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// Config is what a notifier is made of.
type Config struct {
	DB      *store.DB
	Key     vault.Key // of the center's state directory: seals the channels' secrets
	Console string    // address of the console, as https://console.bank.internal; empty for none
	Host    string    // name of this host in syslog
	// Failing is told when a channel has not taken anything for several tries, and why,
	// and with an empty reason when it does again. Nil for nobody.
	Failing func(channel, why string)
	Tell    func(topic, id string)
	Log     *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// Notifier tells people. Its methods may be called by many goroutines.
type Notifier struct {
	Config
	sealer *vault.Sealer
	wake   chan struct{} // holds a token when something was queued
	queued atomic.Int64  // messages in this life

	mu    sync.Mutex
	lanes map[string]*lane // by channel
}

// lane is how one channel is served.
type lane struct {
	busy    bool
	limit   *rate.Limiter
	misses  int // tries in a row that failed
	failing bool
	worked  bool // in this life: what an earlier one told of it has ended
}

// Open is a notifier with the channels and the queue of the database.
func Open(c Config) *Notifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Notifier{Config: c, sealer: c.Key.Sealer("notify channel"), wake: make(chan struct{}, 1), lanes: map[string]*lane{}}
}

const (
	maxBatch = 500            // messages that are told at once
	giveUp   = 24 * time.Hour // after which nobody wants to hear it
	first    = 2 * time.Second
	longest  = 5 * time.Minute // between two tries
	several  = 3               // tries that fail before it is told
)

// perMinute is how many messages a channel of a kind takes: the robots' are limits of
// their vendors.
func perMinute(k Kind) int {
	switch k {
	case WeCom, DingTalk:
		return 20
	case Syslog:
		return 600
	case Mail, Feishu, Webhook:
		return 60
	default:
		return 1
	}
}

// Enqueue has every channel that is for a message told, once the transaction has ended.
// What has ended is told where it was told that it began.
func (n *Notifier) Enqueue(ctx context.Context, tx *sql.Tx, m Message) error {
	channels, err := n.channels(ctx, tx)
	if err != nil {
		return err
	}
	now := n.Now()
	for _, c := range channels {
		wanted := c.takes(m.Level, now)
		if m.State == Resolved && c.On {
			var told int64
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM notices WHERE alert = $1 AND channel = $2 AND firing = 1`, m.Alert, c.ID).Scan(&told); err != nil {
				return fmt.Errorf("read the queue: %w", err)
			}
			wanted = told > 0
		}
		if !wanted {
			continue
		}
		if err := n.queue(ctx, tx, c.ID, &m, now); err != nil {
			return err
		}
	}
	return nil
}

// Wake says that something was queued.
func (n *Notifier) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run tells what is queued until ctx ends. A channel that is slow holds up no other.
func (n *Notifier) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	swept := n.Now()
	for {
		if err := n.round(ctx, &all); err != nil && ctx.Err() == nil {
			n.Log.Error("notifications wait", "error", err)
		}
		if now := n.Now(); now.Sub(swept) > time.Hour {
			swept = now
			if err := n.sweep(ctx, now); err != nil && ctx.Err() == nil {
				n.Log.Error("old notifications are kept", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.wake:
		}
	}
}

// round begins to serve the channels that have something to take.
func (n *Notifier) round(ctx context.Context, all *sync.WaitGroup) error {
	ids, err := n.due(ctx, n.Now())
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !n.enter(id) {
			continue
		}
		all.Go(func() {
			err := n.serve(ctx, id)
			n.leave(id)
			if err != nil && ctx.Err() == nil {
				n.Log.Error("notifications of a channel wait", "channel", id, "error", err)
			}
		})
	}
	return nil
}

// enter begins to serve a channel, unless it is served.
func (n *Notifier) enter(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.lanes[id]
	if l == nil {
		l = &lane{}
		n.lanes[id] = l
	}
	if l.busy {
		return false
	}
	l.busy = true
	return true
}

func (n *Notifier) leave(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lanes[id].busy = false
}

// turn takes one message's turn of a channel's limit.
func (n *Notifier) turn(c *stored) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.lanes[c.ID]
	if l.limit == nil {
		per := perMinute(c.Kind)
		saved := max(1, per/4) // and no more than the limit in any minute, with what was saved up
		l.limit = rate.NewLimiter(rate.Limit(float64(max(1, per-saved))/60), saved)
	}
	return l.limit.AllowN(n.Now(), 1)
}

// serve tells a channel, in one message, all that waits for it.
func (n *Notifier) serve(ctx context.Context, id string) error {
	c, err := n.channel(ctx, n.DB, id)
	if err != nil {
		return err
	}
	if !n.turn(&c) {
		return nil // what comes meanwhile goes with it
	}
	list, err := n.next(ctx, id)
	if err != nil || len(list) == 0 {
		return err
	}
	messages := make([]Message, len(list))
	tries := 0
	for i := range list {
		messages[i], tries = list[i].message, max(tries, list[i].tries)
	}
	var failure error
	if s, err := n.prepare(&c, messages); err != nil {
		failure = err
	} else {
		_, failure = n.send(ctx, s)
	}
	if ctx.Err() != nil { // it is not known whether it was taken: it is told again
		return nil //nolint:nilerr // being told to end is no error
	}
	now := n.Now()
	if err := n.settle(ctx, list, now, now.Add(backoff(tries)), failure); err != nil {
		return err
	}
	n.judge(&c, failure)
	n.Tell("channels", id)
	return nil
}

func backoff(tries int) time.Duration { return min(first<<min(tries, 20), longest) }

// prepare makes a message of several.
func (n *Notifier) prepare(c *stored, messages []Message) (sending, error) {
	now := n.Now()
	b := batchOf(&c.Channel, n.Console, messages, now)
	switch c.Kind {
	case Mail:
		return byMail(&c.Channel, &c.secrets, &b)
	case Syslog:
		return bySyslog(&c.Channel, n.Host, &b), nil
	default:
		return overHTTP(&c.Channel, &c.secrets, &b, now)
	}
}

func (n *Notifier) send(ctx context.Context, s sending) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return s.send(ctx)
}

// judge tells when a channel begins to fail, and when it works again.
func (n *Notifier) judge(c *stored, failure error) {
	n.mu.Lock()
	l := n.lanes[c.ID]
	l.misses++
	if failure == nil {
		l.misses = 0
	}
	turned := l.failing != (l.misses >= several) || failure == nil && !l.worked
	l.failing, l.worked = l.misses >= several, l.worked || failure == nil
	n.mu.Unlock()
	if failure != nil {
		n.Log.Warn("a notification was not taken", "channel", c.Name, "error", failure)
	}
	switch {
	case turned && failure == nil:
		n.tellFailing(c.Name, "")
	case turned:
		n.tellFailing(c.Name, shorten(plain(failure.Error()), 300))
	}
}

func (n *Notifier) tellFailing(channel, why string) {
	if n.Failing != nil {
		n.Failing(channel, why)
	}
}

// place is a name in the queue that comes behind those before it of the same millisecond.
func (n *Notifier) place() string { return fmt.Sprintf("%016x%s", n.queued.Add(1), store.NewID()[:16]) }
