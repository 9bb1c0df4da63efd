// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn is the application's end of a connection.
type conn struct {
	l       *Link
	reads   waiter
	writes  waiter
	reading sync.Mutex // one Read at a time, so that their bytes do not mix
	writing sync.Mutex
	gone    chan struct{} // closed when err is set
	err     error         // under Link.mu
}

// waiter is what one blocked call waits on.
type waiter struct {
	wake     chan struct{}
	waiting  bool // under Link.mu
	deadline deadline
}

func newWaiter() waiter {
	return waiter{wake: make(chan struct{}, 1), deadline: deadline{passed: make(chan struct{})}}
}

func newConn(l *Link) *conn {
	return &conn{l: l, reads: newWaiter(), writes: newWaiter(), gone: make(chan struct{})}
}

func (c *conn) wakeReader(able bool) { c.reads.signal(able) }
func (c *conn) wakeWriter(able bool) { c.writes.signal(able) }

func (w *waiter) signal(able bool) {
	if !able || !w.waiting {
		return
	}
	w.waiting = false
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// wait gives Link.mu up until the waiter is signalled, the deadline has passed or
// the connection is gone.
func (c *conn) wait(w *waiter) error {
	w.waiting = true
	passed := w.deadline.channel()
	c.l.mu.Unlock()
	defer c.l.mu.Lock()
	select {
	case <-w.wake:
	case <-c.gone:
	case <-passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// fail ends the connection, with Link.mu held.
func (c *conn) fail(err error) {
	if c.err == nil {
		c.err = err
		close(c.gone)
	}
}

// Read reads what has arrived, and waits if nothing has. After the other half has
// closed, it gives what is left and then io.EOF.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for {
		if c.err != nil {
			return 0, c.failure("read", c.err)
		}
		if c.reads.deadline.over() {
			return 0, c.failure("read", os.ErrDeadlineExceeded)
		}
		n := c.l.m.read(p)
		if n > 0 || len(p) == 0 {
			c.l.settleIfOwed()
			return n, nil
		}
		if c.l.m.phase == ended {
			return 0, io.EOF
		}
		if err := c.wait(&c.reads); err != nil {
			return 0, c.failure("read", err)
		}
	}
}

// settleIfOwed sends a credit that a Read has made due, and only that: the rest
// has been settled by the event that caused it.
func (l *Link) settleIfOwed() {
	if l.m.out.owed != 0 {
		l.settle(1)
	}
}

// writePart is how many bytes are copied before the frames made are sent.
const writePart = 256 << 10

// Write takes all of p into frames, and waits while the window is full. That it
// returns does not mean that the bytes have arrived.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	done := 0
	for {
		if c.err != nil {
			return done, c.failure("write", c.err)
		}
		if c.l.m.phase == ended {
			return done, c.failure("write", ErrReset)
		}
		if c.writes.deadline.over() {
			return done, c.failure("write", os.ErrDeadlineExceeded)
		}
		n := c.l.m.write(p[done:min(len(p), done+writePart)])
		done += n
		if n > 0 {
			c.l.settle(batchesWrite)
		}
		if done == len(p) {
			return done, nil
		}
		if n == 0 {
			if err := c.wait(&c.writes); err != nil {
				return done, c.failure("write", err)
			}
		}
	}
}

func (c *conn) failure(op string, err error) error {
	return &net.OpError{Op: op, Net: addr{}.Network(), Addr: addr{}, Err: err}
}

// Close ends the connection. What was written is still delivered if the other
// half takes it within Timing.Linger; Close does not wait for that.
func (c *conn) Close() error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.conn == c {
		c.l.conn = nil
		c.l.m.close(c.l.now())
		c.l.settle(batchesWrite)
	}
	c.fail(net.ErrClosed)
	return nil
}

// addr is the address of both ends: a cable has none.
type addr struct{}

func (addr) Network() string { return "link" }
func (addr) String() string  { return "guard" }

// LocalAddr returns a name, since a link has no addresses.
func (c *conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns a name, since a link has no addresses.
func (c *conn) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets both deadlines; the zero time removes them.
func (c *conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline ends a Read, also one that waits already, at a time.
func (c *conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.reads, t) }

// SetWriteDeadline ends a Write, also one that waits already, at a time.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.writes, t) }

func (c *conn) setDeadline(w *waiter, t time.Time) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.err != nil {
		return c.failure("set deadline", c.err)
	}
	w.deadline.set(t)
	return nil
}

// deadline is a moment that closes a channel. Link.mu guards it.
type deadline struct {
	timer  *time.Timer
	passed chan struct{}
}

func (d *deadline) channel() chan struct{} { return d.passed }

func (d *deadline) over() bool {
	select {
	case <-d.passed:
		return true
	default:
		return false
	}
}

// set replaces the moment. Whoever waits already goes by the new one.
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
	if wait <= 0 {
		close(d.passed)
		return
	}
	passed := d.passed
	d.timer = time.AfterFunc(wait, func() { close(passed) })
}
