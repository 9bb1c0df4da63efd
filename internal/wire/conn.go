// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// readBuffer is small enough that large fragments bypass it.
const readBuffer = 16 << 10

// Conn is one connection with its streams. All methods may be called by many
// goroutines at once.
type Conn struct {
	nc   net.Conn
	cfg  Config
	br   *bufio.Reader
	done chan struct{} // closed when err is set
	wake chan struct{} // tells the writer that there is something to write

	mu    sync.Mutex // guards what follows
	core  *core
	turn  turn
	small []byte // what a sender writes in the writer's place
	err   error
}

// turn says who writes to the connection.
type turn uint8

const (
	writing turn = iota // the writer, or it is about to
	idle                // nobody: the writer sleeps
	lent                // a sender, in the place of the writer that sleeps
)

// New makes a connection that runs over nc once Run is called. One side must
// be the dialer and the other not. It owns nc.
func New(nc net.Conn, dialer bool, c Config) *Conn {
	c = c.withDefaults()
	return &Conn{
		nc: nc, cfg: c,
		br:   bufio.NewReaderSize(nc, readBuffer),
		done: make(chan struct{}),
		wake: make(chan struct{}, 1),
		core: newCore(dialer, c, time.Now()),
	}
}

// Run reads and writes until the context ends, the connection fails, or the
// peer breaks the protocol. It returns the cause, a *GoAwayError in the last
// case and when the peer ended the connection, and closes the net.Conn. All
// streams end with it; messages already received can still be taken.
func (c *Conn) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.fail(context.Cause(ctx)) })
	defer stop()
	if err := shortenQueue(c.nc); err != nil {
		c.cfg.Log.LogAttrs(ctx, slog.LevelDebug, "queries may wait behind files in the kernel", slogError(err))
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.fail(c.readAll())
		// What the peer still sends is read, since closing on unread data
		// could destroy the GoAway on its way.
		_, _ = io.CopyN(io.Discard, c.br, lingerBytes)
	}()
	c.fail(c.writeAll())
	if c.leaving() {
		<-read
	}
	_ = c.nc.Close() // the cause is known already
	<-read
	err := c.Err()
	c.cfg.Log.LogAttrs(context.Background(), levelOf(err), "connection ended", slogError(err))
	return err
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns the cause of the end, or nil before it.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Open starts a stream. It waits for the peer's hello and while the peer allows
// no more streams. The peer sees the stream with the first Send or CloseSend.
// The caller must Close it.
func (c *Conn) Open(ctx context.Context, class Class) (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	o := c.core.ask()
	for !o.granted {
		if err := c.await(ctx, &o.signal); err != nil {
			c.core.giveUp(o)
			return nil, err
		}
	}
	return &Stream{conn: c, state: c.core.open(class)}, nil
}

// Accept waits for a stream that the peer has opened. The caller must Close it:
// it counts against the peer's limit until then.
func (c *Conn) Accept(ctx context.Context) (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := c.usable(ctx); err != nil {
			return nil, err
		}
		if s := c.core.accept(); s != nil {
			return &Stream{conn: c, state: s}, nil
		}
		if err := c.await(ctx, &c.core.accepted); err != nil {
			return nil, err
		}
	}
}

func (c *Conn) usable(ctx context.Context) error {
	if c.err != nil {
		return c.err
	}
	return ctx.Err()
}

// await lets go of the lock until the signal fires, and takes it again.
func (c *Conn) await(ctx context.Context, g *signal) error {
	fired := g.wait()
	c.mu.Unlock()
	defer c.mu.Lock()
	select {
	case <-fired:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return c.Err()
	}
}

// stir wakes the writer if it sleeps and has something to do. The lock is held.
func (c *Conn) stir() {
	if c.turn == idle && c.core.pending() {
		c.wakeWriter()
	}
}

// writeNow writes what is pending in the goroutine of its caller, if the writer
// sleeps: a message of a few bytes on a quiet connection is on its way without
// another goroutine. The lock is held, and given away during the write.
func (c *Conn) writeNow() {
	if c.turn != idle || c.err != nil || !c.core.pending() {
		c.stir()
		return
	}
	c.turn = lent
	c.small = c.core.emit(c.small[:0])
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.cfg.WriteTimeout)) // Write tells
	c.mu.Unlock()
	_, err := c.nc.Write(c.small)
	c.mu.Lock()
	if err != nil {
		c.end(&lostError{"write", err})
	}
	c.turn = idle
	if c.err != nil || c.core.pending() {
		c.wakeWriter()
	}
}

// wakeWriter gives the turn to the writer, which sleeps. The lock is held.
func (c *Conn) wakeWriter() {
	c.turn = writing
	c.wake <- struct{}{} // never blocks: the turn leaves the writer once for each receive
}

// fail ends the connection; the first cause counts.
func (c *Conn) fail(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(cause)
}

// end is fail with the lock held.
func (c *Conn) end(cause error) {
	if c.err != nil {
		return
	}
	c.err = cause
	close(c.done)
	deadline := time.Now()
	if code, ok := farewell(cause); ok {
		c.core.leave(code)
		deadline = deadline.Add(linger)
	} else {
		c.core.ended = true
	}
	// A writer or reader that is blocked must not stay so. If this fails the
	// connection is closed already.
	_ = c.nc.SetDeadline(deadline)
	if c.turn == idle {
		c.wakeWriter()
	}
}

// farewell says whether the peer is told of the cause, and how.
func farewell(cause error) (Code, bool) {
	if e, ok := errors.AsType[*GoAwayError](cause); ok {
		return e.Code, !e.Remote
	}
	_, lost := errors.AsType[*lostError](cause)
	return Shutdown, !lost
}

// leaving says whether this side told the peer of the end.
func (c *Conn) leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.core.goAwayDue
}

// lostError is a failure of the connection below.
type lostError struct {
	op  string
	err error
}

func (e *lostError) Error() string { return fmt.Sprintf("wire: %s: %v", e.op, e.err) }
func (e *lostError) Unwrap() error { return e.err }
