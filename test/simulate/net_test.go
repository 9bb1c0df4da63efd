// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

var (
	errGone    = errors.New("simulate: this process is dead")
	errRefused = errors.New("simulate: connection refused")
	errReset   = errors.New("simulate: connection reset by peer")
)

// segment is the longest delay of a segment between two processes of one side.
const segment = 400 * time.Microsecond

// end is one end of a connection within a zone.
type end struct {
	s     *sim
	owner *life
	other *end
	line  *source

	mu     sync.Mutex
	in     []byte
	err    error // after in
	notify chan struct{}
	reads  deadline
	writes deadline
}

// join makes a connection. The scheduler calls it.
func (s *sim) join(a, b *life) (x, y *end) {
	one := func(l *life) *end {
		e := &end{s: s, owner: l, line: s.source("conn of "+l.p.id, segment), notify: make(chan struct{}, 1)}
		e.reads.passed, e.writes.passed = make(chan struct{}), make(chan struct{})
		return e
	}
	x, y = one(a), one(b)
	x.other, y.other = y, x
	a.hold(x)
	b.hold(y)
	return x, y
}

// Read waits for bytes, the end or the deadline.
func (e *end) Read(p []byte) (int, error) {
	for {
		e.mu.Lock()
		passed := e.reads.passed
		if e.reads.over() {
			e.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		if n := copy(p, e.in); n > 0 || len(p) == 0 {
			e.in = e.in[n:]
			e.mu.Unlock()
			return n, nil
		}
		if err := e.err; err != nil {
			e.mu.Unlock()
			return 0, err
		}
		e.mu.Unlock()
		select {
		case <-e.notify:
		case <-passed:
		}
	}
}

// Write sends one segment; it never waits, since what is above bounds what is under way.
func (e *end) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil && e.err != io.EOF {
		return 0, e.err
	}
	if e.writes.over() {
		return 0, os.ErrDeadlineExceeded
	}
	if e.owner.dead.Load() {
		return 0, errGone
	}
	data := append([]byte(nil), p...)
	e.s.post(e.line, "segment", func() { e.other.arrive(data, nil) })
	return len(p), nil
}

// arrive takes what came over the connection: bytes, or the end of it.
func (e *end) arrive(data []byte, err error) {
	if e.owner.dead.Load() {
		e.answerDead(data, err)
		return
	}
	e.mu.Lock()
	if e.err == nil {
		e.in = append(e.in, data...)
		e.err = err
	}
	closed := errors.Is(e.err, net.ErrClosed) && err == nil
	e.mu.Unlock()
	e.wake()
	if closed {
		e.s.post(e.line, "reset", func() { e.other.arrive(nil, errReset) })
	}
}

// answerDead resets what comes for a dead process, when its machine runs; else it
// comes again later, as TCP sends again.
func (e *end) answerDead(data []byte, err error) {
	if err != nil {
		return
	}
	if !e.owner.p.m.up {
		e.s.after(200*time.Millisecond, "segment again", func() { e.arrive(data, nil) })
		return
	}
	e.s.post(e.line, "reset", func() { e.other.arrive(nil, errReset) })
}

func (e *end) wake() {
	select {
	case e.notify <- struct{}{}:
	default:
	}
}

// Close ends the connection; the other end reads what was written before.
func (e *end) Close() error {
	if e.fail(net.ErrClosed) && !e.owner.dead.Load() {
		e.s.post(e.line, "end", func() { e.other.arrive(nil, io.EOF) })
	}
	return nil
}

// fail ends it here, and says whether it was open.
func (e *end) fail(err error) bool {
	e.mu.Lock()
	open := e.err == nil || e.err == io.EOF
	if open {
		e.err, e.in = err, nil
	}
	e.mu.Unlock()
	e.wake()
	return open
}

// The addresses are names.
func (e *end) LocalAddr() net.Addr  { return place(e.owner.p.id) }
func (e *end) RemoteAddr() net.Addr { return place(e.other.owner.p.id) }

type place string

func (place) Network() string  { return "simulated" }
func (p place) String() string { return string(p) }

// SetDeadline sets both.
func (e *end) SetDeadline(t time.Time) error {
	_ = e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

// SetReadDeadline ends a Read, also one that waits.
func (e *end) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reads.set(t)
	e.wake()
	return nil
}

// SetWriteDeadline matters to later writes.
func (e *end) SetWriteDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writes.set(t)
	return nil
}

// deadline is a moment that closes a channel. The end's lock guards it.
type deadline struct {
	timer  *time.Timer
	passed chan struct{}
}

func (d *deadline) over() bool {
	select {
	case <-d.passed:
		return true
	default:
		return false
	}
}

func (d *deadline) set(t time.Time) {
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed
	}
	d.timer = nil
	if d.over() {
		d.passed = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	passed := d.passed
	if wait <= 0 {
		close(passed)
		return
	}
	d.timer = time.AfterFunc(wait, func() { close(passed) })
}
