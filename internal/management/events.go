// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"strings"
	"sync"
	"time"
)

// Event says that something changed, and nothing of how: who may see it reads it.
type Event struct {
	Topic string `json:"topic" doc:"one of the topics; \"all\" when some events were missed"`
	ID    string `json:"id,omitempty" doc:"of what changed; none when several did, or when there is no id"`
}

// Topic is one of the things that events are about.
type Topic struct {
	Name string
	What string // changed
	also string // a topic that is told with it
}

// inboxTopic is told with all that can change what waits for an administrator.
const inboxTopic = "inbox"

// Topics are all topics.
func Topics() []Topic {
	return []Topic{
		{"accounts", "an account, its duty, its key", ""},
		{"alerts", "an alert fired, was taken, resolved", inboxTopic},
		{"channels", "a channel of notification, or what is sent through it", ""},
		{"components", "a component: its state, its admission, its configuration", inboxTopic},
		{"crossings", "new entries of parcels can be found", ""},
		{"drafts", "a draft of policy", inboxTopic},
		{"evidence", "new audit entries can be found, of whatever kind", ""},
		{"exports", "a receiver of entries, or how it stands", ""},
		{"findings", "a finding of an auditor", inboxTopic},
		{inboxTopic, "something that may wait for somebody; told with others", ""},
		{"intake", "a sender of foreign entries", ""},
		{"partners", "a partner, or a part that it submitted", inboxTopic},
		{"policy", "a publication of policy: in force, confirmed, gone back", inboxTopic},
		{"proposals", "an act of two persons", inboxTopic},
		{"recoveries", "a recovery of a duty that nobody holds any more", inboxTopic},
		{"rehearsals", "a rehearsal of policy", ""},
		{"reports", "a report, or its schedule", ""},
		{"retention", "how long entries are kept, and the disk", ""},
		{"rules", "a rule of alerts", ""},
		{"sessions", "a session began or ended", ""},
		{"settings", "the rules of accounts", ""},
		{"silences", "a silence of alerts", ""},
	}
}

// topicsHelp lists the topics for people.
func topicsHelp() string {
	var b strings.Builder
	b.WriteString("Server-sent events. Each names a topic and, where one thing changed, its id: what changed is read by the other calls. " +
		"A topic is told at most twice a second, however much happens; topic \"all\" says that some events were missed. The topics:")
	for _, t := range Topics() {
		b.WriteString("\n  " + t.Name + ": " + t.What)
	}
	return b.String()
}

// pendingEvents is how many events one listener may be behind. One that is further
// behind loses some, and is told so.
const pendingEvents = 64

// foldFor is for how long what happens to a topic that was just told is told as one.
const foldFor = 500 * time.Millisecond

// Events tells all that listen what changed.
type Events struct {
	mu        sync.Mutex
	also      map[string]string
	listeners map[chan Event]struct{}
	folded    map[string]*fold // the topics that were told less than foldFor ago
}

// fold is what happened to a topic since it was told.
type fold struct {
	more bool
	id   string
}

// NewEvents is a feed without listeners.
func NewEvents() *Events {
	e := &Events{also: map[string]string{}, listeners: map[chan Event]struct{}{}, folded: map[string]*fold{}}
	for _, t := range Topics() {
		e.also[t.Name] = t.also
	}
	return e
}

// Tell tells every listener. It never waits.
func (e *Events) Tell(topic, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tell(topic, id)
	if also := e.also[topic]; also != "" {
		e.tell(also, "")
	}
}

// tell tells of a topic now, or with all that happens to it until it may be told again.
func (e *Events) tell(topic, id string) {
	switch f := e.folded[topic]; {
	case f == nil:
		e.send(Event{topic, id})
		e.folded[topic] = &fold{}
		time.AfterFunc(foldFor, func() { e.unfold(topic) })
	case !f.more:
		f.more, f.id = true, id
	case f.id != id:
		f.id = ""
	}
}

// unfold tells what happened to a topic meanwhile.
func (e *Events) unfold(topic string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.folded[topic]
	delete(e.folded, topic)
	if f.more {
		e.tell(topic, f.id)
	}
}

func (e *Events) send(event Event) {
	for c := range e.listeners {
		select {
		case c <- event:
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
