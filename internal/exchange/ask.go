// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"io"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// Opener opens streams towards a neighbour; wire.Conn is one.
type Opener interface {
	Open(ctx context.Context, class wire.Class) (*wire.Stream, error)
}

// Ask sends one parcel and waits for its answer. It never sends twice. An error
// with code GuardUnavailable says that nothing was sent; Interrupted, that it may
// have gone on; TargetTimeout, that ctx's time ended first; else it is the refusal.
func Ask(ctx context.Context, o Opener, id parcel.ID, c Carried) (Carried, error) {
	s, err := o.Open(ctx, wire.Interactive)
	if err != nil {
		return Carried{}, fault.Wrap(fault.GuardUnavailable, err, "open a stream")
	}
	defer s.Close()
	if err := s.SendLast(ctx, CarriedMessage(KindAsk, c)); err != nil {
		return Carried{}, interrupted(ctx, err)
	}
	m, err := s.Receive(ctx)
	if err != nil {
		return Carried{}, interrupted(ctx, err)
	}
	drain(ctx, s)
	if m.Kind == KindRefusal {
		return Carried{}, DecodeRefusal(m, id)
	}
	return DecodeCarried(m, KindAnswer)
}

// drain takes the end of a stream that the neighbour ends with its last message, so
// that Close need not reset it: resets are limited in rate.
func drain(ctx context.Context, s *wire.Stream) {
	_, _ = s.Receive(ctx) // whatever comes, the exchange has ended
}

// interrupted names an error of a stream on which something was sent.
func interrupted(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Wrap(fault.TargetTimeout, err, "no answer in time")
	}
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Interrupted, "the neighbour ended without an answer")
	}
	return fault.Wrap(fault.Interrupted, err, "wait for the answer")
}

// Reply ends an Ask on the answering side with an answer.
func Reply(ctx context.Context, s *wire.Stream, c Carried) error {
	return s.SendLast(ctx, CarriedMessage(KindAnswer, c))
}

// Refuse ends an exchange on the answering side with the code of a cause.
func Refuse(ctx context.Context, s *wire.Stream, id parcel.ID, cause error) error {
	return s.SendLast(ctx, RefusalMessage(id, fault.CodeOf(cause)))
}

// Drain waits for the peer's end of a stream on which nothing more is to come, so
// that closing it is no reset. What comes all the same is not looked at.
func Drain(ctx context.Context, s *wire.Stream) {
	_, _ = s.Receive(ctx)
}
