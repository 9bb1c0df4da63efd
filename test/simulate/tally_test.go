// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// The faults of which a long enough run must deliver each, and the rare events that it
// must reach.
var (
	faultKinds = []string{
		"frame lost", "frame torn", "frame flipped", "frame doubled", "frame late", "frame replayed",
		"frame lost on a cut cable", "cable cut one way", "cable cut", "power cut", "power cut during a change",
		"process killed", "error of the disk", "slow disk", "clock forwards", "clock back",
		"bundle replaced", "term raised", "lease renewed",
	}
	rareEvents = []string{
		"torn tail of a journal cut off", "resumed in the middle", "receipt lost and given again", "label of an earlier life refused",
		"label replayed and refused", "lower term refused", "forged label refused",
		"answer lost, question not put again", "power lost while starting",
		"refused, and nobody knows what became of an earlier attempt",
	}
)

// tally counts. Any goroutine may use it.
type tally struct {
	mu        sync.Mutex
	Schedules int
	Events    int
	Accepted  int
	Delivered int
	Asked     int
	Answered  int
	Simulated float64 // seconds
	Faults    map[string]int
	Reached   map[string]int
}

func newTally() *tally { return &tally{Faults: map[string]int{}, Reached: map[string]int{}} }

func (t *tally) fault(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Faults[kind]++
}

func (t *tally) reached(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Reached[what]++
}

// add takes the counts of another one.
func (t *tally) add(o *tally) {
	t.Schedules += o.Schedules
	t.Events += o.Events
	t.Accepted += o.Accepted
	t.Delivered += o.Delivered
	t.Asked += o.Asked
	t.Answered += o.Answered
	t.Simulated += o.Simulated
	for k, n := range o.Faults {
		t.Faults[k] += n
	}
	for k, n := range o.Reached {
		t.Reached[k] += n
	}
}

// missing lists what a run should have met and did not: every fault, and in a long one
// every rare event.
func (t *tally) missing(long bool) []string {
	var list []string
	for _, k := range faultKinds {
		if t.Faults[k] == 0 {
			list = append(list, k)
		}
	}
	for _, k := range rareEvents {
		if long && t.Reached[k] == 0 {
			list = append(list, k)
		}
	}
	return list
}

// String is a table.
func (t *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d schedules, %d events, %.0f simulated seconds\n", t.Schedules, t.Events, t.Simulated)
	fmt.Fprintf(&b, "%d deliveries accepted, %d released; %d questions, %d answered\n", t.Accepted, t.Delivered, t.Asked, t.Answered)
	b.WriteString("faults delivered:\n")
	for _, k := range slices.Sorted(maps.Keys(t.Faults)) {
		fmt.Fprintf(&b, "  %10d  %s\n", t.Faults[k], k)
	}
	b.WriteString("reached:\n")
	for _, k := range slices.Sorted(maps.Keys(t.Reached)) {
		fmt.Fprintf(&b, "  %10d  %s\n", t.Reached[k], k)
	}
	return b.String()
}

// tellAtMost bounds what is said of one schedule.
const tellAtMost = 10

// findings are the violations of one schedule.
type findings struct {
	mu   sync.Mutex
	list []string
}

func (f *findings) add(s *sim, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == tellAtMost {
		return
	}
	f.list = append(f.list, fmt.Sprintf("at %s: ", s.now())+fmt.Sprintf(format, args...))
}
