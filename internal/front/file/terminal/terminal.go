// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package terminal is the other end of a front's terminals: it sends files to a flow
// and takes in what a flow brings for it. What is broken off is taken up again by
// the next call, under the same parcel id.
package terminal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// Terminal is one enrolled terminal.
type Terminal struct {
	ID   string // its component id
	Zone string
	// Dial connects to the zone's front and names it, by the key that it proved.
	Dial func(ctx context.Context) (nc net.Conn, front string, err error)
	// State is the directory that remembers what is being sent.
	State string
	// Patience is how long a front that cannot be reached is tried.
	Patience time.Duration
	Log      *slog.Logger
}

// session is one connection to the front.
type session struct {
	conn  *wire.Conn
	front string
	end   func() // closes it and waits
}

func (t *Terminal) connect(ctx context.Context) (*session, error) {
	nc, front, err := t.Dial(ctx)
	if err != nil {
		if e := (*fault.Error)(nil); errors.As(err, &e) {
			return nil, err
		}
		return nil, fault.Wrap(fault.GuardUnavailable, err, "connect to the front")
	}
	conn := wire.New(nc, true, wire.Config{Log: t.Log})
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = conn.Run(ctx) }) // whoever uses it learns its end
	return &session{conn: conn, front: front, end: func() {
		cancel()
		running.Wait()
	}}, nil
}

// retry calls try with a connection until it succeeds, fails for good, or nothing was
// possible for as long as the patience. try says whether it came forward.
func (t *Terminal) retry(ctx context.Context, try func(*session) (forward bool, err error)) error {
	pause, since := 100*time.Millisecond, time.Now()
	for {
		forward, err := t.once(ctx, try)
		if err == nil || ctx.Err() != nil || !exchange.Transient(err) {
			return errors.Join(ctx.Err(), err)
		}
		if forward {
			pause, since = 100*time.Millisecond, time.Now()
		}
		if time.Since(since) > t.Patience {
			return err
		}
		t.Log.LogAttrs(ctx, slog.LevelInfo, "trying again", slog.Any("error", err))
		if !daemon.Rest(ctx, pause) {
			return errors.Join(ctx.Err(), err)
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (t *Terminal) once(ctx context.Context, try func(*session) (bool, error)) (bool, error) {
	s, err := t.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.end()
	return try(s)
}

// header is the header of a parcel from this terminal to its front.
func (t *Terminal) header(front, flow string, id parcel.ID, fields []byte, body parcel.Body) (*parcel.Header, exchange.Carried, error) {
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: id, Flow: flow, FromZone: t.Zone, ToZone: t.Zone,
		Source: t.ID, Destination: front, Guard: file.NoGuard, Fields: fields, Body: body,
	}
	raw, err := h.Encode()
	return h, exchange.Carried{Header: raw}, err
}
