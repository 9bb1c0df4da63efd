// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/front/file"
)

// crossing is how much crosses, and what is killed meanwhile.
type crossing struct {
	big    int64 // bytes of one file
	small  int   // number of others, in both directions together
	rounds int   // how often each process is killed
	killed []string
}

// cable is pulled out and put back where a process would be killed.
const cable = "link"

// longestAway bounds how long a process is away.
const longestAway = 400 * time.Millisecond

// TestFilesSurviveKills has one large and many small files cross while each process
// that they go through is killed and started again, and the cable pulled, several times.
func TestFilesSurviveKills(t *testing.T) {
	r := start(t)
	ways := r.ways(t)
	random := chance(t)
	c := crossing{
		big: form[int64](64<<20, 1<<30), small: form(500, 5000), rounds: form(2, 4),
		killed: []string{demo.FrontInternet, demo.GuardOuter, demo.GuardGate, demo.GuardInner, demo.FrontIntranet, cable},
	}
	if long() { // the same without kills, for the numbers
		undisturbed := c
		undisturbed.rounds = 0
		r.cross(t, random, ways, undisturbed)
		ways[0].wantOnce(t)
		ways[1].wantOnce(t)
	}
	r.cross(t, random, ways, c)
	var receipts []file.Receipt
	for _, w := range ways {
		receipts = append(receipts, w.wantOnce(t)...)
	}
	r.wantRecorded(t, receipts)
}

// cross sends, kills, and waits until everything has arrived. The large file goes
// in; a quarter of its size comes out. The small ones are dropped in shares, one
// before each kill, and a kill comes when a random part of all bytes has arrived.
func (r *rig) cross(t *testing.T, random *rand.Rand, ways []*way, c crossing) {
	t.Helper()
	kills := slices.Concat(slices.Repeat(c.killed, c.rounds))
	random.Shuffle(len(kills), func(i, j int) { kills[i], kills[j] = kills[j], kills[i] })
	marks := make([]float64, len(kills))
	for i := range marks {
		marks[i] = 0.02 + 0.88*random.Float64()
	}
	slices.Sort(marks)
	before := arrived(ways)
	began := time.Now()
	var bytes int64
	files := 0
	drop := func(w *way, size int64) {
		w.drop(t, random, size)
		bytes, files = bytes+size, files+1
	}
	drop(ways[0], c.big)
	drop(ways[1], c.big/4)
	large := bytes
	shares := len(kills) + 1
	for i := range shares {
		for range c.small / shares {
			drop(ways[random.IntN(2)], random.Int64N(16<<10))
		}
		if i < len(kills) {
			r.killAt(t, random, kills[i], func() bool { return float64(arrived(ways)-before) >= marks[i]*float64(large) })
		}
	}
	for range c.small % shares {
		drop(ways[random.IntN(2)], 0)
	}
	for _, w := range ways {
		w.await(t, 4*time.Minute)
	}
	took := time.Since(began)
	t.Logf("%d files, %d MiB, %d kills: %v, %.1f MB/s, %.0f files/s", files, bytes>>20, len(kills), took.Round(time.Millisecond),
		float64(bytes)/1e6/took.Seconds(), float64(files)/took.Seconds())
}

func arrived(ways []*way) (bytes int64) {
	for _, w := range ways {
		bytes += w.arrived()
	}
	return bytes
}

// killAt kills a process when enough has arrived, and starts it again after a while.
func (r *rig) killAt(t *testing.T, random *rand.Rand, name string, enough func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !enough() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("nothing more arrived before %s was to be killed", name)
		}
	}
	end, begin := func() error { r.Kill(name); return nil }, r.Launch
	if name == cable {
		end, begin = func() error { return r.Stage().Unplug(cable) }, r.Stage().Plug
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-time.After(time.Duration(random.Int64N(int64(longestAway)))): // it is away
	case <-t.Context().Done():
	}
	if err := begin(name); err != nil {
		t.Fatal(err)
	}
}
