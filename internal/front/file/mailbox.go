// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// fetchers is how many files go to one terminal at once.
const fetchers = 4

// fetch sends what waits for a terminal on streams of this side, until the terminal
// ends the stream or, when it asked for that, nothing waits any more.
func (t *terminal) fetch(ctx context.Context, s *wire.Stream, m wire.Message) error {
	q, err := exchange.DecodeFetch(m)
	if err != nil {
		return err
	}
	p, err := t.mailbox(q.Flow)
	if err != nil {
		return errors.Join(err, exchange.Refuse(ctx, s, parcel.ID{}, err))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	for range fetchers {
		all.Go(func() { t.empty(ctx, p) })
	}
	if q.Once {
		if !p.drained(ctx) {
			return ctx.Err()
		}
		return s.CloseSend()
	}
	_, err = s.Receive(ctx) // nothing more comes but the end
	cancel()
	return err
}

// mailbox is the place of a flow if it is this terminal's.
func (t *terminal) mailbox(flow string) (*place, error) {
	if err := t.known(t.id); err != nil {
		return nil, err
	}
	f := t.Policy().Flow(flow)
	if t.Exit == nil || f == nil || f.Kind != "deliver" || f.Protocol != "file" || f.Exit != t.Front {
		return nil, fault.New(fault.FlowUnknown, "no flow %q leaves here", flow)
	}
	p, err := t.Exit.place(f)
	if err != nil {
		return nil, err
	}
	if p.box == nil || p.terminal != t.id {
		return nil, fault.New(fault.FlowUnknown, "flow %q is not for terminal %q", flow, t.id)
	}
	return p, nil
}

// drained waits until nothing waits in a mailbox; false when ctx ended first.
func (p *place) drained(ctx context.Context) bool {
	for p.box.Pending() > 0 {
		if !daemon.Rest(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

// empty sends one file after another.
func (t *terminal) empty(ctx context.Context, p *place) {
	for {
		out, err := p.box.Next(ctx)
		if err != nil {
			return
		}
		if err := t.send(ctx, p, out); err != nil {
			p.box.Later(out)
			if ctx.Err() == nil {
				t.Log.LogAttrs(ctx, slog.LevelInfo, "a file for a terminal waits", slog.String("terminal", t.id), slog.String("parcel", out.ID.String()), slog.Any("error", err))
			}
		}
	}
}

func (t *terminal) send(ctx context.Context, p *place, out *exchange.Outgoing) error {
	body, err := p.box.OpenBody(out)
	if err != nil {
		return err
	}
	defer body.Close()
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: out.ID, Flow: out.Flow,
		FromZone: t.Zone, ToZone: t.Zone, Source: t.Front, Destination: t.id, Guard: NoGuard, Fields: out.Fields, Body: out.Body,
	}
	raw, err := h.Encode()
	if err != nil {
		return err
	}
	receipt, err := exchange.Deliver(ctx, t.conn, exchange.Carried{Header: raw}, h, out, body, nil)
	if err != nil {
		// The sender has its receipt: whatever the terminal says, the file stays here
		// until it is taken.
		return err
	}
	return p.box.Settle(out, exchange.Outcome{Receipt: receipt})
}
