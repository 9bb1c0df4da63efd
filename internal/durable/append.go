// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"cmp"
	"time"
)

// batch is what one write takes to the disk.
type batch struct {
	buf    []byte // frames; their heads are filled in by the writer
	frames []int  // offsets of the frames in buf
	done   chan struct{}
}

func (b *batch) add(record []byte) {
	b.frames = append(b.frames, len(b.buf))
	f := frame{size: uint32(len(record))}
	at := len(b.buf)
	b.buf = append(b.buf, make([]byte, f.span())...)
	f.put(b.buf[at:])
	copy(b.buf[at+frameHeader:], record)
}

// Commit is the promise that a record will be on the disk.
type Commit struct {
	Index uint64 // of the record, unless it was refused
	done  <-chan struct{}
	log   *Log
	err   error
}

// Wait returns when the record is on the disk, or says why it was refused:
// [ErrRecordSize], [ErrFull] or [ErrClosed]. There is no other outcome; if the
// disk fails, the process ends, and in a simulation so does whoever waits.
func (c Commit) Wait() error {
	if c.err != nil {
		return c.err
	}
	select {
	case <-c.done:
		return nil
	case <-c.log.stopped:
	}
	select {
	case <-c.done: // it was in the last batch
	default:
		c.log.o.fail(cmp.Or(c.log.failure, ErrClosed)) // the cause, whoever of the two is the first to say it
	}
	return nil
}

// Done is closed when the record is on the disk. It is nil when the record was refused.
func (c Commit) Done() <-chan struct{} { return c.done }

// Append takes a copy of record to be written. It does not wait for the disk.
func (l *Log) Append(record []byte) Commit { return l.append(record, false) }

// AppendLazy is Append of a record that is no reason to write: it goes with the next
// batch, when a second has passed, or at Close.
func (l *Log) AppendLazy(record []byte) Commit { return l.append(record, true) }

func (l *Log) append(record []byte, lazy bool) Commit {
	if len(record) == 0 || len(record) > l.o.MaxRecord {
		return Commit{err: ErrRecordSize}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Commit{err: ErrClosed}
	}
	if l.queued+int64(len(record)) > maxQueued {
		return Commit{err: ErrFull}
	}
	b := l.openBatch(frame{size: uint32(len(record))}.span())
	before := len(b.buf)
	b.add(record)
	l.queued += int64(len(b.buf) - before)
	l.next++
	l.last = b.done
	switch {
	case !lazy:
		l.nudge()
	case l.lazy == nil:
		l.lazy = time.AfterFunc(lazyFor, l.overdue)
	}
	return Commit{Index: l.next - 1, done: b.done, log: l}
}

// nudge tells the writer to write all that waits. The lock is held.
func (l *Log) nudge() {
	l.due = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
	if l.lazy != nil {
		l.lazy.Stop()
		l.lazy = nil
	}
}

// overdue ends the wait of lazy records.
func (l *Log) overdue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.nudge()
	}
}

// openBatch returns the batch that a frame of span bytes goes to.
func (l *Log) openBatch(span int64) *batch {
	if n := len(l.queue); n > 0 {
		b := l.queue[n-1]
		if int64(len(b.buf))+span <= min(maxBatch, l.o.SegmentBytes-sectorSize) {
			return b
		}
	}
	b := &batch{done: make(chan struct{})}
	l.queue = append(l.queue, b)
	return b
}
