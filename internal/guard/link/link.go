// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Config is what New needs. Port and Log must be set.
type Config struct {
	Port   Port
	Log    *slog.Logger
	Timing Timing
	// Window is the number of frames buffered in each direction; zero chooses it
	// from the port.
	Window int
}

const (
	windowBytes = 8 << 20 // memory for each direction, if the port's MTU is large
	windowMost  = 1024
	windowLeast = 8
)

// Link is one half of the connection between the two hosts of a guard.
type Link struct {
	port  Port
	log   *slog.Logger
	start time.Time
	kick  chan struct{} // wakes pump

	mu      sync.Mutex
	m       *machine
	conn    *conn         // the connection that the application holds
	changed chan struct{} // closed and replaced when the phase has changed
	told    phase         // the phase at that time
	sending bool          // a goroutine is between flush and flushed
	sent    *sync.Cond    // sending has become false
	timer   *time.Timer
	armed   instant // when timer fires
	broken  error   // the port cannot send any more
	stopped error   // Run has ended
}

// New makes a link over a port. Nothing moves before Run.
func New(c Config) *Link {
	l := &Link{
		port: c.Port, log: c.Log, start: time.Now(),
		kick: make(chan struct{}, 1), changed: make(chan struct{}),
		timer: time.NewTimer(time.Hour), armed: time.Hour,
	}
	window := c.Window
	if window <= 0 {
		window = min(windowMost, windowBytes/c.Port.MTU(), c.Port.Window())
	}
	window = max(windowLeast, min(window, maxWindow))
	l.sent = sync.NewCond(&l.mu)
	l.m = newMachine(c.Port.MTU(), window, c.Timing, randomID)
	return l
}

func randomID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return binary.BigEndian.Uint64(b[:])
}

func (l *Link) now() instant { return time.Since(l.start) }

// Run drives the port until parent ends, which is no error, or the port fails. It
// closes the port, and an open connection without waiting for the last acks.
func (l *Link) Run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var receiving sync.WaitGroup
	receiving.Go(func() { cancel(l.receive()) })
	err := l.pump(ctx)
	l.shut(err)
	closeErr := l.port.Close()
	receiving.Wait()
	l.timer.Stop()
	if parent.Err() != nil {
		return closeErr
	}
	return err
}

// pump sends what the clock makes due and what others left to it.
func (l *Link) pump(ctx context.Context) error {
	for {
		timed := false
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.timer.C:
			timed = true
		case <-l.kick:
		}
		if err := l.pumpOnce(timed); err != nil {
			return err
		}
	}
}

func (l *Link) pumpOnce(timed bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if timed {
		l.armed = never
		l.m.tick(l.now())
	}
	l.settle(batchesPump)
	return l.broken
}

// receive hands every frame to the machine until the port is closed.
func (l *Link) receive() error {
	batch := NewBatch(l.port.MTU())
	for {
		if err := l.port.Receive(batch); err != nil {
			return fmt.Errorf("receive frames: %w", err)
		}
		l.mu.Lock()
		now := l.now()
		for i := range batch.N {
			batch.Buf[i] = l.m.receive(now, batch.Buf[i], batch.Len[i])
		}
		l.settle(batchesReceive)
		l.mu.Unlock()
	}
}

// How many batches a goroutine sends before it leaves the rest to pump. The
// receiver must get back to the port, a writer may go on.
const (
	batchesReceive = 1
	batchesWrite   = 2
	batchesPump    = 64
)

// settle follows every event, with mu held: it sends what is due, wakes who
// waits, and sets the timer. It gives mu up while the port sends.
func (l *Link) settle(batches int) {
	l.notify()
	for ; batches > 0 && !l.sending && l.broken == nil; batches-- {
		frames := l.m.flush(l.now())
		if len(frames) == 0 {
			break
		}
		l.sending = true
		l.mu.Unlock()
		n, err := l.port.Send(frames)
		l.mu.Lock()
		l.sending = false
		l.sent.Signal()
		l.m.flushed(l.now(), n)
		l.notify()
		if err != nil {
			l.broken = fmt.Errorf("send frames: %w", err)
			l.wakePump()
			break
		}
		if batches == 1 && l.m.more() {
			l.wakePump()
			break
		}
	}
	l.arm()
}

func (l *Link) wakePump() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

func (l *Link) arm() {
	if at := l.m.due(); at < l.armed {
		l.armed = at
		l.timer.Reset(max(at-l.now(), 0))
	}
}

// notify wakes the goroutines whose wait may be over, with mu held.
func (l *Link) notify() {
	c := l.conn
	if l.m.phase != l.told {
		l.announce()
	}
	if c == nil {
		return
	}
	switch l.m.phase {
	case idle:
		l.drop(errOr(l.m.err, net.ErrClosed))
	case open, ended:
		c.wakeReader(l.m.recv.readable() || l.m.phase == ended)
		c.wakeWriter(l.m.send.roomy() || l.m.phase == ended)
	}
}

// drop ends the application's connection with an error.
func (l *Link) drop(err error) {
	if c := l.conn; c != nil {
		c.fail(err)
		l.conn = nil
		l.log.Info("link down", "reason", err)
	}
	l.announce()
}

// announce wakes all calls of Connect.
func (l *Link) announce() {
	close(l.changed)
	l.told = l.m.phase
	l.changed = make(chan struct{})
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// shut ends everything when Run does.
func (l *Link) shut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.sending {
		l.sent.Wait()
	}
	l.stopped = fmt.Errorf("link stopped: %w", err)
	l.m.fail(l.stopped)
	l.settle(1)
	l.drop(l.stopped)
}

// Connect greets the other half until it answers and returns the connection.
// Both halves call it. It returns ErrBusy while a connection is open; one that
// has failed or been closed makes room.
func (l *Link) Connect(ctx context.Context) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.awaitIdle(ctx); err != nil {
		return nil, err
	}
	l.m.connect(l.now())
	l.settle(1)
	self := l.m.self
	for l.m.phase == calling && l.m.self == self {
		if err := l.wait(ctx); err != nil {
			if l.m.self == self {
				l.m.close(l.now())
				l.settle(1)
			}
			return nil, err
		}
	}
	if l.m.self != self {
		return nil, errOr(l.m.err, ErrReset)
	}
	l.conn = newConn(l)
	l.log.Info("link up", "frame", l.m.send.size, "window", len(l.m.send.slots))
	return l.conn, nil
}

// awaitIdle waits while a closed connection lingers.
func (l *Link) awaitIdle(ctx context.Context) error {
	for {
		switch {
		case l.stopped != nil:
			return l.stopped
		case l.conn != nil && l.m.phase == ended:
			l.m.close(l.now())
			l.drop(ErrReset)
		case l.m.phase == idle:
			return nil
		case l.m.phase != leaving:
			return ErrBusy
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
	}
}

// wait gives mu up until something has changed.
func (l *Link) wait(ctx context.Context) error {
	changed := l.changed
	l.mu.Unlock()
	var err error
	select {
	case <-changed:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	l.mu.Lock()
	return errOr(err, l.stopped)
}
