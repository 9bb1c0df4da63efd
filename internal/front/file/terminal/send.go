// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// Upload is one file to send.
type Upload struct {
	Path     string
	Flow     string
	Wait     bool                     // until it was delivered on the other side
	Progress func(sent, total uint64) // may be nil
}

// Result is how far a file came.
type Result struct {
	ID       parcel.ID
	State    exchange.State // StateAccepted or, after waiting, StateDelivered or StateRefused
	Size     uint64
	Root     string           // of the chain of digests, in hex
	Resumed  bool             // an earlier sending was taken up
	Receipt  exchange.Receipt // of the delivery on the other side, after waiting
	Code     fault.Code       // of StateRefused
	Accepted exchange.Receipt // of the front; zero when an earlier call had it
}

// Send sends a file and returns when the front has it durably or, with Wait, when it
// was delivered. After an error that exchange.Transient tells, a crash or the end of
// ctx, the next call goes on.
func (t *Terminal) Send(ctx context.Context, u Upload) (r Result, err error) {
	s, err := t.open(u.Flow, u.Path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.file.Close()) }()
	attempt := 0
	err = t.retry(ctx, func(c *session) (bool, error) {
		attempt++
		return t.attempt(ctx, c, s, u, attempt, &r)
	})
	r.ID, r.Size, r.Root = s.ID, s.Size, hex.EncodeToString(s.Root[:])
	if err == nil && r.State == exchange.StateRefused {
		return r, errors.Join(fault.New(r.Code, "refused on the way"), s.forget())
	}
	if err == nil || ctx.Err() == nil && !exchange.Transient(err) {
		return r, errors.Join(err, s.forget())
	}
	return r, err
}

// attempt sends what is missing and, if asked, waits for the end.
func (t *Terminal) attempt(ctx context.Context, c *session, s *source, u Upload, attempt int, r *Result) (forward bool, err error) {
	if !s.Accepted {
		progress := func(sent uint64) {
			forward = true
			if u.Progress != nil {
				u.Progress(sent, s.Size)
			}
		}
		if r.Accepted, err = t.upload(ctx, c, s, attempt, progress); err != nil {
			return forward, err
		}
		s.Accepted, s.offered = true, true
		if err := s.remember(); err != nil {
			return true, err
		}
	} else if attempt == 1 {
		r.Resumed = true
	}
	r.State = exchange.StateAccepted
	if !u.Wait {
		return true, nil
	}
	return true, t.wait(ctx, c, s, r)
}

func (t *Terminal) upload(ctx context.Context, c *session, s *source, attempt int, progress func(uint64)) (exchange.Receipt, error) {
	body := parcel.Body{Size: s.Size, Root: s.Root}
	h, carried, err := t.header(c.front, s.Flow, s.ID, s.fields, body)
	if err != nil {
		return exchange.Receipt{}, err
	}
	out := &exchange.Outgoing{Draft: exchange.Draft{ID: s.ID, Flow: s.Flow}, Body: body, Digests: s.digests, Attempt: attempt}
	return exchange.Deliver(ctx, c.conn, carried, h, out, s.file, progress)
}

// wait asks until the delivery has ended.
func (t *Terminal) wait(ctx context.Context, c *session, s *source, r *Result) error {
	for {
		status, err := ask(ctx, c.conn, s.ID)
		if err != nil {
			return err
		}
		switch status.State {
		case exchange.StateAccepted:
		case exchange.StateDelivered, exchange.StateRefused:
			r.State, r.Receipt, r.Code = status.State, status.Receipt, status.Code
			return nil
		default:
			if s.offered {
				return fault.New(fault.ParcelUnknown, "the front knows nothing of parcel %s", s.ID)
			}
			// Its flow may not be open yet, or it has lost its state: offer the file again.
			s.Accepted = false
			return fault.New(fault.TooBusy, "the front knows nothing of parcel %s yet", s.ID)
		}
	}
}

func ask(ctx context.Context, conn *wire.Conn, id parcel.ID) (exchange.Status, error) {
	s, err := conn.Open(ctx, wire.Interactive)
	if err != nil {
		return exchange.Status{}, fault.Wrap(fault.GuardUnavailable, err, "ask for parcel %s", id)
	}
	defer s.Close()
	err = s.SendLast(ctx, exchange.StatusMessage(exchange.Status{ID: id}))
	var m wire.Message
	if err == nil {
		m, err = s.Receive(ctx)
	}
	if err != nil {
		return exchange.Status{}, fault.Wrap(fault.GuardUnavailable, err, "ask for parcel %s", id)
	}
	if _, err := s.Receive(ctx); err != nil && !errors.Is(err, io.EOF) {
		return exchange.Status{}, fault.Wrap(fault.GuardUnavailable, err, "ask for parcel %s", id)
	}
	status, err := exchange.DecodeStatus(m)
	if err == nil && status.ID != id {
		err = fault.New(fault.ParcelMalformed, "status of parcel %s, not %s", status.ID, id)
	}
	return status, err
}
