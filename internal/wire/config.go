// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"log/slog"
	"time"
)

// Limits of the protocol, the same for every connection.
const (
	maxFragment   = 64 << 10 // bytes of payload in one frame
	initialCredit = 32 << 10 // bytes that a new stream may receive at once
	maxMessageCap = 64 << 20 // bytes, the highest MaxMessage
	maxStreamsCap = 1 << 20
	maxCredit     = 1<<31 - 1 // bytes that may be granted at one time on one stream

	batchSize   = 64 << 10      // bytes after which a write goes out
	bulkTurn    = 4 * batchSize // bytes of Interactive data before one Bulk frame
	smallSend   = 16 << 10      // bytes up to which Send copies and returns
	queuedBytes = 64 << 10      // bytes copied that may wait on one stream
	queuedCount = 256           // messages copied that may wait on one stream

	helloTimeout = 10 * time.Second
	linger       = 500 * time.Millisecond // for the last frame to leave and be read
	lingerBytes  = 1 << 20
	minKeepAlive = 20 * time.Millisecond

	minResetRate = 1000 // resets a second that are always tolerated
	pingRate     = 100  // pings a second
	pingBurst    = 100
)

// Config holds what one side sets for itself. Zero values mean the defaults;
// values outside what the protocol allows are moved to the nearest one inside.
type Config struct {
	// Log receives the end of the connection. Default: nothing is logged.
	Log *slog.Logger
	// MaxStreams is how many streams the peer may hold open at once,
	// counted until this side has closed them. Default 4096.
	MaxStreams int
	// MaxMessage is the largest payload in bytes that is received.
	// Default 1 MiB + 4 KiB, at most 64 MiB.
	MaxMessage int
	// Window is how many bytes may wait unread on one stream. Default 4 MiB,
	// at least MaxMessage + 64.
	Window int
	// Memory is the pool in bytes shared by all streams for what exceeds their
	// own 32 KiB. Default 64 MiB, at least twice Window.
	Memory int
	// KeepAlive is the silence after which the peer is asked for a sign of
	// life. Default 15 s, at least 20 ms.
	KeepAlive time.Duration
	// IdleTimeout is the silence after which the peer counts as dead.
	// Default 45 s, at least twice KeepAlive.
	IdleTimeout time.Duration
	// WriteTimeout bounds one write of at most 130 KiB. Default 30 s.
	WriteTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.MaxStreams = within(c.MaxStreams, 4096, 1, maxStreamsCap)
	c.MaxMessage = within(c.MaxMessage, 1<<20+4<<10, 1, maxMessageCap)
	c.Window = within(c.Window, 4<<20, max(cost(c.MaxMessage), initialCredit), maxCredit)
	c.Memory = within(c.Memory, 64<<20, 2*c.Window, 1<<40)
	c.KeepAlive = within(c.KeepAlive, 15*time.Second, minKeepAlive, time.Hour)
	c.IdleTimeout = within(c.IdleTimeout, 3*c.KeepAlive, 2*c.KeepAlive, 24*time.Hour)
	c.WriteTimeout = within(c.WriteTimeout, 30*time.Second, time.Millisecond, time.Hour)
	return c
}

func within[T int | time.Duration](v, byDefault, low, high T) T {
	if v == 0 {
		v = byDefault
	}
	return min(max(v, low), high)
}
