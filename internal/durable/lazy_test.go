// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"io/fs"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// counting counts the syncs of files.
type counting struct {
	durable.Disk
	syncs atomic.Int64
}

func (d *counting) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	return &countingFile{f, d}, err
}

type countingFile struct {
	durable.File
	disk *counting
}

func (f *countingFile) Sync() error {
	f.disk.syncs.Add(1)
	return f.File.Sync()
}

// TestLazy: a lazy record is no reason for a sync, and gets to the disk all the same.
func TestLazy(t *testing.T) {
	for name, end := range map[string]func(*durable.Log) (syncs int64){
		"with the next": func(l *durable.Log) int64 {
			if err := l.Append([]byte("eager")).Wait(); err != nil {
				t.Error(err)
			}
			return 1
		},
		"after a while": func(*durable.Log) int64 { time.Sleep(2 * time.Second); return 1 },
		"asked for": func(l *durable.Log) int64 {
			if err := l.Sync(); err != nil {
				t.Error(err)
			}
			return 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &counting{Disk: crashdisk.New(1)}
				o := durable.LogOptions{Disk: d, SegmentBytes: 64 << 10, MaxRecord: 6000}
				l, err := durable.OpenLog("log", o, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Append([]byte("first")).Wait(); err != nil {
					t.Fatal(err)
				}
				before := d.syncs.Load()
				var last durable.Commit
				for range 10 {
					last = l.AppendLazy([]byte("lazy"))
				}
				synctest.Wait()
				if n := d.syncs.Load() - before; n != 0 {
					t.Errorf("%d syncs for lazy records", n)
				}
				want := end(l)
				if err := last.Wait(); err != nil {
					t.Fatal(err)
				}
				if n := d.syncs.Load() - before; n != want {
					t.Errorf("%d syncs, not %d", n, want)
				}
				l.AppendLazy([]byte("at the end"))
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				records := 0
				if _, err := durable.Scan(d, "log", 0, 6000, func(uint64, []byte) error { records++; return nil }); err != nil || records < 12 {
					t.Errorf("%d records, %v", records, err)
				}
			})
		})
	}
}
