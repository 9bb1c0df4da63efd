// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
)

// The longest time that a sync takes, on a good disk and on a slow one.
const (
	syncing     = 3 * time.Millisecond
	slowSyncing = 150 * time.Millisecond
)

// lifeDisk is the disk of a machine as one life of a process sees it. After the end
// of that life its changes go nowhere and succeed, so that what is left of the
// process can come to its end without touching the disk of the next life.
type lifeDisk struct {
	l     *life
	mu    sync.Mutex
	locks map[string]bool
}

func (d *lifeDisk) gone() bool { return d.l.dead.Load() }

// change makes one change to the disk, during which the machine may be struck.
func (d *lifeDisk) change(op func(durable.Disk) error) error { return d.changeIn(op, false) }

// changeIn tells of a change whether it is the sync of a directory.
func (d *lifeDisk) changeIn(op func(durable.Disk) error, entries bool) error {
	if d.gone() {
		return nil
	}
	m := d.l.p.m
	m.io.Lock()
	defer m.io.Unlock()
	if d.gone() { // while it waited
		return nil
	}
	if m.strikes(d.l) {
		return m.struck(d.l, op, entries)
	}
	return op(m.disk)
}

// OpenFile opens a file; making one is a change.
func (d *lifeDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if d.gone() {
		if flag&os.O_CREATE != 0 {
			return &lifeFile{d: d}, nil
		}
		return nil, errGone
	}
	f := &lifeFile{d: d, syncs: syncs(name)}
	open := func(disk durable.Disk) (err error) {
		f.f, err = disk.OpenFile(name, flag, perm)
		return err
	}
	if flag&(os.O_CREATE|os.O_TRUNC) == 0 {
		m := d.l.p.m
		m.io.Lock()
		defer m.io.Unlock()
		if err := open(m.disk); err != nil {
			return nil, err
		}
	} else if err := d.change(open); err != nil {
		return nil, err
	}
	f.kept = d.l.p.m.kept.of(name)
	return f, nil
}

// syncs tells for which files the scheduler decides when a sync ends: the logs and
// the bodies, on which others wait without holding a lock.
func syncs(name string) bool {
	dir := path.Base(path.Dir(name))
	return dir == "journal" || dir == "ledger" || strings.HasSuffix(name, ".part")
}

func (d *lifeDisk) Rename(oldname, newname string) error {
	return d.change(func(disk durable.Disk) error {
		err := disk.Rename(oldname, newname)
		if err == nil {
			d.l.p.m.kept.rename(oldname, newname)
		}
		return err
	})
}

// Move is a Rename that replaces nothing.
func (d *lifeDisk) Move(oldname, newname string) error {
	return d.change(func(disk durable.Disk) error { return disk.Move(oldname, newname) })
}

// Stat describes what lies at a name.
func (d *lifeDisk) Stat(name string) (durable.Info, error) {
	if d.gone() {
		return durable.Info{}, errGone
	}
	m := d.l.p.m
	m.io.Lock()
	defer m.io.Unlock()
	return m.disk.Stat(name)
}

// Free is in bytes.
func (d *lifeDisk) Free(string) (uint64, error) { return 1 << 40, nil }

func (d *lifeDisk) Remove(name string) error {
	return d.change(func(disk durable.Disk) error { return disk.Remove(name) })
}

func (d *lifeDisk) Mkdir(name string, perm fs.FileMode) error {
	return d.change(func(disk durable.Disk) error { return disk.Mkdir(name, perm) })
}

func (d *lifeDisk) SyncDir(name string) error {
	return d.changeIn(func(disk durable.Disk) error { return disk.SyncDir(name) }, true)
}

func (d *lifeDisk) ReadDir(name string) ([]string, error) {
	if d.gone() {
		return nil, errGone
	}
	m := d.l.p.m
	m.io.Lock()
	defer m.io.Unlock()
	return m.disk.ReadDir(name)
}

// Lock is of this life: an earlier one has ended before this one began.
func (d *lifeDisk) Lock(name string) (io.Closer, error) {
	if d.gone() {
		return nil, errGone
	}
	name = filepath.Clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, durable.ErrLocked
	}
	d.locks[name] = true
	return lifeLock{d, name}, nil
}

type lifeLock struct {
	d    *lifeDisk
	name string
}

func (k lifeLock) Close() error {
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	delete(k.d.locks, k.name)
	return nil
}

// lifeFile is an open file in one life; f is nil when it was opened after its end.
type lifeFile struct {
	d     *lifeDisk
	f     durable.File
	syncs bool
	kept  *keptFile
}

func (f *lifeFile) ReadAt(p []byte, off int64) (int, error) {
	if f.d.gone() || f.f == nil {
		return 0, errGone
	}
	return f.f.ReadAt(p, off)
}

func (f *lifeFile) Size() (int64, error) {
	if f.d.gone() || f.f == nil {
		return 0, errGone
	}
	return f.f.Size()
}

func (f *lifeFile) Stat() (durable.Info, error) {
	if f.d.gone() || f.f == nil {
		return durable.Info{}, errGone
	}
	return f.f.Stat()
}

func (f *lifeFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.d.change(func(durable.Disk) error {
		if f.f == nil {
			return nil
		}
		_, err := f.f.WriteAt(p, off)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Sync waits for its turn and then for the disk.
func (f *lifeFile) Sync() error {
	l := f.d.l
	if f.syncs && !f.d.gone() {
		turn := make(chan struct{})
		l.p.m.s.post(l.disk, "sync", func() { close(turn) })
		select {
		case <-turn:
		case <-l.gone:
		}
	}
	return f.d.change(func(durable.Disk) error {
		if f.f == nil {
			return nil
		}
		err := f.f.Sync()
		if err == nil && f.kept != nil {
			return f.kept.take(f.f)
		}
		return err
	})
}

func (f *lifeFile) Close() error {
	if f.f == nil {
		return nil
	}
	return f.f.Close()
}
