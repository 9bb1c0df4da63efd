// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
)

// meter counts what a journal asks of the disk.
type meter struct {
	durable.Disk
	syncs, creates, renames, reads atomic.Int64
}

type metered struct {
	durable.File
	m *meter
}

func (m *meter) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_CREATE != 0 {
		m.creates.Add(1)
	}
	f, err := m.Disk.OpenFile(name, flag, perm)
	return metered{f, m}, err
}

func (m *meter) Rename(oldname, newname string) error {
	m.renames.Add(1)
	return m.Disk.Rename(oldname, newname)
}

func (m *meter) SyncDir(name string) error {
	m.syncs.Add(1)
	return m.Disk.SyncDir(name)
}

func (f metered) Sync() error {
	f.m.syncs.Add(1)
	return f.File.Sync()
}

func (f metered) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	f.m.reads.Add(int64(n))
	return n, err
}

type cost struct{ syncs, creates, renames, reads int64 }

func (m *meter) cost() cost {
	return cost{m.syncs.Load(), m.creates.Load(), m.renames.Load(), m.reads.Load()}
}

func (c cost) less(before cost) cost {
	return cost{c.syncs - before.syncs, c.creates - before.creates, c.renames - before.renames, c.reads - before.reads}
}

func processorTime(t testing.TB) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// running is a journal on a real disk that is metered, and its Run.
func running(t testing.TB) (*audit.Journal, *meter, func()) {
	m := &meter{Disk: durable.OS()}
	c := config(t, m, 1)
	c.Dir, c.SegmentBytes = t.TempDir(), 0
	j := mustOpen(t, c)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	return j, m, func() {
		stop()
		if err := errors.Join(<-ended, j.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func query(i int) audit.Entry {
	e := entry(i)
	e.Label, e.Detail = make([]byte, 320), make([]byte, 700)
	return e
}

// TestCostUnwaited: entries nobody waits for cost a fixed number of syncs a second, and
// no file but the full tiles; then nothing at all.
func TestCostUnwaited(t *testing.T) {
	const each, tick = 10, 5 * time.Millisecond
	j, m, stop := running(t)
	defer stop()
	if err := j.Append(query(0)).Wait(); err != nil { // the first makes a segment and the checkpoint
		t.Fatal(err)
	}
	covers(t, j, 1)
	before, began, cpu := m.cost(), time.Now(), processorTime(t)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	n := 1
	for time.Since(began) < 3*time.Second {
		<-ticker.C
		for range each {
			j.Append(query(n))
			n++
		}
	}
	covers(t, j, uint64(n))
	took := time.Since(began)
	c := m.cost().less(before)
	t.Logf("%d entries in %v: %+v, %v of processor time", n, took.Round(time.Millisecond), c, processorTime(t)-cpu)
	rounds, tiles := int64(took/(80*time.Millisecond))+2, int64(n/256+n/65536+1)
	if most := 3*rounds + 2*tiles + 20; c.syncs > most { // log twice, checkpoint once; some for another length of it
		t.Errorf("%d syncs, more than %d", c.syncs, most)
	}
	if most := tiles + 8; c.creates > most {
		t.Errorf("%d files, more than %d", c.creates, most)
	}
	if c.reads > 0 {
		t.Errorf("%d bytes were read back", c.reads)
	}
	for last := m.cost(); ; { // the partial tiles follow, and then nothing
		<-time.After(1500 * time.Millisecond)
		now := m.cost()
		if now == last {
			break
		}
		if last = now; time.Since(began) > 20*time.Second {
			t.Fatalf("an idle journal works on: %+v", now)
		}
	}
}

// covers waits until a checkpoint covers n entries.
func covers(t testing.TB, j *audit.Journal, n uint64) {
	t.Helper()
	look, late := time.NewTicker(time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	for {
		if signed := j.Checkpoint(); signed != nil {
			if c, err := audit.ParseCheckpoint(signed); err == nil && c.Size >= n {
				return
			}
		}
		select {
		case <-look.C:
		case <-late:
			t.Fatal("no checkpoint")
		}
	}
}

// BenchmarkWaited is 32 appenders that wait for each entry of theirs.
func BenchmarkWaited(b *testing.B) {
	const writers = 32
	j, m, stop := running(b)
	before, cpu, began := m.cost(), processorTime(b), time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := j.Append(query(int(i))).Wait(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	c, n := m.cost().less(before), float64(b.N)
	b.ReportMetric(n/time.Since(began).Seconds(), "entries/s")
	b.ReportMetric(float64(processorTime(b)-cpu)/n/1000, "cpu-us/entry")
	b.ReportMetric(float64(c.syncs)*1000/n, "syncs/1000")
	b.ReportMetric(float64(c.creates)*1000/n, "creates/1000")
	b.ReportMetric(float64(c.reads)/n, "read-B/entry")
	stop()
}

// BenchmarkMirror copies a journal in rounds of 1,000 records.
func BenchmarkMirror(b *testing.B) {
	c := config(b, nil, 1)
	c.Dir, c.SegmentBytes = b.TempDir(), 0
	j := mustOpen(b, c)
	defer j.Close()
	m := &meter{Disk: durable.OS()}
	mirror, err := audit.OpenMirror(audit.MirrorConfig{Dir: b.TempDir(), Keys: keys(b), Disk: m})
	if err != nil {
		b.Fatal(err)
	}
	defer mirror.Close()
	var spent time.Duration
	var used cost
	for round := range b.N {
		for i := range 1000 {
			j.Append(query(round*1000 + i))
		}
		if err := j.Flush(); err != nil {
			b.Fatal(err)
		}
		records, err := j.Read(uint64(round*1000), 1000)
		if err != nil || len(records) != 1000 {
			b.Fatal(len(records), err)
		}
		before, cpu := m.cost(), processorTime(b)
		if _, err := mirror.Add(origin, records, j.Checkpoint(), nil); err != nil {
			b.Fatal(err)
		}
		spent += processorTime(b) - cpu
		now := m.cost().less(before)
		used = cost{used.syncs + now.syncs, used.creates + now.creates, used.renames + now.renames, used.reads + now.reads}
	}
	n := float64(b.N)
	b.ReportMetric(float64(spent)/n/1e6, "cpu-us/record")
	b.ReportMetric(float64(used.syncs)/n, "syncs/round")
	b.ReportMetric(float64(used.creates)/n, "creates/round")
	b.ReportMetric(float64(used.reads)/n/1000, "read-B/record")
}
