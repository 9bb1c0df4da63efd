// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// process runs fn as a process that dies when the disk fails or the power goes.
func process(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			r := recover()
			if err, ok := r.(error); r != nil && (!ok || !diskGone(err)) {
				panic(r)
			}
		}()
		fn()
	}()
	<-done
}

func diskGone(err error) bool {
	return errors.Is(err, crashdisk.ErrCrashed) || errors.Is(err, syscall.EIO)
}

// history is what a journal has promised to others.
type history struct {
	acked   uint64 // entries whose Wait returned
	witness *audit.Witness
}

// live opens the journal, appends and publishes, and tells the witness.
func (h *history) live(t *testing.T, d *crashdisk.Disk, rng *rand.Rand, steps int) (finished bool) {
	c := config(t, d, byte(rng.Uint32()))
	c.Fatal = func(error) { runtime.Goexit() }
	j, err := audit.Open(c)
	if err != nil {
		h.must(t, err)
		return false
	}
	if j.Next() < h.acked {
		t.Errorf("%d entries are left of %d that were promised", j.Next(), h.acked)
		return false
	}
	for range steps {
		var last audit.Ticket
		for range 1 + rng.IntN(40) {
			e := entry(rng.IntN(1000))
			e.Detail = make([]byte, rng.IntN(3000))
			last = j.Append(e)
		}
		if rng.IntN(2) == 0 {
			if err := last.Wait(); err != nil { // or the process ends here
				h.must(t, err)
				return false
			}
			h.acked = last.Index + 1
		}
		if err := h.publish(t, j); err != nil {
			h.must(t, err)
			return false
		}
	}
	if err := j.Flush(); err != nil {
		h.must(t, err)
		return false
	}
	h.acked = j.Next()
	return j.Close() == nil && h.publish(t, j) == nil
}

// must accepts only the errors of a disk that is gone.
func (h *history) must(t *testing.T, err error) {
	if !diskGone(err) && !errors.Is(err, durable.ErrClosed) {
		t.Error(err)
	}
}

// publish hands the checkpoint to the witness, which must find it consistent.
func (h *history) publish(t *testing.T, j *audit.Journal) error {
	if err := j.Publish(); err != nil {
		return err
	}
	_, last, err := h.witness.Latest(origin)
	if err != nil {
		t.Error(err)
		return nil
	}
	proof, checkpoint, err := j.Consistency(last.Size)
	if err != nil {
		return err
	}
	if _, err := h.witness.Update(checkpoint, proof); err != nil {
		t.Error(err)
	}
	return nil
}

// survived checks the disk as the power cut left it, before any process has opened it.
func (h *history) survived(t *testing.T, d *crashdisk.Disk) {
	cosigned, head, err := h.witness.Latest(origin)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	tail, err := durable.Scan(d, "audit/journal", 0, audit.MaxRecord, func(uint64, []byte) error { n++; return nil })
	if err != nil && (h.acked > 0 || head.Size > 0) {
		t.Fatal(err)
	}
	if n < head.Size || n < h.acked {
		t.Fatalf("%d entries are left; %d were promised and a checkpoint over %d was published; %+v", n, h.acked, head.Size, tail)
	}
	if head.Size == 0 {
		return
	}
	r, err := reader.Verify("audit", keys(t), reader.Options{Disk: d, Witness: cosigned, WitnessKeys: witnessKeys(t)})
	if err != nil || !r.OK() || r.Unproven {
		t.Fatalf("%v\n%s", err, r.String())
	}
}

func newHistory(t *testing.T) *history {
	return &history{witness: openWitness(t, crashdisk.New(0))}
}

func TestJournalSurvivesPowerCuts(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 10
	}
	cuts := 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 2))
		d, h := crashdisk.New(seed), newHistory(t)
		for range 5 {
			d.CutAt(1 + rng.IntN(120))
			process(func() { h.live(t, d, rng, 8) })
			cuts += d.Faults()
			d = d.Crash()
			h.survived(t, d)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		process(func() {
			if !h.live(t, d, rng, 2) {
				t.Error("the journal does not open on a sound disk")
			}
		})
		h.survived(t, d)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if cuts == 0 {
		t.Fatal("no power cut hit a change")
	}
	t.Logf("%d seeds, %d power cuts inside a change", seeds, cuts)
}

// TestJournalEveryFault fails the n-th change to the disk until a run passes untouched.
func TestJournalEveryFault(t *testing.T) {
	for n := 1; ; n++ {
		d, h := crashdisk.New(uint64(n)), newHistory(t)
		d.FailAt(n)
		finished := false
		process(func() { finished = h.live(t, d, rand.New(rand.NewPCG(7, 7)), 4) })
		faults := d.Faults()
		if finished && faults > 0 {
			t.Fatalf("fault %d was passed over", n)
		}
		d = d.Crash()
		h.survived(t, d)
		process(func() { h.live(t, d, rand.New(rand.NewPCG(8, 8)), 1) })
		h.survived(t, d)
		if t.Failed() {
			t.Fatalf("fault %d", n)
		}
		if faults == 0 {
			t.Logf("%d faults", n-1)
			return
		}
	}
}
