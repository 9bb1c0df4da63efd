// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// FuzzSegment opens any bytes as a segment: it is refused, or what was read
// once is read again, and the log goes on.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	l, err := durable.OpenLog(dir, durable.LogOptions{SegmentBytes: 4096, MaxRecord: 1000}, nil)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 20 {
		if err := l.Append(record(i)).Wait(); err != nil && i == 0 {
			f.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "00000000000000000000.seg"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:1500])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		d := crashdisk.New(1)
		if err := durable.MkdirAllOn(d, "log", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteFileOn(d, "log/00000000000000000000.seg", b, 0o600); err != nil {
			t.Fatal(err)
		}
		var first, again [][]byte
		o := durable.LogOptions{Disk: d, SegmentBytes: 4096, MaxRecord: 1000}
		l, err := durable.OpenLog("log", o, collect(&first))
		if err != nil {
			return
		}
		if err := l.Append([]byte("more")).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := durable.Scan(d, "log", 0, 1000, collect(&again)); err != nil {
			t.Fatal(err)
		}
		if len(again) != len(first)+1 || !bytes.Equal(bytes.Join(again[:len(first)], nil), bytes.Join(first, nil)) {
			t.Fatalf("%d records became %d", len(first), len(again))
		}
	})
}

func collect(into *[][]byte) func(uint64, []byte) error {
	return func(_ uint64, r []byte) error {
		*into = append(*into, bytes.Clone(r))
		return nil
	}
}
