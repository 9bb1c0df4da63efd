// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ed25519"
	"errors"
	"fmt"
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

// Clock is a component's time: the system's, moved by the authority's answers where
// there are any, and never behind a floor that survives restarts.
type Clock struct {
	mu        sync.Mutex
	system    func() time.Time
	file      string
	offset    time.Duration
	floor     int64 // Unix milliseconds, durable
	authority ed25519.PublicKey
}

// floorStep is how far the durable floor may lie behind: a restart can take time
// back by no more than that.
const floorStep = time.Minute

// maxRoundTrip bounds how old an answer may be to be used.
const maxRoundTrip = 5 * time.Second

// NewClock is the clock of an admitted identity over a system clock.
func NewClock(i *Identity, system func() time.Time) (*Clock, error) {
	if i.Admission == nil {
		return nil, fmt.Errorf("%s is not admitted", i.Request.ID)
	}
	c := &Clock{system: system, file: filepath.Join(i.dir, "time"), authority: i.Admission.Authority}
	floor, err := ReadCounter(c.file)
	c.floor = int64(floor)
	return c, err
}

// Now is the time, never before the floor.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.system().Add(c.offset)
	if now.UnixMilli() < c.floor {
		return time.UnixMilli(c.floor)
	}
	return now
}

// Keep makes the floor follow the time. Call it more often than floorStep.
func (c *Clock) Keep() error {
	now := c.Now().UnixMilli()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now-c.floor < floorStep.Milliseconds() {
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
	c.mu.Lock()
	defer c.mu.Unlock()
	received := c.system()
	trip := received.Sub(sent)
	if trip < 0 || trip > maxRoundTrip {
		return fmt.Errorf("time: the answer took %s", trip)
	}
	c.offset = time.UnixMilli(t.Unix).Add(trip / 2).Sub(received)
	return nil
}
