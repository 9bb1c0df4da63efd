// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// model is what a log must hold: records in order, of which acked are promised.
type model struct {
	records [][]byte
	acked   int
}

// life runs fn as a process that may die anywhere: on a failed write, or with the power.
func life(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			var failed *durable.SyncError
			if r := recover(); r != nil {
				if err, ok := r.(error); !ok || !errors.As(err, &failed) {
					panic(r)
				}
			}
		}()
		fn()
	}()
	<-done
}

// die is what a simulated process does instead of panicking.
func die(err error) { runtime.Goexit() }

func options(d durable.Disk, seed uint64) durable.LogOptions {
	return durable.LogOptions{
		Disk: d, Rand: rand.NewChaCha8([32]byte{byte(seed)}),
		SegmentBytes: 16 << 10, MaxRecord: 6000, Fatal: die,
	}
}

// open replays the log and holds it against m.
func (m *model) open(t *testing.T, o durable.LogOptions) *durable.Log {
	t.Helper()
	n := 0
	l, err := durable.OpenLog("a/b/log", o, func(index uint64, record []byte) error {
		if index != uint64(n) || n >= len(m.records) || !bytes.Equal(record, m.records[n]) {
			return fmt.Errorf("record %d of %d was not appended there", index, len(m.records))
		}
		n++
		return nil
	})
	if errors.Is(err, crashdisk.ErrCrashed) || errors.Is(err, syscall.EIO) {
		return nil
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	if n < m.acked {
		t.Errorf("%d records are left of %d that were promised", n, m.acked)
		return nil
	}
	m.records = m.records[:n]
	m.acked = n // what was replayed is promised
	return l
}

func (m *model) work(d *crashdisk.Disk, l *durable.Log, rng *rand.Rand, steps int) {
	for range steps {
		var last durable.Commit
		for range 1 + rng.IntN(6) {
			r := make([]byte, 1+rng.IntN(200))
			if rng.IntN(8) == 0 {
				r = make([]byte, 1+rng.IntN(6000))
			}
			for i := range r {
				r[i] = byte(rng.Uint32())
			}
			if rng.IntN(4) == 0 {
				clear(r[len(r)/3:]) // content that looks like a hole
			}
			m.records = append(m.records, r)
			last = l.Append(r)
		}
		if rng.IntN(3) == 0 {
			continue
		}
		select {
		case <-last.Done():
			m.acked = int(last.Index) + 1
		case <-d.Dead():
			return
		}
	}
}

func TestPowerCuts(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 50
	}
	cuts := 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 1))
		d, m := crashdisk.New(seed), &model{}
		for range 6 {
			d.CutAt(1 + rng.IntN(60))
			life(t, func() {
				if l := m.open(t, options(d, seed)); l != nil {
					m.work(d, l, rng, 20)
				}
			})
			cuts += d.Faults()
			d = d.Crash()
		}
		life(t, func() {
			l := m.open(t, options(d, seed))
			if l == nil {
				t.Error("the log does not open on a sound disk")
				return
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if cuts == 0 {
		t.Fatal("the power never went while the log was used")
	}
	t.Logf("%d seeds, %d power cuts inside a change", seeds, cuts)
}

// TestEveryFault fails the n-th change to the disk, n = 1, 2, ..., until a run
// passes untouched, once with an error and once with the power.
func TestEveryFault(t *testing.T) {
	for _, kind := range []string{"error", "power"} {
		t.Run(kind, func(t *testing.T) {
			for n := 1; ; n++ {
				d, m := crashdisk.New(uint64(n)), &model{}
				if kind == "error" {
					d.FailAt(n)
				} else {
					d.CutAt(n)
				}
				finished := false
				life(t, func() { finished = m.fixed(t, d, n) })
				if finished != (d.Faults() == 0) {
					t.Fatalf("fault %d: finished %v with %d faults", n, finished, d.Faults())
				}
				faults := d.Faults()
				for range 3 {
					d = d.Crash()
					life(t, func() { m.open(t, options(d, 0)) })
				}
				if t.Failed() {
					t.Fatalf("fault %d", n)
				}
				if faults == 0 {
					t.Logf("%d faults", n-1)
					return
				}
			}
		})
	}
}

// fixed is a run that rolls segments, trims and replaces a file.
func (m *model) fixed(t *testing.T, d *crashdisk.Disk, n int) bool {
	l := m.open(t, options(d, uint64(n)))
	if l == nil {
		return false
	}
	for i := range 12 {
		r := bytes.Repeat([]byte{byte(i + 1)}, 4000)
		m.records = append(m.records, r)
		c := l.Append(r)
		// The writer gone means that the process is.
		if !wait(l, c) {
			return false
		}
		m.acked++
	}
	return l.Close() == nil
}

// wait says whether c was written before the writer ended.
func wait(l *durable.Log, c durable.Commit) bool {
	select {
	case <-c.Done():
		return true
	case <-l.Stopped():
		return false
	}
}

func TestWriteFileSurvives(t *testing.T) {
	const name = "x/y/state"
	for n := 1; ; n++ {
		d := crashdisk.New(uint64(n))
		promised := -1
		d.CutAt(n)
		life(t, func() {
			if durable.MkdirAllOn(d, "x/y", 0o700) != nil {
				return
			}
			for v := range 4 {
				if durable.WriteFileOn(d, name, content(v), 0o600) != nil {
					return
				}
				promised = v
			}
		})
		faults := d.Faults()
		d = d.Crash()
		got, err := durable.ReadFileOn(d, name, 1<<20)
		ok := promised < 0 && err != nil
		for v := max(promised, 0); v < 4; v++ {
			ok = ok || bytes.Equal(got, content(v))
		}
		if !ok {
			t.Fatalf("cut %d: after version %d was promised, the file has %d bytes, %v", n, promised, len(got), err)
		}
		if faults == 0 {
			return
		}
	}
}

func content(v int) []byte { return bytes.Repeat([]byte{byte('a' + v)}, 700+v) }

// TestSyncIsNeeded breaks the disk's promise and expects the check to notice:
// a harness that cannot fail proves nothing.
func TestSyncIsNeeded(t *testing.T) {
	lost := 0
	for seed := range uint64(40) {
		d := crashdisk.New(seed)
		l, err := durable.OpenLog("log", options(lying{d}, seed), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Append([]byte("promised")).Wait(); err != nil {
			t.Fatal(err)
		}
		n := 0
		_, err = durable.Scan(d.Crash(), "log", 0, 0, func(uint64, []byte) error { n++; return nil })
		if n == 0 || err != nil {
			lost++
		}
	}
	if lost == 0 {
		t.Fatal("a disk that never syncs lost nothing")
	}
}

// lying says that it has synced.
type lying struct{ durable.Disk }

func (d lying) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	return lyingFile{f}, err
}

type lyingFile struct{ durable.File }

func (lyingFile) Sync() error { return nil }
