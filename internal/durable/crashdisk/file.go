// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"io"
	"io/fs"

	"dukou.dev/dukou/internal/durable"
)

// file is an open file; it may have been removed since.
type file struct {
	disk   *Disk
	node   *node
	closed bool
}

func (f *file) use() error {
	if f.closed {
		return fs.ErrClosed
	}
	return f.disk.alive()
}

// ReadAt reads what was written, synced or not.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.use(); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt changes what is read at once, and the disk perhaps.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.use(); err != nil {
		return 0, err
	}
	if err := f.disk.write(f.node, write{off: off, data: append([]byte(nil), p...)}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Size returns the length of the file.
func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.node.data)), f.use()
}

// Stat describes the file.
func (f *file) Stat() (durable.Info, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.node.info(), f.use()
}

// Sync takes the writes to the disk. One that fails gives them up for good, as
// Linux does: a second Sync would succeed and not have written them.
func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.use(); err != nil {
		return err
	}
	n := f.node
	return f.disk.step(func(failed bool) {
		var stray []write
		for _, w := range n.writes {
			w.stray = w.stray || failed
			if w.stray {
				stray = append(stray, w)
				continue
			}
			n.base = w.apply(n.base)
		}
		n.writes = stray
		if !failed {
			n.baseTime = n.written
		}
	})
}

// Close ends the use of the file; it syncs nothing.
func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}
