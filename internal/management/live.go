// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"sync"
	"time"
)

// LiveAsked is how a page says that it asks by itself, to go on showing what is new. Such
// calls keep no session alive, and are recorded once in a while and not each time.
type LiveAsked struct {
	Live bool `query:"live" doc:"a page asks this by itself again and again: the same search is recorded once in five minutes, and keeps no session alive"`
}

// liveFor is for how long the same live or typed calls of one session are recorded as one.
const liveFor = 5 * time.Minute

// lives are the live and typed calls that were recorded lately.
type lives struct {
	mu   sync.Mutex
	last map[[3]string]time.Time // by session, call and what it asks for
}

// first tells whether a call is to be recorded: one that asks for something else is.
func (l *lives) first(c *call, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [3]string{c.Caller.Session, c.Route.ID, c.asks}
	if c.Caller.Session == "" { // of a token
		key[0] = c.Caller.Principal()
	}
	if at, there := l.last[key]; there && now.Sub(at) < liveFor && !now.Before(at) {
		return false
	}
	if l.last == nil {
		l.last = map[[3]string]time.Time{}
	}
	for k, at := range l.last {
		if now.Sub(at) >= liveFor {
			delete(l.last, k)
		}
	}
	l.last[key] = now
	return true
}
