// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
)

// BenchmarkSmall takes files of 4 KiB from a directory, over a Unix socket, into a
// directory, everything as durable as it must be. One operation is one file; the syncs
// of files and of directories are counted for one file, too.
func BenchmarkSmall(b *testing.B) {
	for _, workers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) { benchSmall(b, workers) })
	}
}

func benchSmall(b *testing.B, workers int) {
	dir := b.TempDir()
	source, target := filepath.Join(memoryDir(b), "source"), filepath.Join(dir, "target")
	names := make(chan string, b.N)
	if err := os.Mkdir(source, 0o700); err != nil {
		b.Fatal(err)
	}
	body := noise(1, 4096)
	for i := range b.N {
		name := parcel.NewID().String()
		if err := os.WriteFile(filepath.Join(source, name), body, 0o600); err != nil {
			b.Fatal(err)
		}
		if names <- name; i == 0 {
			b.SetBytes(4096)
		}
	}
	close(names)
	disk := &countingDisk{Disk: durable.OS()}
	r := &rig{t: b, dir: dir, sink: newFolder(target)}
	r.open(disk)
	c, _ := r.link()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var all sync.WaitGroup
	var done atomic.Int64
	disk.reset()
	b.ResetTimer()
	for range workers {
		all.Go(func() {
			for name := range names {
				r.adopt(source, name)
			}
		})
		all.Go(func() {
			for {
				out, err := r.outbox.Next(ctx)
				if err != nil {
					return
				}
				receipt, err := r.attempt(c, out, nil)
				if err == nil {
					err = r.outbox.Settle(out, Outcome{Receipt: receipt})
				}
				if err != nil {
					b.Error(err)
				}
				if done.Add(1) == int64(b.N) {
					stop()
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	n := float64(b.N)
	b.ReportMetric(n/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(disk.staged.Load())/n, "body-syncs/file")
	b.ReportMetric(float64(disk.ledger.Load())/n, "ledger-syncs/file")
	b.ReportMetric(float64(disk.dirs.Load())/n, "dir-syncs/file")
}

// open opens both sides over a disk; target is synced as a folder's sink does it.
func (r *rig) open(disk durable.Disk) {
	r.t.Helper()
	if err := os.Mkdir(r.sink.dir, 0o700); err != nil {
		r.t.Fatal(err)
	}
	var err error
	settled := func(*Outgoing, Outcome) error { return nil }
	r.outbox, err = OpenOutbox(OutboxConfig{Dir: filepath.Join(r.dir, "out"), Disk: disk, Key: vault.Key{2}, Settled: settled})
	if err != nil {
		r.t.Fatal(err)
	}
	sink := &syncedFolder{folder: r.sink, sync: NewDirSync(durable.Files{Disk: disk}, r.sink.dir)}
	r.inbox, err = OpenInbox(context.Background(), InboxConfig{
		Dir: filepath.Join(r.dir, "in"), Disk: disk, Key: vault.Key{1}, Sink: sink, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := r.outbox.Close(); err != nil {
			r.t.Error(err)
		}
		if err := r.inbox.Close(); err != nil {
			r.t.Error(err)
		}
	})
}

type syncedFolder struct {
	*folder
	sync *DirSync
}

func (s *syncedFolder) Release(ctx context.Context, d Delivery, name string) error {
	if err := s.folder.Release(ctx, d, name); err != nil {
		return err
	}
	return s.sync.Wait()
}

// countingDisk counts syncs by what they are for.
type countingDisk struct {
	durable.Disk
	staged, ledger, dirs atomic.Int64
}

func (d *countingDisk) reset() {
	d.staged.Store(0)
	d.ledger.Store(0)
	d.dirs.Store(0)
}

func (d *countingDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	count := &d.ledger
	if filepath.Ext(name) == partExt || filepath.Ext(name) == bodyExt {
		count = &d.staged
	}
	return countingFile{f, count}, nil
}

func (d *countingDisk) SyncDir(name string) error {
	d.dirs.Add(1)
	return d.Disk.SyncDir(name)
}

type countingFile struct {
	durable.File
	count *atomic.Int64
}

func (f countingFile) Sync() error {
	f.count.Add(1)
	return f.File.Sync()
}

// BenchmarkLarge delivers a body of 1 GiB; taking it in is not counted.
func BenchmarkLarge(b *testing.B) {
	const size = 1 << 30
	for b.Loop() {
		b.StopTimer()
		r := newRigIn(b, b.TempDir())
		out := r.take("large", noise(1, size))
		c, cut := r.link()
		b.SetBytes(size)
		b.StartTimer()
		if _, err := r.attempt(c, out, nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		cut()
		b.StartTimer()
	}
}
