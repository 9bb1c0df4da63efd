// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// sim is the world of one schedule. What is not marked otherwise belongs to the
// scheduler, the goroutine that runs loop.
type sim struct {
	seed  uint64
	rng   *rand.Rand
	start time.Time
	kick  chan struct{} // holds a token when something was posted

	mu    sync.Mutex // guards fresh and the numbers of sources
	fresh []*event   // posted since the scheduler looked

	queue    events
	order    uint64
	sources  int
	executed int
	verbose  bool
	trace    []string // of the events executed, when kept
	keep     bool
	sum      uint64 // of the trace
	played   uint64 // sum before the processes were told to end, all at once

	tally   *tally
	found   findings
	machine map[string]*machine
	process map[string]*process
	ordered []*process
	cable   *cable
	mode    mode
	record  ledger
	wants   wants
}

// event is something that happens at a time, to which the scheduler alone leads.
type event struct {
	due    time.Duration // since the start
	order  uint64
	source *source
	number uint64
	what   string
	run    func()
}

// source is a line of events from one place, e.g. one direction of a connection.
type source struct {
	name   string
	id     int
	number uint64 // under sim.mu
	last   time.Duration
	most   time.Duration // the longest delay
}

func newSim(seed uint64, t *tally) *sim {
	return &sim{
		seed: seed, rng: rand.New(rand.NewPCG(seed, 0x64756b6f75)), start: time.Now(), kick: make(chan struct{}, 1),
		tally: t, machine: map[string]*machine{}, process: map[string]*process{}, record: newLedger(),
		wants: wants{news: make(chan struct{}, 1), told: map[string][2]int{}},
	}
}

func (s *sim) now() time.Duration { return time.Since(s.start) }

// source makes a line of events with delays up to most. The scheduler calls it.
func (s *sim) source(name string, most time.Duration) *source {
	s.sources++
	return &source{name: name, id: s.sources, most: most}
}

// post hands an event to the scheduler. Any goroutine may call it.
func (s *sim) post(from *source, what string, run func()) {
	s.mu.Lock()
	from.number++
	s.fresh = append(s.fresh, &event{source: from, number: from.number, what: what, run: run})
	s.mu.Unlock()
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// after plans an event. The scheduler calls it.
func (s *sim) after(wait time.Duration, what string, run func()) {
	s.push(&event{due: s.now() + wait, what: what, run: run})
}

func (s *sim) push(e *event) {
	s.order++
	e.order = s.order
	heap.Push(&s.queue, e)
}

// collect takes what was posted, in an order that does not depend on which goroutine
// came first, and gives each event its time: in order along a source.
func (s *sim) collect() {
	s.mu.Lock()
	fresh := s.fresh
	s.fresh = nil
	s.mu.Unlock()
	slices.SortFunc(fresh, func(a, b *event) int {
		if a.source.id != b.source.id {
			return a.source.id - b.source.id
		}
		return int(a.number) - int(b.number)
	})
	now := s.now()
	for _, e := range fresh {
		delay := time.Duration(s.rng.Int64N(int64(e.source.most))) + time.Microsecond
		e.due = max(now+delay, e.source.last+1)
		e.source.last = e.due
		s.push(e)
	}
}

// loop executes events until done says so, or not by the time end.
func (s *sim) loop(end time.Duration, done func() bool) bool {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		synctest.Wait()
		s.collect()
		if done() {
			return true
		}
		now := s.now()
		if now >= end {
			return false
		}
		next := end
		if len(s.queue) > 0 {
			next = min(next, s.queue[0].due)
		}
		if next > now {
			timer.Reset(next - now)
			select {
			case <-timer.C:
			case <-s.kick:
			}
			continue
		}
		e := heap.Pop(&s.queue).(*event)
		s.note(e)
		e.run()
	}
}

// note adds an event to the trace.
func (s *sim) note(e *event) {
	s.executed++
	if !s.keep {
		return
	}
	name := ""
	if e.source != nil {
		name = e.source.name
	}
	line := fmt.Sprintf("%d %s %s", e.due.Nanoseconds(), name, e.what)
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", s.sum, line)
	s.sum = h.Sum64()
	s.trace = append(s.trace, line)
}

// events is a heap by time.
type events []*event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	if q[i].due != q[j].due {
		return q[i].due < q[j].due
	}
	return q[i].order < q[j].order
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(*event)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}

// between draws a time.
func (s *sim) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.rng.Int64N(int64(most-least)))
}

// chance draws whether.
func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }
