// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
)

// endEvery is how long ended deliveries are gathered before their records are closed.
const endEvery = 100 * time.Millisecond

// ender closes the records of what has ended, many at once, since before that the
// removal of their sources must be on the disk: one sync of a source's directory for
// all that ended in a while. It takes no part in how fast anything is sent.
type ender struct {
	wake    chan struct{} // holds one token while something has ended
	closing chan struct{}
	stopped chan struct{}

	mu    sync.Mutex
	ended []*Outgoing
	dirty map[string]bool // directories that sources were removed from since their last sync

	count int // of records closed since the ledger was trimmed
}

func newEnder() ender {
	return ender{wake: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}), dirty: map[string]bool{}}
}

// removed is told that a source was removed from a directory.
func (e *ender) removed(dir string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dirty[dir] = true
}

// end takes a delivery out of those that are held and has its record closed.
func (o *Outbox) end(out *Outgoing) {
	o.mu.Lock()
	o.inline -= o.live[out.ID].inline
	delete(o.live, out.ID)
	o.mu.Unlock()
	o.ender.mu.Lock()
	o.ender.ended = append(o.ender.ended, out)
	o.ender.mu.Unlock()
	select {
	case o.ender.wake <- struct{}{}:
	default:
	}
}

// endAll runs until the outbox is closed.
func (o *Outbox) endAll() {
	e := &o.ender
	defer close(e.stopped)
	for {
		select {
		case <-e.wake:
		case <-e.closing:
			o.closeEnded()
			return
		}
		timer := time.NewTimer(endEvery)
		select {
		case <-timer.C:
		case <-e.closing:
			timer.Stop()
		}
		o.closeEnded()
	}
}

// stop lets the goroutine close what has ended and end.
func (e *ender) stop() {
	close(e.closing)
	<-e.stopped
}

// take gives what has ended, and the directories to sync before it is closed.
func (e *ender) take() (batch []*Outgoing, dirs []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	batch, e.ended = e.ended, nil
	for _, out := range batch {
		if e.dirty[out.source] {
			delete(e.dirty, out.source)
			dirs = append(dirs, out.source)
		}
	}
	return batch, dirs
}

// closeEnded closes the records of what has ended by now.
func (o *Outbox) closeEnded() {
	e := &o.ender
	batch, dirs := e.take()
	failed := map[string]bool{}
	for _, dir := range dirs {
		// Whoever finds the record closed does not look for the source any more.
		if err := o.files.SyncDir(dir); err != nil {
			failed[dir] = true // it cannot be opened now
			e.removed(dir)
		}
	}
	closed := 0
	for _, out := range batch {
		if failed[out.source] {
			e.mu.Lock()
			e.ended = append(e.ended, out) // for the next time, or the next start
			e.mu.Unlock()
			continue
		}
		if out.inline == nil {
			_ = o.files.Disk.Remove(o.path(out.ID, bodyExt)) // if it stays it is removed at the next start
		}
		// Lazy: when it is lost the delivery is made again, and its inbox remembers.
		o.log.AppendLazy(o.seal.Seal(nil, encodeClosed(out.ID), nil))
		closed++
	}
	o.trim(closed)
}

// trim removes the segments of the ledger that hold nothing of a delivery that has not
// ended, when enough have.
func (o *Outbox) trim(closed int) {
	e := &o.ender
	if e.count += closed; e.count < trimEvery {
		return
	}
	e.count = 0
	o.mu.Lock()
	oldest := o.log.Next()
	for _, d := range o.live {
		oldest = min(oldest, d.index)
	}
	o.mu.Unlock()
	e.mu.Lock()
	for _, out := range e.ended {
		oldest = min(oldest, out.index)
	}
	e.mu.Unlock()
	if err := o.log.Trim(oldest); err != nil {
		o.files.Fail(&durable.SyncError{Path: o.dir, Err: err})
	}
}
