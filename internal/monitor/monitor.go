// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"database/sql"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/store"
)

// Config is what a monitor is made of.
type Config struct {
	DB      *store.DB
	Observe func() Snapshot // what is known now; it must not wait
	// Queue hands news to who tells people, within the transaction that writes the alert:
	// what is written is told, and what is told is written. Nil tells nobody.
	Queue  func(ctx context.Context, tx *sql.Tx, n News) error
	Queued func() // something was queued, and is on the disk; nil for nothing to do
	Record func(audit.Entry) audit.Ticket
	Tell   func(topic, id string)
	Log    *slog.Logger
	Now    func() time.Time // nil means time.Now
}

// Monitor watches. Its methods may be called by many goroutines.
type Monitor struct {
	Config

	mu     sync.Mutex
	engine *engine
	eyes   *eyes

	overrides map[target]Override // all that were ever set, those taken back too
	hour      int64               // up to which habits are written
	swept     time.Time
	states    map[string]string // of components, when they were looked at last
}

// Open is a monitor with the alerts, silences and settings that the database holds.
func Open(ctx context.Context, c Config) (*Monitor, error) {
	m := &Monitor{Config: c, engine: newEngine(), overrides: map[target]Override{}}
	if m.Now == nil {
		m.Now = time.Now
	}
	now := m.Now()
	m.eyes, m.hour, m.swept = newEyes(now), hourOf(now), now
	return m, m.load(ctx, now)
}

// every is how often all is looked at.
const every = time.Second

// Run looks each second until ctx ends. A database that fails for a moment loses
// nothing: what is to be written waits.
func (m *Monitor) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := m.Look(ctx); err != nil && ctx.Err() == nil {
			m.Log.Error("alerts cannot be written", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look looks once.
func (m *Monitor) Look(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, seen := m.Now(), m.Observe()
	m.tellStates(seen.Components)
	gone := map[string]bool{}
	for i := range seen.Components {
		gone[seen.Components[i].ID] = seen.Components[i].State == Unreachable
	}
	m.engine.step(now, m.eyes.look(seen, now), func(id string) bool { return gone[id] })
	if err := m.keep(ctx, now); err != nil {
		return err
	}
	return m.flush(ctx)
}

// tellStates tells of components that are in another state than before.
func (m *Monitor) tellStates(list []Component) {
	states := make(map[string]string, len(list))
	for i := range list {
		c := &list[i]
		if states[c.ID] = c.State; m.states != nil && m.states[c.ID] != c.State {
			m.Tell("components", c.ID)
		}
	}
	m.states = states
}

// keep writes once an hour what flows do usually, and drops what is too old.
func (m *Monitor) keep(ctx context.Context, now time.Time) error {
	if hourOf(now) != m.hour {
		if err := m.writeHabits(ctx, m.hour); err != nil {
			return err
		}
		m.hour = hourOf(now)
	}
	if now.Sub(m.swept) < time.Hour {
		return nil
	}
	m.swept = now
	return m.sweep(ctx, now)
}

// flush writes what the engine left, and tells. What cannot be written stays. It is
// called with the lock held.
func (m *Monitor) flush(ctx context.Context) error {
	e := m.engine
	if len(e.written) == 0 && len(e.news) == 0 {
		return nil
	}
	err := m.DB.Tx(ctx, func(tx *sql.Tx) error {
		for id, a := range e.written {
			if err := writeAlert(ctx, tx, a, e.events[id]); err != nil {
				return err
			}
		}
		for _, n := range e.news {
			if m.Queue == nil {
				break
			}
			if err := m.Queue(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.announce()
	return nil
}

// announce records and tells what was written, and forgets it.
func (m *Monitor) announce() {
	e := m.engine
	for _, id := range slices.Sorted(maps.Keys(e.written)) {
		for _, happened := range e.events[id] {
			m.record(e.written[id], happened)
		}
		m.Tell("alerts", id)
	}
	told := len(e.news) > 0
	clear(e.written)
	clear(e.events)
	e.news = nil
	if told && m.Queued != nil {
		m.Queued()
	}
}

// record leaves in the center's log when an alert fired and ended.
func (m *Monitor) record(a *Alert, happened Event) {
	if m.Record == nil || happened.What != "fired" && happened.What != "fired-again" && happened.What != "resolved" {
		return
	}
	m.Record(audit.Entry{
		Time: happened.At.UnixMilli(), Class: audit.ClassHealth, Subject: "center", Verdict: "info", Reason: a.Rule,
		Action: "alert-" + happened.What, Object: a.about(), Flow: a.Flow, Detail: canon.Must(Detail{Alert: a.ID, Sentence: a.Sentence().English}),
	})
}

// Detail is the detail of an alert's record.
type Detail struct {
	Alert    string `cbor:"alert"`
	Sentence string `cbor:"sentence"`
}

// about names what an alert is about.
func (a *Alert) about() string {
	switch {
	case a.Flow != "":
		return "flow/" + a.Flow
	case a.Component == "":
		return a.Part
	case a.Part != "":
		return a.Component + "/" + a.Part
	default:
		return a.Component
	}
}

// Raise says that something is wrong that this package cannot see itself: of a rule that
// is told. about names a component or a thing, words say in a sentence what is so. It
// stays so until Clear, over restarts of the center.
func (m *Monitor) Raise(rule, about, words string) {
	if r := ruleOf(rule); r == nil || !r.Told {
		m.Log.Error("an alert of an unknown rule is lost", "rule", rule, "about", about)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key{rule: rule, component: cut(about, maxName)}
	if _, known := m.engine.told[k]; known || len(m.engine.told) < maxTold {
		m.engine.told[k] = cut(words, maxWords)
	}
}

// Clear says that what was raised is well again.
func (m *Monitor) Clear(rule, about string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.engine.told, key{rule: rule, component: cut(about, maxName)})
}

// Limits of what other parts may raise.
const (
	maxTold  = 1000
	maxName  = 128 // bytes
	maxWords = 500 // bytes
)

// Firing is how many alerts fire now, by level.
func (m *Monitor) Firing() map[Level]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := map[Level]int{}
	for _, t := range m.engine.tracked {
		if t.alert != nil && t.alert.State == Firing {
			n[t.alert.Level]++
		}
	}
	return n
}
