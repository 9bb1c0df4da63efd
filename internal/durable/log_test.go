// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/durable"
)

func TestAppendReadTrim(t *testing.T) {
	dir := t.TempDir()
	o := durable.LogOptions{SegmentBytes: 8 << 10, MaxRecord: 1000}
	l := mustOpen(t, dir, o)
	const n = 2000
	for i := range n {
		if c := l.Append(record(i)); c.Index != uint64(i) {
			t.Fatalf("record %d got index %d", i, c.Index)
		}
	}
	if err := l.Append(record(n)).Wait(); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{0, 1, 255, 256, 257, 999, n - 1, n, n + 1, n + 5} {
		checkRead(t, l, from, 300, n+1)
	}
	if err := l.Trim(1000); err != nil {
		t.Fatal(err)
	}
	if first := l.First(); first == 0 || first > 1000 {
		t.Fatalf("after Trim(1000) the log begins at %d", first)
	}
	if err := l.Read(0, 1, nil); !errors.Is(err, durable.ErrTrimmed) {
		t.Fatalf("reading removed records: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append([]byte("x")).Wait(); !errors.Is(err, durable.ErrClosed) {
		t.Fatalf("append after close: %v", err)
	}
	o.From = n
	l = mustOpen(t, dir, o)
	defer l.Close()
	if l.Next() != n+1 {
		t.Fatalf("reopened log goes on at %d", l.Next())
	}
	checkRead(t, l, 1500, 300, n+1) // in segments that were not replayed
	checkRead(t, l, 1501, 300, n+1)
}

func record(i int) []byte { return fmt.Appendf(nil, "record %d%s", i, strings.Repeat(".", i%37)) }

func mustOpen(t *testing.T, dir string, o durable.LogOptions) *durable.Log {
	t.Helper()
	l, err := durable.OpenLog(dir, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func checkRead(t *testing.T, l *durable.Log, from, count, next int) {
	t.Helper()
	i := from
	err := l.Read(uint64(from), count, func(index uint64, r []byte) error {
		if index != uint64(i) || !bytes.Equal(r, record(i)) {
			t.Fatalf("read %q at %d, want record %d", r, index, i)
		}
		i++
		return nil
	})
	if want := max(from, min(from+count, next)); err != nil || i != want {
		t.Fatalf("Read(%d, %d) ended at %d, want %d: %v", from, count, i, want, err)
	}
}

func TestLimits(t *testing.T) {
	l := mustOpen(t, t.TempDir(), durable.LogOptions{SegmentBytes: 8 << 10, MaxRecord: 100})
	defer l.Close()
	for _, size := range []int{0, 101} {
		c := l.Append(make([]byte, size))
		if err := c.Wait(); !errors.Is(err, durable.ErrRecordSize) || c.Done() != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := durable.OpenLog(t.TempDir(), durable.LogOptions{SegmentBytes: 4096, MaxRecord: 4096}, nil); err == nil {
		t.Error("segments that cannot hold one record are accepted")
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, durable.LogOptions{})
	if _, err := durable.OpenLog(dir, durable.LogOptions{}, nil); !errors.Is(err, durable.ErrLocked) {
		t.Fatalf("second writer: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, dir, durable.LogOptions{}).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOrder appends from many goroutines: each finds its own records in its order.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, durable.LogOptions{SegmentBytes: 64 << 10, MaxRecord: 1000})
	var wg sync.WaitGroup
	for who := range 8 {
		wg.Go(func() {
			for i := range 500 {
				c := l.Append(binary.BigEndian.AppendUint32([]byte{byte(who)}, uint32(i)))
				if i%50 == 0 && c.Wait() != nil {
					t.Error("refused")
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var seen [8]uint32
	tail, err := durable.Scan(durable.OS(), dir, 0, 1000, func(_ uint64, r []byte) error {
		if i := binary.BigEndian.Uint32(r[1:]); i != seen[r[0]] {
			return fmt.Errorf("goroutine %d: record %d where %d is next", r[0], i, seen[r[0]])
		}
		seen[r[0]]++
		return nil
	})
	if err != nil || tail.Next != 4000 {
		t.Fatalf("%+v, %v", tail, err)
	}
}

// TestDamage writes three batches and damages the file in ways that are, and are not, a torn tail.
func TestDamage(t *testing.T) {
	const sector = 512
	long := bytes.Repeat([]byte{0xa5}, 3*sector)
	for _, tc := range []struct {
		name   string
		damage func(b []byte) []byte
		left   int  // records after opening
		ok     bool // it opens
	}{
		{"nothing", func(b []byte) []byte { return b }, 3, true},
		{"flip in first", flip(sector + 100), 0, false},
		{"flip in last", flip(9*sector + 100), 0, false},
		{"last: middle sector lost", zero(10*sector, 11*sector), 2, true},
		{"last: first sector lost", zero(9*sector, 10*sector), 2, true},
		{"last: all lost", zero(9*sector, 13*sector), 2, true},
		{"last: half a sector lost", zero(10*sector, 10*sector+256), 0, false},
		{"middle: sector lost, intact batch follows", zero(6*sector, 7*sector), 0, false},
		{"first: first sector lost, intact batch follows", zero(sector, 2*sector), 0, false},
		{"header flip", flip(9), 0, false},
		{"header padding", flip(300), 0, false},
		{"batch padding", flip(13*sector - 8), 0, false},
		{"file cut in the last record", func(b []byte) []byte { return b[:10*sector] }, 2, true},
		{"file cut in the header", func(b []byte) []byte { return b[:100] }, 0, false},
		{"file empty", func(b []byte) []byte { return nil }, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			o := durable.LogOptions{SegmentBytes: 16 << 10, MaxRecord: 8000}
			l := mustOpen(t, dir, o)
			for range 3 {
				if err := l.Append(long).Wait(); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			edit(t, filepath.Join(dir, "00000000000000000000.seg"), tc.damage)
			l, err := durable.OpenLog(dir, o, nil)
			var corrupt *durable.CorruptError
			if !tc.ok {
				if !errors.As(err, &corrupt) {
					t.Fatalf("opened with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Next() != uint64(tc.left) {
				t.Fatalf("%d records left, want %d", l.Next(), tc.left)
			}
			if err := l.Append(long).Wait(); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			tail, err := durable.Scan(durable.OS(), dir, 0, 8000, nil)
			if err != nil || tail != (durable.Tail{Next: uint64(tc.left) + 1}) {
				t.Fatalf("after a new record: %+v, %v", tail, err)
			}
		})
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte { b[at] ^= 0x10; return b }
}

func zero(from, to int) func([]byte) []byte {
	return func(b []byte) []byte { clear(b[from:to]); return b }
}

func edit(t *testing.T, name string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMissingSegment(t *testing.T) {
	dir := t.TempDir()
	o := durable.LogOptions{SegmentBytes: 8 << 10, MaxRecord: 1000}
	l := mustOpen(t, dir, o)
	for i := range 500 {
		l.Append(record(i))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	_, err = durable.OpenLog(dir, o, nil)
	var corrupt *durable.CorruptError
	if !errors.As(err, &corrupt) {
		t.Fatalf("opened with %v", err)
	}
}

// TestFailedWriteEndsProcess fills a disk in a child process.
func TestFailedWriteEndsProcess(t *testing.T) {
	if dir := os.Getenv("DUKOU_TEST_FULL_DISK"); dir != "" {
		l, err := durable.OpenLog(dir, durable.LogOptions{Disk: full{durable.OS()}}, nil)
		if err != nil {
			os.Exit(3)
		}
		_ = l.Append([]byte("x")).Wait()
		os.Exit(4)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFailedWriteEndsProcess$")
	cmd.Env = append(os.Environ(), "DUKOU_TEST_FULL_DISK="+t.TempDir())
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !bytes.Contains(out, []byte("unknown until it is read back")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

type full struct{ durable.Disk }

func (full) SyncDir(string) error { return nil }

func (full) OpenFile(string, int, os.FileMode) (durable.File, error) {
	return nil, errors.New("no space left")
}

// TestScanWhileWritten reads a log again and again while it grows: what was written after
// the reader had read the place is no damage.
func TestScanWhileWritten(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, durable.LogOptions{SegmentBytes: 1 << 20, MaxRecord: 1000})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				if err := l.Append([]byte("one more record")).Wait(); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	for last := uint64(0); last < 500 && !t.Failed(); {
		tail, err := durable.Scan(durable.OS(), dir, 0, 1000, nil)
		if err != nil || tail.Next < last {
			t.Errorf("after %d records: %d, %v", last, tail.Next, err)
		}
		last = tail.Next
	}
	close(stop)
	<-stopped
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
