// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"sync"

	"dukou.dev/dukou/internal/durable"
)

// DirSync makes the entries of one directory durable, with one sync for all who
// ask while the one before it runs.
type DirSync struct {
	files durable.Files
	path  string

	mu      sync.Mutex
	current *syncRound // the last that began
	next    *syncRound // begins when current has ended
}

// syncRound is one sync of a directory.
type syncRound struct {
	files durable.Files
	done  chan struct{}
	err   error
}

// errDied is what those find who shared the sync of someone that a failed disk ended.
var errDied = errors.New("the sync of a directory did not end")

// NewDirSync is for the directory path.
func NewDirSync(files durable.Files, path string) *DirSync {
	return &DirSync{files: files, path: path}
}

// Wait returns when every entry made or removed before the call is on the disk. The
// process ends when the sync fails; an error says that the directory could not be opened.
func (d *DirSync) Wait() error {
	r, before, first := d.join()
	if first {
		d.run(r, before)
	}
	return r.Wait()
}

// Start begins what Wait waits for, on a goroutine that ends with the sync.
func (d *DirSync) Start() *syncRound {
	r, before, first := d.join()
	if first {
		go d.run(r, before)
	}
	return r
}

// join gives the round that begins next, and whether its caller is to run it.
func (d *DirSync) join() (r, before *syncRound, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next != nil {
		return d.next, nil, false
	}
	d.next = &syncRound{files: d.files, done: make(chan struct{}), err: errDied}
	return d.next, d.current, true
}

func (d *DirSync) run(r, before *syncRound) {
	defer close(r.done)
	if before != nil {
		<-before.done
	}
	d.mu.Lock()
	d.next, d.current = nil, r
	d.mu.Unlock()
	r.err = d.files.SyncDir(d.path)
}

// Wait returns when the round has ended.
func (r *syncRound) Wait() error {
	<-r.done
	if errors.Is(r.err, errDied) {
		r.files.Fail(r.err)
	}
	return r.err
}
