// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
)

const (
	largeSize  = 4 << 30
	largeKills = 10               // of each process on its way
	mostMemory = 200 << 10        // kB, of each process at its peak
	largeTime  = 20 * time.Minute // in which it must have arrived
)

// memory is the peak of each process over all of its lives, in kB.
type memory struct {
	mu   sync.Mutex
	peak map[string]int
}

// look reads the peaks of now.
func (m *memory) look(r *rig, names ...string) {
	for _, name := range names {
		kb := peakOf(r.PID(name))
		m.mu.Lock()
		m.peak[name] = max(m.peak[name], kb)
		m.mu.Unlock()
	}
}

// peakOf is the most memory that a process ever held, in kB; 0 when it is gone.
func peakOf(pid int) (kb int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
		_, _ = fmt.Sscan(rest, &kb) // a process that ends has none
	}
	return kb
}

// TestLargeFile has a file of 4 GiB cross while each process on its way is killed ten
// times. It arrives once, as it was, and no process ever needs much memory.
func TestLargeFile(t *testing.T) {
	needRoot(t)
	if !long() {
		t.Skip("a file of 4 GiB takes minutes: DUKOU_LONG=1 has it")
	}
	seed := seedOf(t)
	r := start(t, seed)
	r.prepare(false)
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{peak: map[string]int{}}
	var watchers sync.WaitGroup
	watchers.Go(func() { r.supervise(ctx) })
	watchers.Go(func() {
		r.repeat(ctx, func() time.Duration {
			m.look(r, demo.Processes()...)
			return 100 * time.Millisecond
		})
	})
	w := r.ways[0]
	random := chance(seed, 3)
	if err := w.drop(random, largeSize); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	kills := r.killOnTheWay(w, m, random, began)
	if err := eventually(ctx, largeTime-time.Since(began), 200*time.Millisecond, func() error { return arrivedOnce(w) }); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if err := r.quiet(); err != nil {
		t.Fatal(err)
	}
	r.prove(newAsker(r), true)
	cancel()
	watchers.Wait()
	t.Logf("4 GiB with %d kills: %v, %.0f MB/s", kills, took.Round(time.Second), largeSize/1e6/took.Seconds())
	m.want(t)
}

func (m *memory) want(t *testing.T) {
	t.Helper()
	for _, name := range demo.Processes() {
		t.Logf("  %-15s at most %3d MiB", name, m.peak[name]>>10)
		if kb := m.peak[name]; kb == 0 || kb > mostMemory {
			t.Errorf("%s held %d kB, at most %d", name, kb, mostMemory)
		}
	}
}

func arrivedOnce(w *way) error {
	if err := w.collect(); err != nil {
		return err
	}
	if len(w.arrived) != 1 {
		return fmt.Errorf("%d files have arrived; %d of %d bytes are staged", len(w.arrived), w.staged(), int64(largeSize))
	}
	return nil
}

// staged is how many bytes have come so far.
func (w *way) staged() (bytes int64) {
	_ = filepath.WalkDir(filepath.Join(w.to, own, "in"), func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".part") {
			if info, err := e.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil // what goes meanwhile counts for nothing
	})
	return bytes
}

// killOnTheWay kills each process on the way as often as it must, in a random order,
// each when another part of the file has come.
func (r *rig) killOnTheWay(w *way, m *memory, random *rand.Rand, began time.Time) (kills int) {
	r.t.Helper()
	all := slices.Repeat([]string{demo.FrontInternet, demo.GuardOuter, demo.GuardGate, demo.GuardInner, demo.FrontIntranet}, largeKills)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, name := range all {
		mark := int64(largeSize) / int64(len(all)+4) * int64(i+1)
		err := eventually(r.t.Context(), largeTime-time.Since(began), 10*time.Millisecond, func() error {
			if n := w.staged(); n < mark {
				return fmt.Errorf("%d of %d bytes are staged, and %s is to be killed at %d", n, int64(largeSize), name, mark)
			}
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
		m.look(r, name)
		done, err := r.killFor(r.t.Context(), name, random)
		if err != nil || !done {
			r.t.Fatalf("kill %s: %t, %v", name, done, err)
		}
		kills++
	}
	return kills
}
