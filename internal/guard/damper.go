// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/fault"
)

// Bounds of the records of what costs its sender nothing: strangers, parcels without a
// label that proves them, more than the quotas. What is left out is counted.
const (
	cheapRecords = 5   // a second, of one neighbour
	cheapBurst   = 200 // at once
)

// damper bounds the records of what one neighbour was refused.
type damper struct {
	limiter *rate.Limiter
	mu      sync.Mutex
	left    uint64 // out since it was last told of
}

func newDamper() *damper { return &damper{limiter: rate.NewLimiter(cheapRecords, cheapBurst)} }

// admit tells whether one more is recorded; else it is counted.
func (d *damper) admit(now time.Time) bool {
	if d.limiter.AllowN(now, 1) {
		return true
	}
	d.mu.Lock()
	d.left++
	d.mu.Unlock()
	return false
}

// take gives how many were left out, and begins anew.
func (d *damper) take() (n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, d.left = d.left, 0
	return n
}

// recordCheap records a refusal that cost its cause nothing, within bounds.
func (h *Half) recordCheap(d *damper, e audit.Entry) {
	if d.admit(h.Clock.Now()) {
		h.record(e)
	}
}

// tellLeft records how many refusals of a neighbour were not recorded one by one.
func (h *Half) tellLeft(d *damper, who string) {
	n := d.take()
	if n == 0 {
		return
	}
	h.Log.Warn("refusals not recorded one by one", "of", who, "count", n)
	h.record(audit.Entry{
		Class: audit.ClassHealth, Verdict: "refuse", Reason: string(fault.RateLimited), Subject: who, Action: "more",
		Object: "and " + strconv.FormatUint(n, 10) + " more",
	})
}

// tellLeftEvery is how often what was left out is counted in the log.
const tellLeftEvery = time.Second

// runDampers tells of what was left out, until ctx ends.
func (h *Half) runDampers(ctx context.Context) error {
	tick := time.NewTicker(tellLeftEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.tellLeft(h.strangers, "")
			return nil
		case <-tick.C:
		}
		h.tellLeft(h.strangers, "")
		for _, p := range h.peers.all() {
			h.tellLeft(p.damper, p.id)
		}
	}
}

// Bounds of the handshakes under way, which cost a signature each.
const (
	handshakesAtOnce    = 64
	handshakesPerSource = 8
)

// lobby counts the handshakes under way.
type lobby struct {
	mu  sync.Mutex
	all int
	by  map[string]int // source address
}

// source is the host that a connection comes from, "" for a Unix socket.
func source(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return ""
	}
	return host
}

// enter lets one more in, or not. Who can open a Unix socket is not told apart.
func (l *lobby) enter(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= handshakesAtOnce || from != "" && l.by[from] >= handshakesPerSource {
		return false
	}
	l.all++
	l.by[from]++
	return true
}

func (l *lobby) leave(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.by[from]--; l.by[from] == 0 {
		delete(l.by, from)
	}
}
