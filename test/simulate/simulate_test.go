// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

var (
	schedules = flag.Int("schedules", 0, "how many schedules; 0 for the short form")
	seed      = flag.Uint64("seed", 1, "seed of the first")
)

// workdir is a directory of a file system in memory where there is one, since what
// lies in it (keys and bundles) is not what is tested.
func workdir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "simulate")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestSchedules(t *testing.T) {
	t.Logf("seed %d", *seed)
	n := *schedules
	if n == 0 {
		n = 20
	}
	debug.SetGCPercent(1000) // little lives, and much is made
	site := newSite(t, workdir(t))
	all := newTally()
	for i := range uint64(n) {
		one(t, site, *seed+i, all, false)
	}
	t.Logf("%s", all)
}

// one runs one schedule and gives the sum of its events.
func one(t *testing.T, site *site, seed uint64, all *tally, keep bool) *sim {
	var s *sim
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, seed)
		site.forget()
		synctest.Test(t, func(t *testing.T) {
			s = newSim(seed, all)
			s.mode.site = site
			s.keep = keep
			s.verbose = os.Getenv("SIMULATE_LOG") != ""
			if err := s.play(); err != nil {
				t.Fatal(err)
			}
		})
		for _, f := range s.found.list {
			t.Errorf("seed %d: %s", seed, f)
		}
	})
	return s
}

// TestSameSeed runs schedules twice and counts those whose events are the same.
func TestSameSeed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	site := newSite(t, workdir(t))
	n, same, schedules := *schedules, 0, newTally()
	if n == 0 {
		n = 20
	}
	for i := range uint64(n) {
		a, b := one(t, site, *seed+i, schedules, true), one(t, site, *seed+i, schedules, true)
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
}
