// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import "sync"

// Event says that something changed, and nothing of how: who may see it reads it.
type Event struct {
	Topic string `json:"topic" doc:"as components, proposals, alerts, policy; \"all\" when some events were missed"`
	ID    string `json:"id,omitempty" doc:"of what changed"`
}

// pendingEvents is how many events one listener may be behind. One that is further
// behind loses some, and is told so.
const pendingEvents = 64

// Events tells all that listen what changed.
type Events struct {
	mu        sync.Mutex
	listeners map[chan Event]struct{}
}

// NewEvents is a feed without listeners.
func NewEvents() *Events { return &Events{listeners: map[chan Event]struct{}{}} }

// Tell tells every listener. It never waits.
func (e *Events) Tell(topic, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.listeners {
		select {
		case c <- Event{topic, id}:
		default:
			missed(c)
		}
	}
}

// missed has a listener that is behind told that it has missed some, in place of the
// oldest event that it has not read.
func missed(c chan Event) {
	select {
	case <-c:
	default:
	}
	select {
	case c <- Event{Topic: "all"}:
	default:
	}
}

// Listen gives the events from now on, until leave is called.
func (e *Events) Listen() (events <-chan Event, leave func()) {
	c := make(chan Event, pendingEvents)
	e.mu.Lock()
	e.listeners[c] = struct{}{}
	e.mu.Unlock()
	return c, func() {
		e.mu.Lock()
		delete(e.listeners, c)
		e.mu.Unlock()
	}
}
