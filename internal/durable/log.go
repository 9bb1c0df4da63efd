// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Defaults of [LogOptions], in bytes.
const (
	DefaultSegmentBytes = 16 << 20
	DefaultMaxRecord    = 1 << 20
	maxBatch            = 1 << 20  // a batch is closed when it has grown to this
	maxQueued           = 64 << 20 // more is refused

	lazyFor = time.Second // a lazy record waits no longer for others
)

// What [Commit.Wait] can return.
var (
	ErrRecordSize = errors.New("durable: record is empty or too long")
	ErrFull       = errors.New("durable: too much waits for the disk")
	ErrClosed     = errors.New("durable: log is closed")
)

// LogOptions are the parts of a log that may be chosen. The zero value is good.
type LogOptions struct {
	Disk         Disk      // nil means OS()
	Rand         io.Reader // of the salts; nil means crypto/rand
	SegmentBytes int64     // length of a segment file; at least 4 KiB and room for one record
	MaxRecord    int       // most bytes of a record
	From         uint64    // replay begins here; segments wholly before it are not read
	// Fatal is told of a failed write or sync and must not return. Nil
	// panics. A simulation ends its goroutine here, as if the process had died.
	Fatal func(error)
}

func (o *LogOptions) setDefaults() error {
	if o.Disk == nil {
		o.Disk = OS()
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.MaxRecord == 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	room := o.SegmentBytes - 2*sectorSize - frameHeader
	if o.SegmentBytes < 4096 || o.SegmentBytes%sectorSize != 0 || int64(o.MaxRecord) > room {
		return fmt.Errorf("durable: segments of %d bytes cannot hold records of %d", o.SegmentBytes, o.MaxRecord)
	}
	return nil
}

func (o *LogOptions) files() Files { return Files{Disk: o.Disk, Fatal: o.Fatal} }

// fail does not return.
func (o *LogOptions) fail(err error) { o.files().Fail(err) }

// Log is an append-only sequence of records, numbered from 0. Its methods may
// be called from many goroutines. One goroutine writes; it ends with Close.
type Log struct {
	o       LogOptions
	dir     string
	lock    io.Closer
	wake    chan struct{} // holds one token while the queue may have work
	stopped chan struct{} // closed when the writer has ended
	failure error         // what it ended with, nil for Close; to be read when stopped is closed

	mu      sync.Mutex
	queue   []*batch
	queued  int64           // bytes in queue
	last    <-chan struct{} // done of the batch of the last record
	next    uint64
	durable uint64 // records below are on the disk
	segs    []*segment
	due     bool        // something in queue is to be written now
	lazy    *time.Timer // runs while only lazy records wait
	closed  bool
}

// OpenLog opens or makes the log in dir, and gives replay (which may be nil)
// every record from o.From on; the record is valid during the call. A torn tail
// is cut off; any other damage is a [*CorruptError] and nothing is changed.
// Whatever was replayed is on the disk when OpenLog returns.
func OpenLog(dir string, o LogOptions, replay func(index uint64, record []byte) error) (*Log, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	if err := o.files().MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := o.Disk.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l, w, err := openLocked(dir, o, replay)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l.lock = lock
	go l.run(w)
	return l, nil
}

func openLocked(dir string, o LogOptions, replay func(uint64, []byte) error) (*Log, *writer, error) {
	s := scanner{disk: o.Disk, dir: dir, limit: o.MaxRecord, from: o.From, fn: replay}
	if err := s.run(); err != nil {
		return nil, nil, err
	}
	w := &writer{o: o, dir: dir, next: s.next, chain: s.chain}
	if err := w.resume(&s); err != nil {
		return nil, nil, err
	}
	l := &Log{
		o: o, dir: dir,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}),
		next: s.next, durable: s.next, segs: append(s.segs, w.started...),
	}
	w.started = nil
	return l, w, nil
}

// Sync waits until all that was appended before is on the disk. It returns
// [ErrClosed] if the writer ended first.
func (l *Log) Sync() error {
	l.mu.Lock()
	last := l.last
	if l.lazy != nil && !l.closed {
		l.nudge()
	}
	l.mu.Unlock()
	if last == nil {
		return nil
	}
	select {
	case <-last:
		return nil
	case <-l.stopped:
	}
	select {
	case <-last:
		return nil
	default:
		return ErrClosed
	}
}

// Next returns the index that the next record will get.
func (l *Log) Next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Durable returns the index behind the last record that is on the disk.
func (l *Log) Durable() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable
}

// First returns the index of the oldest record that is kept.
func (l *Log) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segs) == 0 {
		return 0
	}
	return l.segs[0].first
}

// Close writes what was appended, ends the writer and gives back the lock.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		<-l.stopped
		return nil
	}
	l.closed, l.due = true, true
	if l.lazy != nil {
		l.lazy.Stop()
	}
	close(l.wake)
	l.mu.Unlock()
	<-l.stopped
	return l.lock.Close()
}

// Stopped is closed when the writer has ended, after Close or because the disk failed.
func (l *Log) Stopped() <-chan struct{} { return l.stopped }

// run is the writer goroutine.
func (l *Log) run(w *writer) {
	defer close(l.stopped)
	for range l.wake {
		for b := l.take(); b != nil; b = l.take() {
			l.commit(w, b)
		}
	}
	for b := l.take(); b != nil; b = l.take() {
		l.commit(w, b)
	}
	if err := w.close(); err != nil {
		l.fail(err)
	}
}

// fail ends the writer, which gets no further, and the process.
func (l *Log) fail(err error) {
	l.failure = err
	l.o.fail(err)
}

func (l *Log) take() *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 || !l.due {
		return nil
	}
	b := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	l.due = len(l.queue) > 0
	return b
}

func (l *Log) commit(w *writer, b *batch) {
	if err := w.write(b); err != nil {
		l.fail(err)
	}
	l.mu.Lock()
	l.queued -= int64(len(b.buf))
	l.durable = w.next
	l.segs = append(l.segs, w.started...)
	w.started = nil
	w.markInto(l.segs[len(l.segs)-1])
	l.mu.Unlock()
	close(b.done)
}

// removeFile removes a file and syncs its directory.
func (o *LogOptions) removeFile(dir, name string) error {
	if err := o.Disk.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return o.files().SyncDir(dir)
}
