// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	schedules = flag.Int("schedules", 0, "how many schedules; 0 for the short form")
	seed      = flag.Uint64("seed", 1, "seed of the first")
	part      = flag.String("part", "", "directory for the counts: this process runs a part of the schedules")
)

// short is how many schedules surely meet every fault.
const short = 120

// enough is how many schedules surely meet every fault and every rare event.
const enough = 2000

// perSchedule bounds the real time of one: above it a goroutine holds a lock that
// another waits for while it waits itself, and the time of the bubble stands still.
const perSchedule = 2 * time.Minute

// TestSchedules runs schedules of faults in as many processes as there are processors.
func TestSchedules(t *testing.T) {
	n := *schedules
	if n == 0 {
		n = short
	}
	var all *tally
	switch {
	case *part != "":
		runPart(t, n)
		return
	case n == 1:
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		all = newTally()
		one(t, newSite(t, workdir(t)), *seed, all, testing.Verbose())
	default:
		all = runParts(t, n)
	}
	t.Logf("seeds %d to %d\n%s", *seed, *seed+uint64(n)-1, all)
	if missing := all.missing(n >= enough); n >= short && len(missing) > 0 {
		t.Errorf("never met: %q", missing)
	}
}

// one runs one schedule.
func one(t *testing.T, site *site, seed uint64, all *tally, verbose bool) *sim {
	var s *sim
	cryptotest.SetGlobalRandom(t, seed)
	site.forget()
	stuck := time.AfterFunc(perSchedule, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("seed %d stands still", seed))
	})
	defer stuck.Stop()
	synctest.Test(t, func(t *testing.T) {
		s = newSim(seed, all)
		s.mode.site = site
		s.keep, s.verbose = verbose, verbose && os.Getenv("SIMULATE_LOG") != ""
		if err := s.play(); err != nil {
			t.Error(err)
		}
	})
	for _, f := range s.found.list {
		t.Errorf("seed %d: %s", seed, f)
	}
	return s
}

// TestSameSeed runs schedules twice and counts those whose events are the same.
func TestSameSeed(t *testing.T) {
	if raced {
		t.Skip("the race detector shuffles goroutines, so that nothing is the same twice")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	site := newSite(t, workdir(t))
	n, same, counts := *schedules, 0, newTally()
	if n == 0 {
		n = 10
	}
	for i := range uint64(n) {
		a, b := one(t, site, *seed+i, counts, true), one(t, site, *seed+i, counts, true)
		if a.played == b.played {
			same++
			continue
		}
		for j := range min(len(a.trace), len(b.trace)) {
			if a.trace[j] != b.trace[j] {
				t.Logf("seed %d differs at event %d of %d and %d: %q and %q", *seed+i, j, len(a.trace), len(b.trace), a.trace[j], b.trace[j])
				break
			}
		}
	}
	t.Logf("%d of %d schedules had the same events twice", same, n)
	if same*2 < n {
		t.Errorf("a seed is worth little: only %d of %d schedules had the same events twice", same, n)
	}
}
