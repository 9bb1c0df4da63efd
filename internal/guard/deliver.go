// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// relayDeliver judges a delivery as it streams: its header first, each chunk against
// the header, and all of it again at the commit, which alone releases.
func (h *Half) relayDeliver(ctx context.Context, from *peer, up *wire.Stream, m wire.Message) (err error) {
	c, err := exchange.DecodeCarried(m, m.Kind)
	if err != nil {
		return h.refuseUnread(ctx, from, up, err)
	}
	v, err := h.pass(from, c, parcel.Deliver)
	if err != nil {
		return h.refuseAsk(ctx, up, h.countRefused(&v, err), err)
	}
	defer h.left(from, &v)
	count := h.counts.flows.Begin(h.flowOf(v.Header.Flow))
	count.Bytes(v.Header.Body.Size)
	defer func() { count.End(err) }()
	next, err := h.next(from, v.Header)
	if err != nil {
		return h.refuseAsk(ctx, up, v.Header.ID, err)
	}
	down, err := next.conn.Open(ctx, wire.Bulk)
	if err != nil {
		return h.refuseAsk(ctx, up, v.Header.ID, fault.Wrap(fault.GuardUnavailable, err, "open a stream"))
	}
	defer down.Close()
	r := relaying{bytes: h.bodyLimit(from, &v), half: h, from: from, carried: c, verdict: &v, up: up, down: down, asks: m.Kind == exchange.KindOffer}
	return r.run(ctx, m.Kind)
}

// relaying is one delivery on its way through a half.
type relaying struct {
	half     *Half
	from     *peer
	carried  exchange.Carried
	verdict  *judge.Verdict
	up, down *wire.Stream
	asks     bool          // the sender waits for a Resume
	bytes    *rate.Limiter // of the sender's chunks, nil for none
	verifier *parcel.Verifier
	skipper  *parcel.Skipper
}

// run relays both directions. The receiver's word ends the delivery; an error on the
// way down is told to the sender, and cuts the receiver's stream off.
func (r *relaying) run(ctx context.Context, kind wire.Kind) error {
	moving, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.down.Send(ctx, exchange.CarriedMessage(kind, r.carried)); err != nil {
		return r.half.refuseAsk(ctx, r.up, r.verdict.Header.ID, fault.Wrap(fault.Interrupted, err, "send on"))
	}
	forward := make(chan error, 1)
	go func() { forward <- r.forward(moving) }()
	back := make(chan error, 1)
	go func() { back <- r.back(moving) }()
	select {
	case err := <-back: // receipt, refusal or a broken stream
		cancel()
		if <-forward == nil {
			exchange.Drain(ctx, r.up)
		}
		return err
	case err := <-forward:
		var lost *lostError
		if err == nil || errors.As(err, &lost) {
			last := <-back // the receiver has the last word: it may have refused
			if err == nil {
				exchange.Drain(ctx, r.up)
			}
			return last
		}
		cancel()
		<-back //nolint:errcheck // it was cut off
		r.half.recordEnd(r.verdict, "refuse", fault.CodeOf(err))
		return r.half.refuseAsk(context.WithoutCancel(ctx), r.up, r.verdict.Header.ID, err)
	}
}

// bodyLimit bounds the bytes a second of a subject that this part has found proven.
func (h *Half) bodyLimit(from *peer, v *judge.Verdict) *rate.Limiter {
	flow := h.keeper.Current().Flow(v.Header.Flow)
	if flow == nil || h.courseOf(from).quota != ofSubject {
		return nil
	}
	return h.quota.body(flow, v.Label.Subject)
}

// outwards tells whether what the receiver says crosses the border.
func (r *relaying) outwards() bool { return r.half.border != nil && r.from.at == outwards }

// resumes holds a place to resume at, which the receiver chooses, to its turn.
func (r *relaying) resumes(ctx context.Context, m wire.Message) error {
	at, err := exchange.DecodeResume(m, r.verdict.Header.Body)
	if err == nil && at.Chunk > 0 && r.outwards() && !r.half.border.word(ctx) {
		err = fault.New(fault.TooBusy, "too many resumed deliveries")
	}
	return err
}

// receipt is the receipt as it is handed on.
func (r *relaying) receipt(ctx context.Context, m wire.Message) (wire.Message, error) {
	got, err := exchange.DecodeReceipt(m, r.verdict.Header)
	if err != nil || !r.outwards() {
		return m, err
	}
	got, err = r.half.border.receipt(ctx, got)
	return wire.Message{Kind: m.Kind, Payload: canon.Must(got)}, err
}

// lostError says that the receiver takes no more.
type lostError struct{ err error }

func (e *lostError) Error() string { return "send on: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// idle bounds how long a sender may be silent before its commit.
const idle = time.Minute

func (r *relaying) receive(ctx context.Context) (wire.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	return r.up.Receive(ctx)
}

// forward verifies and sends on what the sender sends, up to the commit.
func (r *relaying) forward(ctx context.Context) error {
	for {
		m, err := r.receive(ctx)
		if err != nil {
			return fault.Wrap(fault.Interrupted, err, "the sender broke off")
		}
		if err := r.check(m); err != nil {
			return err
		}
		if r.bytes != nil && !turn(ctx, r.bytes, r.half.Clock.Now(), len(m.Payload), idle) {
			return fault.New(fault.RateLimited, "too many bytes a second")
		}
		if m.Kind != exchange.KindCommit {
			if err := r.down.Send(ctx, m); err != nil {
				return &lostError{err}
			}
			continue
		}
		if err := r.commit(); err != nil {
			return err
		}
		if err := r.down.SendLast(ctx, m); err != nil {
			return &lostError{err}
		}
		return nil
	}
}

// check verifies one message of the body against the header.
func (r *relaying) check(m wire.Message) error {
	body := r.verdict.Header.Body
	switch m.Kind {
	case exchange.KindStart:
		s, err := exchange.DecodeStart(m)
		if err != nil {
			return err
		}
		if r.verifier != nil || r.skipper != nil {
			return fault.New(fault.ParcelMalformed, "a second start")
		}
		if r.skipper, err = parcel.NewSkipper(body, s.Chunk, s.Link); err != nil {
			return err
		}
		return r.proven(s.Chunk == 0)
	case exchange.KindSkip:
		digests, err := exchange.DecodeSkip(m)
		if err != nil {
			return err
		}
		return r.skip(digests)
	case exchange.KindChunk:
		next, data, err := exchange.DecodeChunk(m)
		if err != nil {
			return err
		}
		if r.verifier == nil {
			return fault.New(fault.ParcelMalformed, "a chunk before its link is proven")
		}
		return r.verifier.Chunk(data, next)
	case exchange.KindCommit:
		if r.verifier == nil {
			return fault.New(fault.ParcelMalformed, "a commit before the start")
		}
		return r.verifier.Done()
	default:
		return fault.New(fault.ParcelMalformed, "message of kind %d in a delivery", m.Kind)
	}
}

func (r *relaying) skip(digests []parcel.ChunkDigest) error {
	if r.skipper == nil {
		return fault.New(fault.ParcelMalformed, "skipped digests before the start")
	}
	for _, d := range digests {
		if err := r.skipper.Back(d); err != nil {
			return err
		}
	}
	return r.proven(r.skipper.Complete())
}

// proven goes over to verifying chunks once the start is tied to the root.
func (r *relaying) proven(complete bool) (err error) {
	if complete {
		r.verifier, err = r.skipper.Verifier()
	}
	return err
}

// commit judges the whole again, under the bundle of now, and records it.
func (r *relaying) commit() error {
	h := r.half
	if j := h.judgeOf(r.from); j != nil {
		if err := j.Again(h.keeper.Current(), r.verdict); err != nil {
			h.recordVerdict(r.verdict, r.carried, err)
			return err
		}
	}
	ticket := h.recordEnd(r.verdict, "committed", "")
	if !h.courseOf(r.from).waits {
		return nil
	}
	if err := ticket.Wait(); err != nil {
		return fault.Wrap(fault.RecordFailed, err, "record the commit")
	}
	return nil
}

// back relays what the receiver says: where it stands, then a receipt or a refusal.
func (r *relaying) back(ctx context.Context) error {
	header := r.verdict.Header
	for {
		m, err := r.down.Receive(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return err // who ended it tells the sender
			}
			r.half.recordEnd(r.verdict, "refuse", fault.Interrupted)
			return r.half.handRefusal(context.WithoutCancel(ctx), r.from, r.up, header.ID, fault.Wrap(fault.Interrupted, err, "the receiver broke off"))
		}
		switch m.Kind {
		case exchange.KindResume:
			if _, err := exchange.DecodeResume(m, header.Body); err != nil || !r.asks {
				return r.half.handRefusal(context.WithoutCancel(ctx), r.from, r.up, header.ID, fault.New(fault.ParcelMalformed, "a resume that is not one"))
			}
			r.asks = false
			if err := r.resumes(ctx, m); err != nil {
				return r.half.handRefusal(context.WithoutCancel(ctx), r.from, r.up, header.ID, err)
			}
			if err := r.up.Send(ctx, m); err != nil {
				return err
			}
		case exchange.KindReceipt:
			if m, err = r.receipt(ctx, m); err != nil {
				return r.half.handRefusal(context.WithoutCancel(ctx), r.from, r.up, header.ID, err)
			}
			r.half.recordEnd(r.verdict, "released", "")
			exchange.Drain(ctx, r.down)
			return r.up.SendLast(ctx, m)
		default:
			err := exchange.DecodeRefusal(m, header.ID)
			r.half.recordEnd(r.verdict, "refuse", fault.CodeOf(err))
			return r.half.handRefusal(context.WithoutCancel(ctx), r.from, r.up, header.ID, err)
		}
	}
}
