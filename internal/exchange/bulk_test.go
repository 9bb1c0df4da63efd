// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// TestCutAnywhere delivers a large body over connections that are cut at random.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	const size = 256 << 20
	body := noise(seed, size)
	r := newRigIn(t, t.TempDir())
	out := r.take("a", body)
	var sent, cuts int
	for {
		c, cut := r.link()
		progress := func(uint64) { sent++ }
		if cuts < 12 {
			after := chance.Uint64N(40)
			var begun atomic.Uint64
			progress = func(at uint64) {
				sent++
				begun.CompareAndSwap(0, at)
				if at > begun.Load()+after*parcel.ChunkSize {
					go cut()
				}
			}
		}
		_, err := r.attempt(c, out, progress)
		cut()
		if err == nil {
			break
		}
		if cuts++; !Transient(err) {
			t.Fatal(err)
		}
		out.Attempt++
		if cuts%4 == 0 {
			r.reopenInbox()
		}
	}
	if cuts == 0 {
		t.Error("no cut was made")
	}
	t.Logf("%d cuts, %d chunks sent for %d", cuts, sent, size>>20)
	if sent > 256+12*(progressEvery+64) {
		t.Errorf("%d chunks were sent: the transfer is not resumed", sent)
	}
	r.released(map[string][]byte{"a": body})
}

// TestManySmall delivers many files by several workers, over connections that are
// cut, and counts.
func TestManySmall(t *testing.T) {
	t.Parallel()
	r := newRigIn(t, t.TempDir())
	const files = 5000
	want := map[string][]byte{}
	source := filepath.Join(r.dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	names := make(chan string, files)
	for i := range files {
		name := parcel.ID{byte(i), byte(i >> 8), 1}.String()
		want[name] = noise(uint64(i), 100+i%4000)
		if err := os.WriteFile(filepath.Join(source, name), want[name], 0o600); err != nil {
			t.Fatal(err)
		}
		names <- name
	}
	close(names)
	var conn atomic.Pointer[wire.Conn]
	c, cut := r.link()
	conn.Store(c)
	var adopting, working sync.WaitGroup
	for range 8 {
		adopting.Go(func() {
			for name := range names {
				r.adopt(source, name)
			}
		})
	}
	var mu sync.Mutex
	told := map[string]int{}
	r.outbox.settled = func(out *Outgoing, _ Outcome) error {
		mu.Lock()
		defer mu.Unlock()
		told[out.Origin]++
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var done atomic.Int64
	for range 8 {
		working.Go(func() {
			for {
				out, err := r.outbox.Next(ctx)
				if err != nil {
					return
				}
				receipt, err := r.attempt(conn.Load(), out, nil)
				if err != nil {
					if !Transient(err) {
						t.Error(err)
					}
					r.outbox.Later(out)
					continue
				}
				if err := r.outbox.Settle(out, Outcome{Receipt: receipt}); err != nil {
					t.Error(err)
				}
				if n := done.Add(1); n == files {
					stop()
				} else if n%1000 == 0 {
					mu.Lock()
					old := cut
					c, cut = r.link()
					mu.Unlock()
					conn.Store(c)
					old()
					r.outbox.Hurry()
				}
			}
		})
	}
	adopting.Wait()
	working.Wait()
	r.released(want)
	for name := range want {
		if told[name] != 1 {
			t.Errorf("%s: its origin was told %d times", name, told[name])
		}
	}
	if left, err := os.ReadDir(source); err != nil || len(left) > 0 {
		t.Errorf("left in the source: %d, %v", len(left), err)
	}
}

func (r *rig) adopt(source, name string) {
	info, err := os.Lstat(filepath.Join(source, name))
	if err == nil {
		err = r.outbox.Adopt(draft(name), source, name, durable.InfoOf(info))
	}
	if err != nil {
		r.t.Error(err)
	}
}
