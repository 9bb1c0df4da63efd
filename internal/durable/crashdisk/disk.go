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
	"math/rand/v2"
	"sync"
	"syscall"

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

func (d *Disk) write(n *node, w write) error {
	return d.step(func(stray bool) {
		w.stray = stray
		n.writes = append(n.writes, w)
		n.data, n.written = w.apply(n.data), d.tick()
	})
}
