// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/durable"
)

// OpenFile opens or makes a file; the modes are not looked at.
func (d *Disk) OpenFile(name string, flag int, _ fs.FileMode) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.alive(); err != nil {
		return nil, err
	}
	dir, base, err := d.parent(name)
	if err != nil {
		return nil, err
	}
	n := dir.live[base]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, fmt.Errorf("crashdisk: %s: %w", name, fs.ErrNotExist)
	case n == nil:
		n = &node{inode: d.tick()}
		n.written, n.baseTime = n.inode, n.inode
		if err := d.change(dir, change{put: base, node: n}); err != nil {
			return nil, err
		}
	case n.isDir():
		return nil, fmt.Errorf("crashdisk: %s: %w", name, syscall.EISDIR)
	case flag&os.O_EXCL != 0:
		return nil, fmt.Errorf("crashdisk: %s: %w", name, fs.ErrExist)
	}
	if flag&os.O_TRUNC != 0 && len(n.data) > 0 {
		if err := d.write(n, write{cut: true}); err != nil {
			return nil, err
		}
	}
	return &file{disk: d, node: n}, nil
}

// Rename moves a file, over another one if need be.
func (d *Disk) Rename(oldname, newname string) error { return d.rename(oldname, newname, true) }

// Move moves a file and replaces nothing.
func (d *Disk) Move(oldname, newname string) error { return d.rename(oldname, newname, false) }

func (d *Disk) rename(oldname, newname string, replace bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.alive(); err != nil {
		return err
	}
	dir, from, err := d.parent(oldname)
	if err != nil {
		return err
	}
	other, to, err := d.parent(newname)
	if err != nil {
		return err
	}
	n := dir.live[from]
	switch {
	case n == nil:
		return fmt.Errorf("crashdisk: %s: %w", oldname, fs.ErrNotExist)
	case other.live[to] != nil && !replace:
		return fmt.Errorf("crashdisk: %s: %w", newname, fs.ErrExist)
	case dir == other:
		return d.change(dir, change{remove: from, put: to, node: n})
	default:
		return d.moveAcross(dir, from, other, to)
	}
}

// Remove deletes a file or an empty directory.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir, base, err := d.parent(name)
	if err != nil {
		return err
	}
	n := dir.live[base]
	if n == nil {
		return fmt.Errorf("crashdisk: %s: %w", name, fs.ErrNotExist)
	}
	if len(n.live) > 0 {
		return fmt.Errorf("crashdisk: %s: %w", name, syscall.ENOTEMPTY)
	}
	return d.change(dir, change{remove: base})
}

// Mkdir makes a directory.
func (d *Disk) Mkdir(name string, _ fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(split(name)) == 0 {
		return fmt.Errorf("crashdisk: %s: %w", name, fs.ErrExist)
	}
	dir, base, err := d.parent(name)
	if err != nil {
		return err
	}
	if dir.live[base] != nil {
		return fmt.Errorf("crashdisk: %s: %w", name, fs.ErrExist)
	}
	return d.change(dir, change{put: base, node: newDir(d.tick())})
}

// ReadDir returns the names in a directory.
func (d *Disk) ReadDir(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.alive(); err != nil {
		return nil, err
	}
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, fmt.Errorf("crashdisk: %s: %w", name, syscall.ENOTDIR)
	}
	return sortedNames(n.live), nil
}

// SyncDir takes the entries of a directory to the disk.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(name)
	if err != nil {
		return err
	}
	err = d.step(func(failed bool) {
		if failed {
			n.giveUp()
		} else {
			n.settle(len(n.changes))
		}
	})
	if errors.Is(err, syscall.EIO) {
		return &durable.SyncError{Path: name, Err: err}
	}
	return err
}

// Stat describes a file or directory.
func (d *Disk) Stat(name string) (durable.Info, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.alive(); err != nil {
		return durable.Info{}, err
	}
	n, err := d.find(name)
	if err != nil {
		return durable.Info{}, err
	}
	return n.info(), nil
}

func (n *node) info() durable.Info {
	mode := fs.FileMode(0o600)
	if n.isDir() {
		mode |= fs.ModeDir
	}
	return durable.Info{
		Mode: mode, Size: int64(len(n.data)), Modified: time.Unix(0, int64(n.written)),
		Device: 1, Inode: n.inode, Born: time.Unix(1, int64(n.inode)),
	}
}

// Free is more than any test writes.
func (d *Disk) Free(string) (uint64, error) { return 1 << 40, nil }

// Lock takes a lock file, which holds until Close or the end of this life.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.alive(); err != nil {
		return nil, err
	}
	name = filepath.Clean(name)
	if d.locks[name] {
		return nil, fmt.Errorf("%w: %s", durable.ErrLocked, name)
	}
	d.locks[name] = true
	return &held{disk: d, name: name}, nil
}

type held struct {
	disk *Disk
	name string
}

func (h *held) Close() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	delete(h.disk.locks, h.name)
	return nil
}

// find returns the node at name.
func (d *Disk) find(name string) (*node, error) {
	n := d.root
	for _, part := range split(name) {
		if !n.isDir() || n.live[part] == nil {
			return nil, fmt.Errorf("crashdisk: %s: %w", name, fs.ErrNotExist)
		}
		n = n.live[part]
	}
	return n, nil
}

// parent returns the directory of name, and its last part.
func (d *Disk) parent(name string) (*node, string, error) {
	dir, err := d.find(filepath.Dir(name))
	if err != nil {
		return nil, "", err
	}
	if !dir.isDir() {
		return nil, "", fmt.Errorf("crashdisk: %s: %w", name, syscall.ENOTDIR)
	}
	return dir, filepath.Base(name), nil
}

func split(name string) []string {
	return strings.FieldsFunc(filepath.Clean("/"+name), func(r rune) bool { return r == '/' })
}

func sortedNames(m map[string]*node) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
