// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/envelope"
)

// Time is the authority's answer to a nonce.
type Time struct {
	_     struct{} `cbor:",toarray"`
	Nonce [16]byte
	Unix  int64 // milliseconds
}

// Clock is a component's time. Until the authority has answered it is the system's;
// from then on the answer's, carried on by the system's monotonic clock, which no
// one can set. It is never behind a floor that survives restarts.
type Clock struct {
	mu        sync.Mutex
	system    func() time.Time
	file      string
	authority ed25519.PublicKey
	local     bool      // asks nobody: the system's time is what there is
	told      time.Time // by the authority; zero before its first answer
	at        time.Time // by the system, when told was the time
	floor     int64     // Unix milliseconds, durable
}

// floorStep is how far the durable floor may lie behind: a restart can take time
// back by no more than that.
const floorStep = time.Minute

// maxRoundTrip bounds how old an answer may be to be used.
const maxRoundTrip = 5 * time.Second

// innerRole is that of the half whose host keeps its own time, beside the center's.
const innerRole = "guard-inner"

// NewClock is the clock of an admitted identity over a system clock, whose times
// should have a monotonic reading, as time.Now's have.
func NewClock(i *Identity, system func() time.Time) (*Clock, error) {
	if i.Admission == nil {
		return nil, fmt.Errorf("%s is not admitted", i.Request.ID)
	}
	c := &Clock{
		system: system, file: filepath.Join(i.dir, "time"), authority: i.Admission.Authority, local: i.Request.Role == innerRole,
	}
	floor, err := ReadCounter(c.file)
	c.floor = int64(min(floor, math.MaxInt64))
	return c, err
}

// Now is the time, never before the floor.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	now := c.system()
	if !c.told.IsZero() {
		now = c.told.Add(now.Sub(c.at))
	}
	if now.UnixMilli() < c.floor {
		return time.UnixMilli(c.floor)
	}
	return now
}

// Keep makes the floor follow the time. Call it more often than floorStep. A time
// that the authority has not told moves no floor: a system clock that was set
// forward by mistake could not be set back.
func (c *Clock) Keep() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().UnixMilli()
	if c.told.IsZero() && !c.local || now-c.floor < floorStep.Milliseconds() {
		return nil
	}
	c.floor = now
	return WriteCounter(c.file, uint64(now))
}

// Set takes the authority's signed answer to nonce, asked at sent by the system
// clock. Time moves forward at once; backwards it moves no further than the floor.
func (c *Clock) Set(data []byte, nonce [16]byte, sent time.Time) error {
	s, err := envelope.Decode(data)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	var t Time
	if err := s.Open(envelope.Time, 1, []ed25519.PublicKey{c.authority}, &t); err != nil {
		return err
	}
	if t.Nonce != nonce {
		return errors.New("time: answers another question")
	}
	if t.Unix < 0 || t.Unix > maxUnix {
		return fmt.Errorf("time: %d is none", t.Unix)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	received := c.system()
	trip := received.Sub(sent)
	if trip < 0 || trip > maxRoundTrip {
		return fmt.Errorf("time: the answer took %s", trip)
	}
	c.told, c.at = time.UnixMilli(t.Unix).Add(trip/2), received
	return nil
}

// maxUnix is the end of the year 9999 in Unix milliseconds.
const maxUnix = 253402300799999

// tick is how often a running clock keeps its floor and is set.
const tick = 20 * time.Second

// Run keeps the floor, and has the clock set by ask (nil for not), until ctx ends.
func (c *Clock) Run(ctx context.Context, ask func(ctx context.Context)) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := c.Keep(); err != nil {
			return err
		}
		if ask != nil {
			ask(ctx)
		}
	}
}
