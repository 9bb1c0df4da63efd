// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package control is what crosses beside the flows of the policy: a closed list of
// types, each with its direction, size and rate. Bundles, leases and questions go
// from the center outwards; time is asked for inwards; windows go from a judge to
// the makers. A call is one stream: a head, parts, and an answer in parts.
package control

import (
	"context"
	"errors"
	"fmt"
	"io"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/wire"
)

// The kinds of messages of a call.
const (
	KindCall wire.Kind = 16 // Head: opens a call
	KindPart wire.Kind = 17 // up to partSize bytes of payload or answer
	KindDone wire.Kind = 18 // Tail: ends a call
)

const (
	partSize = 256 << 10
	maxName  = 64
)

// Type is one of the closed list.
type Type uint8

// The types.
const (
	Bundle        Type = 1  // center to all: a signed bundle; answered by nothing
	Lease         Type = 2  // center to one: a sealed lease; answered by nothing
	Time          Type = 3  // any to center: a nonce; answered by a signed time
	Windows       Type = 4  // guard half to the neighbours that make labels: verifiers
	Records       Type = 5  // center to one: from which record on; answered by audit records
	Checkpoint    Type = 6  // center to one: answered by its latest checkpoint
	Health        Type = 7  // center to one: answered by its state
	Witness       Type = 8  // center to the inner half: a checkpoint of the center's log to be kept; answered by the one that is kept, cosigned
	Configuration Type = 9  // center to one: answered by what it runs with
	Quarantine    Type = 10 // center to a front: answered by what lies in its quarantine
	Release       Type = 11 // center to a front: a release from quarantine, signed by the approvers; answered by nothing
)

// Rule bounds a type.
type Rule struct {
	Name    string
	Outward bool // goes from the center's side outwards; else inwards
	Request int  // bytes
	Answer  int  // bytes
	Rate    int  // calls a second of one neighbour, twice as many at once
}

// RuleOf is the rule of a type, false for one that is not on the list.
func RuleOf(t Type) (Rule, bool) {
	r, ok := rules[t]
	return r, ok
}

var rules = map[Type]Rule{ //nolint:gochecknoglobals // a constant table
	Bundle:        {Name: "bundle", Outward: true, Request: 16 << 20, Answer: 0, Rate: 40},
	Lease:         {Name: "lease", Outward: true, Request: 1 << 20, Answer: 0, Rate: 40},
	Time:          {Name: "time", Outward: false, Request: 16, Answer: 1 << 10, Rate: 4},
	Windows:       {Name: "windows", Outward: true, Request: 4 << 10, Answer: 0, Rate: 10},
	Records:       {Name: "records", Outward: true, Request: 64, Answer: 8 << 20, Rate: 200},
	Checkpoint:    {Name: "checkpoint", Outward: true, Request: 0, Answer: 8 << 10, Rate: 50},
	Health:        {Name: "health", Outward: true, Request: 0, Answer: 512 << 10, Rate: 50}, // MaxFlows of them
	Witness:       {Name: "witness", Outward: true, Request: 1 << 20, Answer: 8 << 10, Rate: 20},
	Configuration: {Name: "configuration", Outward: true, Request: 0, Answer: 64 << 10, Rate: 10},
	Quarantine:    {Name: "quarantine", Outward: true, Request: 0, Answer: 512 << 10, Rate: 10}, // MaxHeld of them
	Release:       {Name: "release", Outward: true, Request: 16 << 10, Answer: 0, Rate: 5},
}

// Head opens a call.
type Head struct {
	_    struct{} `cbor:",toarray"`
	Type Type
	To   string // component
}

// Tail ends a call.
type Tail struct {
	_    struct{}   `cbor:",toarray"`
	Code fault.Code // empty for success
}

// Opener opens streams towards a neighbour; wire.Conn is one.
type Opener interface {
	Open(ctx context.Context, class wire.Class) (*wire.Stream, error)
}

// Call makes one call and returns its answer.
func Call(ctx context.Context, o Opener, h Head, payload []byte) ([]byte, error) {
	rule, ok := RuleOf(h.Type)
	if !ok {
		return nil, fault.New(fault.ParcelMalformed, "call of type %d", h.Type)
	}
	if len(payload) > rule.Request {
		return nil, fault.New(fault.ParcelTooLarge, "call %s with %d bytes, at most %d", rule.Name, len(payload), rule.Request)
	}
	s, err := o.Open(ctx, wire.Interactive)
	if err != nil {
		return nil, fault.Wrap(fault.PeerUnavailable, err, "call %s of %s", rule.Name, h.To)
	}
	defer s.Close()
	sendErr := send(ctx, s, h, payload)
	answer, err := receiveParts(ctx, s, rule.Answer, true) // a refusal may have come before all was sent
	if err != nil {
		return nil, fmt.Errorf("call %s of %s: %w", rule.Name, h.To, err)
	}
	if sendErr != nil {
		return nil, fault.Wrap(fault.PeerUnavailable, sendErr, "call %s of %s", rule.Name, h.To)
	}
	return answer, nil
}

func send(ctx context.Context, s *wire.Stream, h Head, payload []byte) error {
	if err := s.Send(ctx, wire.Message{Kind: KindCall, Payload: canon.Must(h)}); err != nil {
		return err
	}
	if err := sendParts(ctx, s, payload); err != nil {
		return err
	}
	return s.CloseSend()
}

func sendParts(ctx context.Context, s *wire.Stream, payload []byte) error {
	for len(payload) > 0 {
		n := min(len(payload), partSize)
		if err := s.Send(ctx, wire.Message{Kind: KindPart, Payload: payload[:n]}); err != nil {
			return err
		}
		payload = payload[n:]
	}
	return nil
}

// receiveParts gathers parts up to the end: a tail where one is wanted, else the
// end of the stream.
func receiveParts(ctx context.Context, s *wire.Stream, limit int, tail bool) ([]byte, error) {
	var payload []byte
	for {
		m, err := s.Receive(ctx)
		switch {
		case errors.Is(err, io.EOF) && !tail:
			return payload, nil
		case err != nil:
			return nil, fault.Wrap(fault.PeerUnavailable, err, "receive")
		case m.Kind == KindDone && tail:
			_, _ = s.Receive(ctx) // the end, so that closing is no reset
			return payload, decodeTail(m)
		case m.Kind != KindPart || len(m.Payload) == 0:
			return nil, fault.New(fault.ParcelMalformed, "message of kind %d with %d bytes", m.Kind, len(m.Payload))
		case len(payload)+len(m.Payload) > limit:
			return nil, fault.New(fault.ParcelTooLarge, "more than %d bytes", limit)
		}
		payload = append(payload, m.Payload...)
	}
}

func decodeTail(m wire.Message) error {
	var t Tail
	if err := canon.Unmarshal(m.Payload, &t); err != nil {
		return fault.Wrap(fault.ParcelMalformed, err, "tail")
	}
	switch {
	case t.Code == "":
		return nil
	case !fault.Known(t.Code):
		return fault.New(fault.InternalError, "refused with an unknown code")
	default:
		return fault.New(t.Code, "refused by the called component")
	}
}

// DecodeHead reads the first message of a call and finds its rule.
func DecodeHead(m wire.Message) (Head, Rule, error) {
	var h Head
	if m.Kind != KindCall {
		return h, Rule{}, fault.New(fault.ParcelMalformed, "message of kind %d, want a call", m.Kind)
	}
	if err := canon.Unmarshal(m.Payload, &h); err != nil {
		return h, Rule{}, fault.Wrap(fault.ParcelMalformed, err, "head")
	}
	rule, ok := RuleOf(h.Type)
	if !ok || h.To == "" || len(h.To) > maxName {
		return h, rule, fault.New(fault.ParcelMalformed, "call of type %d to a name of %d bytes", h.Type, len(h.To))
	}
	return h, rule, nil
}

// Handler answers a call.
type Handler func(ctx context.Context, h Head, payload []byte) ([]byte, error)

// Serve receives the rest of a call whose head was decoded, has it answered, and
// sends the answer. The error is for the log.
func Serve(ctx context.Context, s *wire.Stream, h Head, rule Rule, answer Handler) error {
	payload, err := receiveParts(ctx, s, rule.Request, false)
	if err != nil {
		return Refuse(ctx, s, err)
	}
	got, err := answer(ctx, h, payload)
	if err == nil && len(got) > rule.Answer {
		err = fault.New(fault.ParcelTooLarge, "answer of %d bytes to %s, at most %d", len(got), rule.Name, rule.Answer)
	}
	if err != nil {
		return Refuse(ctx, s, err)
	}
	if err := sendParts(ctx, s, got); err != nil {
		return err
	}
	return end(ctx, s, Tail{})
}

// Refuse ends a call with the code of a cause, which it returns.
func Refuse(ctx context.Context, s *wire.Stream, cause error) error {
	return errors.Join(cause, end(ctx, s, Tail{Code: fault.CodeOf(cause)}))
}

func end(ctx context.Context, s *wire.Stream, t Tail) error {
	return s.SendLast(ctx, wire.Message{Kind: KindDone, Payload: canon.Must(t)})
}
