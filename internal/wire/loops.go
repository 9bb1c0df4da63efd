// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"
)

// readAll reads frames until something ends it.
func (c *Conn) readAll() error {
	var raw [headerSize]byte
	for {
		if _, err := io.ReadFull(c.br, raw[:]); err != nil {
			return &lostError{"read", err}
		}
		h, err := parseHeader(&raw)
		if err != nil {
			return err
		}
		if err := c.readFrame(h); err != nil {
			return err
		}
	}
}

// readFrame reads the payload straight to where it belongs. The lock is let go
// of while that may take time.
func (c *Conn) readFrame(h header) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	room, err := c.core.begin(h, time.Now())
	if err != nil {
		return err
	}
	if h.length > 0 {
		if err := c.readPayload(room, int(h.length)); err != nil {
			return err
		}
	}
	err = c.core.finish(h)
	c.stir()
	return err
}

func (c *Conn) readPayload(room []byte, length int) error {
	if c.br.Buffered() < length {
		c.mu.Unlock()
		defer c.mu.Lock()
	}
	var err error
	if room == nil {
		_, err = c.br.Discard(length)
	} else {
		_, err = io.ReadFull(c.br, room)
	}
	if err != nil {
		return &lostError{"read", err}
	}
	return nil
}

// writeAll writes whatever the core has, all that is queued at once, and
// watches the clock.
func (c *Conn) writeAll() error {
	ticker := time.NewTicker(c.cfg.KeepAlive / 2)
	defer ticker.Stop()
	b := make([]byte, 0, 2*batchSize+8<<10)
	for {
		var ended bool
		b, ended = c.nextBatch(b[:0])
		if len(b) > 0 {
			if _, err := c.nc.Write(b); err != nil {
				return &lostError{"write", err}
			}
			continue
		}
		if ended {
			return nil
		}
		select {
		case <-c.wake:
		case now := <-ticker.C:
			if err := c.tick(now); err != nil {
				return c.lastWords(b, err)
			}
		}
	}
}

// nextBatch fills b with what goes out next; without anything the writer is
// marked as asleep, or told that the connection has ended.
func (c *Conn) nextBatch(b []byte) (_ []byte, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn == lent { // a tick has woken the writer before its turn
		return b, false
	}
	b = c.core.emit(b)
	if len(b) == 0 {
		if !c.core.ended {
			c.turn = idle
		}
		return b, c.core.ended
	}
	if c.err == nil { // else fail has set the deadline
		_ = c.nc.SetWriteDeadline(time.Now().Add(c.cfg.WriteTimeout)) // Write tells
	}
	return b, false
}

func (c *Conn) tick(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn == idle {
		c.turn = writing
	}
	select {
	case <-c.wake: // sent between the tick and the lock
	default:
	}
	if c.err != nil {
		return nil
	}
	return c.core.tick(now)
}

// lastWords tells the peer of an end that the writer itself has found.
func (c *Conn) lastWords(b []byte, cause error) error {
	c.fail(cause)
	if b, _ = c.nextBatch(b[:0]); len(b) > 0 {
		_, _ = c.nc.Write(b) // the cause is known already
	}
	return cause
}

// levelOf logs what a peer did wrong as a warning.
func levelOf(err error) slog.Level {
	var away *GoAwayError
	if errors.As(err, &away) && away.Code != Shutdown {
		return slog.LevelWarn
	}
	if errors.Is(err, context.Canceled) || away != nil {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func slogError(err error) slog.Attr { return slog.Any("cause", err) }
