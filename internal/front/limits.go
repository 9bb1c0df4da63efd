// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/policy"
)

// What a flow's limits default to.
const (
	defaultRate       = 200
	defaultConcurrent = 256
)

// maxRates bounds the subjects whose rate is remembered; a subject that was idle
// for a while is forgotten first.
const maxRates = 50_000

type rateKey struct {
	flow, subject string
	rate, burst   int64
}

// rates bounds how often each subject asks on each flow.
type rates struct {
	mu       sync.Mutex
	limiters map[rateKey]*rate.Limiter
}

func newRates() *rates { return &rates{limiters: map[rateKey]*rate.Limiter{}} }

func (r *rates) allow(f *policy.Flow, subject string) bool {
	perSecond, burst := f.Limits.Rate, f.Limits.Burst
	if perSecond <= 0 {
		perSecond = defaultRate
	}
	if burst <= 0 {
		burst = 2 * perSecond
	}
	key := rateKey{f.Name, subject, perSecond, burst}
	r.mu.Lock()
	l := r.limiters[key]
	if l == nil {
		r.makeRoom()
		l = rate.NewLimiter(rate.Limit(perSecond), int(burst))
		r.limiters[key] = l
	}
	r.mu.Unlock()
	return l.Allow()
}

// makeRoom forgets subjects whose bucket is full again: forgetting them changes nothing.
func (r *rates) makeRoom() {
	if len(r.limiters) < maxRates {
		return
	}
	now := time.Now()
	for key, l := range r.limiters {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(r.limiters, key)
		}
	}
}

// concurrency bounds how many requests of each flow are under way.
type concurrency struct {
	mu   sync.Mutex
	busy map[string]int64
}

func newConcurrency() *concurrency { return &concurrency{busy: map[string]int64{}} }

func (c *concurrency) enter(f *policy.Flow) bool {
	limit := f.Limits.Concurrent
	if limit <= 0 {
		limit = defaultConcurrent
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[f.Name] >= limit {
		return false
	}
	c.busy[f.Name]++
	return true
}

func (c *concurrency) leave(f *policy.Flow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[f.Name]--; c.busy[f.Name] == 0 {
		delete(c.busy, f.Name)
	}
}
