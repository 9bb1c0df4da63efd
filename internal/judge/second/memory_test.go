// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"dukou.dev/dukou/internal/fault"
)

// TestMemory holds the ring against a memory that forgets nothing.
func TestMemory(t *testing.T) {
	s := seed(t)
	r := rand.New(rand.NewPCG(s, 3))
	m := newMemory()
	seen, highest, boot := map[uint64]bool{}, uint64(0), uint64(1)
	for i := range 200_000 {
		number, of := 1+highest-min(highest, r.Uint64N(2*span)), boot
		switch r.IntN(200) {
		case 0:
			number = highest + r.Uint64N(3*span)
		case 1:
			number = highest + r.Uint64()>>r.IntN(64)
		case 2:
			of += r.Uint64N(3) - 1
		case 3, 4, 5, 6, 7, 8, 9:
			number = highest + 1
		}
		want := fault.Code("")
		switch {
		case of < boot:
			want = fault.LabelOld
		case of > boot:
			boot, highest, seen = of, number, map[uint64]bool{number: true}
		case highest >= span && number <= highest-span:
			want = fault.LabelOld
		case seen[number]:
			want = fault.LabelReplayed
		default:
			seen[number], highest = true, max(highest, number)
		}
		err := m.take("m", of, number)
		if err == nil && want != "" || err != nil && err.Code != want {
			t.Fatalf("%d: number %d of boot %d behind %d: %v, want %q", i, number, of, highest, err, want)
		}
	}
}

// TestOnce: of many who present one label at once, one passes.
func TestOnce(t *testing.T) {
	w := newWorld(seed(t))
	j := newPair(w).second
	for range 50 {
		d := w.draft()
		c := d.make(nil)
		var allowed, replayed atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := j.Judge(d.policy, c)
				if codeOf(err) == fault.LabelReplayed {
					replayed.Add(1)
				} else {
					allowed.Add(1) // as far as the number goes
				}
			})
		}
		all.Wait()
		if allowed.Load() != 1 || replayed.Load() != 7 {
			t.Fatalf("%d came by, %d were replays", allowed.Load(), replayed.Load())
		}
	}
}
