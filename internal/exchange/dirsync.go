// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"sync"

	"dukou.dev/dukou/internal/durable"
)

// DirSync makes the entries of one directory durable, with one sync for all who
// ask while the one before it runs.
type DirSync struct {
	path string

	mu      sync.Mutex
	current *syncRound // the last that began
	next    *syncRound // begins when current has ended
}

type syncRound struct {
	done chan struct{}
	err  error
}

// NewDirSync is for the directory path.
func NewDirSync(path string) *DirSync { return &DirSync{path: path} }

// Wait returns when every entry made or removed before the call is on the disk. It
// panics when the sync fails; an error says that the directory could not be opened.
func (d *DirSync) Wait() error {
	d.mu.Lock()
	if r := d.next; r != nil {
		d.mu.Unlock()
		<-r.done
		return r.err
	}
	r := &syncRound{done: make(chan struct{})}
	before := d.current
	d.next = r
	d.mu.Unlock()
	if before != nil {
		<-before.done
	}
	d.mu.Lock()
	d.next, d.current = nil, r
	d.mu.Unlock()
	defer close(r.done)
	r.err = durable.SyncDir(d.path)
	return r.err
}
