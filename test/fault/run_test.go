// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/fault/ledger"
)

const (
	batch    = 25                     // faults between two quiet times
	overlap  = 4                      // faults at once
	spacing  = 300 * time.Millisecond // at most, between the beginnings of two
	fullEach = 5                      // batches after which the logs are read, too
)

// tally counts the faults of each class.
type tally struct {
	mu        sync.Mutex
	delivered map[string]int
	tried     map[string]int
	failed    []string
}

func (y *tally) note(name string, delivered bool, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.tried[name]++
	if delivered {
		y.delivered[name]++
	}
	if err != nil {
		y.failed = append(y.failed, fmt.Sprintf("%s: %v", name, err))
	}
}

// TestFaults breaks a running installation while files and questions cross: after every
// batch of faults it mends everything, waits until nothing is under way and has the
// checker prove that nothing was lost, doubled, unlabelled or unrecorded.
func TestFaults(t *testing.T) {
	needRoot(t)
	if !long() && testing.Short() {
		t.Skip("the short form takes most of a minute: run without -short")
	}
	began := time.Now()
	seed := seedOf(t)
	r := start(t, seed)
	r.prepare(true)
	deck := deckOf(t, seed)
	ctx, cancel := context.WithCancel(t.Context())
	var keeper sync.WaitGroup
	keeper.Go(func() { r.supervise(ctx) })
	a := newAsker(r)
	y := &tally{delivered: map[string]int{}, tried: map[string]int{}}
	var violations []ledger.Violation
	reads := 0
	for n := 0; len(deck) > 0 && !broken(violations); n++ {
		now := deck[:min(batch, len(deck))]
		deck = deck[len(now):]
		load := r.begin(a, seed+uint64(n))
		missed := r.breakAll(ctx, now, seed+uint64(n), y)
		if time.Since(began) < retryFor() { // what did not happen is tried again, as long as there is time
			deck = append(deck, missed...)
		}
		load.stop()
		if err := r.quiet(); err != nil {
			t.Fatal(err)
		}
		whole := n%fullEach == fullEach-1 || len(deck) == 0
		violations = r.prove(a, whole)
		reads++
		t.Logf("batch %d: %d faults so far, %v", n, y.sum(), time.Since(began).Round(time.Second))
	}
	cancel()
	keeper.Wait()
	text := r.report(a, y, seed, time.Since(began), len(violations), reads)
	t.Log("\n" + text)
	if path := os.Getenv("DUKOU_REPORT"); path != "" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	y.want(t)
}

// broken tells whether there is something that the run need not go on for.
func broken(found []ledger.Violation) bool {
	return slices.ContainsFunc(found, func(v ledger.Violation) bool { return !told(v) })
}

// retryFor is how long faults that did not happen are tried again.
func retryFor() time.Duration {
	if long() {
		return 20 * time.Minute
	}
	return 40 * time.Second
}

// deckOf is all faults of a run, shuffled.
func deckOf(t *testing.T, seed uint64) []class {
	t.Helper()
	_, err := exec.LookPath("strace")
	if err != nil && long() {
		t.Fatalf("failing syncs are made by strace: %v; install the package strace", err)
	}
	var deck []class
	for _, c := range catalogue() {
		n := c.short
		if long() {
			n = c.full
		}
		if err != nil && c.name == "failing fsync" || err != nil && c.name == "slow disk, then killed" {
			t.Logf("no failing syncs here: %v; install the package strace", err)
			continue
		}
		deck = append(deck, slices.Repeat([]class{c}, n)...)
	}
	random := chance(seed, 0)
	random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// breakAll makes the faults of one batch, some at once, and gives those that did not happen.
func (r *rig) breakAll(ctx context.Context, faults []class, seed uint64, y *tally) (missed []class) {
	random := chance(seed, 7)
	slots := make(chan struct{}, overlap)
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, c := range faults {
		own := chance(random.Uint64(), 0)
		slots <- struct{}{} // every fault ends
		all.Go(func() {
			delivered, err := c.do(ctx, r, own)
			y.note(c.name, delivered, err)
			if !delivered {
				mu.Lock()
				missed = append(missed, c)
				mu.Unlock()
			}
			<-slots
		})
		rest(ctx, within(random, 0, spacing))
	}
	all.Wait()
	return missed
}

func (y *tally) sum() (n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, k := range y.delivered {
		n += k
	}
	return n
}

// want fails the test for a class of which nothing, or in the long form too little,
// was delivered, and for what went wrong with a fault itself.
func (y *tally) want(t *testing.T) {
	t.Helper()
	for _, c := range catalogue() {
		least := c.short
		if long() {
			least = min(c.full, 20)
		}
		if y.tried[c.name] > 0 && y.delivered[c.name] < least {
			t.Errorf("%s: delivered %d times, want %d", c.name, y.delivered[c.name], least)
		}
	}
	if long() && y.sum() < 1000 {
		t.Errorf("%d faults were delivered, want 1000", y.sum())
	}
	for _, what := range y.failed {
		t.Error(what)
	}
}

// report is what a run has to tell.
func (r *rig) report(a *asker, y *tally, seed uint64, took time.Duration, violations, checks int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "faults on the real binaries, seed %d, %v\n\n", seed, took.Round(time.Second))
	fmt.Fprintf(&b, "%-28s %9s %9s\n", "class", "tried", "delivered")
	for _, c := range catalogue() {
		if y.tried[c.name] > 0 {
			fmt.Fprintf(&b, "%-28s %9d %9d\n", c.name, y.tried[c.name], y.delivered[c.name])
		}
	}
	fmt.Fprintf(&b, "%-28s %9s %9d\n\n", "all", "", y.sum())
	for _, w := range r.ways {
		fmt.Fprintf(&b, "%-12s %6d files sent (%d MB), %d delivered, %d reported\n", w.flow, len(w.sent), w.bytes/1e6, len(w.arrived), len(w.reports))
	}
	count := map[ledger.Outcome]int{}
	for _, s := range a.sent {
		count[s.Outcome]++
	}
	fmt.Fprintf(&b, "%-12s %6d questions: %d answered, %d refused, %d unknown; %d reached the application\n", "fault-once",
		len(a.sent), count[ledger.Answered], count[ledger.Refused], count[ledger.Unknown], len(r.app.arrived))
	for _, code := range slices.Sorted(maps.Keys(a.codes)) {
		fmt.Fprintf(&b, "%12s %6d %s\n", "", a.codes[code], code)
	}
	fmt.Fprintf(&b, "%d ends of processes, %d frames, %d times checked: %d violations\n", len(r.ends), r.relay.Frames(), checks, violations)
	for _, name := range demo.Components() {
		fmt.Fprintf(&b, "  log of %-15s witnessed %d times\n", name, len(r.history.of(name)))
	}
	return b.String()
}
