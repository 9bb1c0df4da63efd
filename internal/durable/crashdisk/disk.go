// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package crashdisk is a file system in memory that can lose power. What was
// synced survives; writes, lengths and directory entries that were not are
// kept, lost or torn at 512-byte sectors, as a seed decides. It is for tests
// and simulations. It does not reorder what a sync separates, and a sector is
// always old or new, never half of each.
//
// A file that was moved from one directory to another is a change in each, and each
// is kept or lost by itself, so that the file may be found at both names. It is at one
// of them at least: the old name does not go before the new one is there, neither by
// chance nor by a sync of the old directory alone. POSIX promises less, but every file
// system that journals its directories keeps this. Times of writing survive as the
// last synced write left them; an inode and its time of birth are one.
package crashdisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/durable"
)

const sectorSize = 512

// ErrCrashed is what every call returns after the power went.
var ErrCrashed = errors.New("crashdisk: the power is off")

// Disk is one life of the file system, from power on to power off.
type Disk struct {
	mu     sync.Mutex
	rng    *rand.Rand
	root   *node
	clock  *uint64 // counts what was made and written, in all lives; it is the time
	locks  map[string]bool
	dead   chan struct{} // closed when the power goes
	ops    int
	failAt int
	cutAt  int
	behind int // the power goes when this many are done
	atomic bool
	faults int
}

var _ durable.Disk = (*Disk)(nil)

// node is a file or a directory.
type node struct {
	inode             uint64 // and the time of birth
	written, baseTime uint64 // of data and of base
	// A file: what reads return, what is surely on the disk, and the writes between.
	data, base []byte
	writes     []write
	// A directory: the same, by name.
	live, kept map[string]*node
	changes    []*change
}

func (n *node) isDir() bool { return n.live != nil }

// write sets bytes at off, or cuts the file to off bytes.
type write struct {
	off   int64
	data  []byte
	cut   bool
	stray bool // a failed sync gave it up: no later sync takes it to the disk
}

// New returns an empty disk. All that happens by chance follows from seed.
func New(seed uint64) *Disk {
	return newDisk(rand.New(rand.NewPCG(seed, 0x63726173)), newDir(0), new(uint64))
}

func newDisk(rng *rand.Rand, root *node, clock *uint64) *Disk {
	return &Disk{rng: rng, root: root, clock: clock, locks: map[string]bool{}, dead: make(chan struct{})}
}

func newDir(inode uint64) *node {
	return &node{inode: inode, live: map[string]*node{}, kept: map[string]*node{}}
}

// tick is the next moment.
func (d *Disk) tick() uint64 {
	*d.clock++
	return *d.clock
}

// FailAt lets the n-th change to the disk from now on, counted from 1, fail
// with EIO. 0 means none.
func (d *Disk) FailAt(n int) { d.set(&d.failAt, n) }

// CutAt lets the power go during the n-th change from now on. 0 means never.
func (d *Disk) CutAt(n int) { d.set(&d.cutAt, n) }

// AtomicMoves lets a move between two directories be one change, as in file systems
// with a journal: the file is at the old name or at the new one, never at both.
func (d *Disk) AtomicMoves() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.atomic = true
}

// CutAfter lets the power go right after the n-th change from now on. 0 means never.
func (d *Disk) CutAfter(n int) { d.set(&d.behind, n) }

func (d *Disk) set(at *int, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*at = n
	if n > 0 {
		*at += d.ops
	}
}

// Ops returns the number of changes so far: writes, syncs, renames and the like.
func (d *Disk) Ops() int { return d.count(&d.ops) }

// Faults returns how many of them were made to fail.
func (d *Disk) Faults() int { return d.count(&d.faults) }

func (d *Disk) count(n *int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *n
}

// Dead is closed when the power went.
func (d *Disk) Dead() <-chan struct{} { return d.dead }

// Crash turns the power off and returns what the next life finds.
func (d *Disk) Crash() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off()
	next := newDisk(d.rng, d.survivor(), d.clock)
	next.atomic = d.atomic
	return next
}

func (d *Disk) off() {
	select {
	case <-d.dead:
	default:
		close(d.dead)
	}
}

// step counts a change. apply puts it where a crash may keep or lose it.
func (d *Disk) step(apply func(stray bool)) error {
	if err := d.alive(); err != nil {
		return err
	}
	d.ops++
	switch d.ops {
	case d.cutAt:
		d.faults++
		apply(true)
		d.off()
		return ErrCrashed
	case d.failAt:
		d.faults++
		apply(true)
		return syscall.EIO
	}
	apply(false)
	if d.ops == d.behind {
		d.faults++
		d.off()
	}
	return nil
}

func (d *Disk) alive() error {
	select {
	case <-d.dead:
		return ErrCrashed
	default:
		return nil
	}
}

// surviving is what a file may hold after the power went.
func (d *Disk) surviving(n *node) *node {
	data := append([]byte(nil), n.base...)
	mode := d.rng.IntN(3) // all, none, by sector
	for _, w := range n.writes {
		switch {
		case mode == 1:
		case w.cut || mode == 0:
			data = w.apply(data)
		default:
			data = d.tear(data, w)
		}
	}
	when := n.baseTime
	if mode == 0 {
		when = n.written
	}
	return &node{inode: n.inode, data: data, base: append([]byte(nil), data...), written: when, baseTime: when}
}

// tear applies some sectors of w.
func (d *Disk) tear(data []byte, w write) []byte {
	for at := int64(0); at < int64(len(w.data)); {
		off := w.off + at
		n := min(int64(len(w.data))-at, sectorSize-off%sectorSize)
		if d.rng.IntN(2) == 0 {
			data = write{off: off, data: w.data[at : at+n]}.apply(data)
		}
		at += n
	}
	return data
}

func (w write) apply(data []byte) []byte {
	if w.cut {
		return resize(data, w.off)
	}
	if end := w.off + int64(len(w.data)); end > int64(len(data)) {
		data = resize(data, end)
	}
	copy(data[w.off:], w.data)
	return data
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

func sortedNames(m map[string]*node) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
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

func (d *Disk) write(n *node, w write) error {
	return d.step(func(stray bool) {
		w.stray = stray
		n.writes = append(n.writes, w)
		n.data, n.written = w.apply(n.data), d.tick()
	})
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
