// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package exchange carries parcels between neighbours in two ways. Ask is bounded,
// buffered and at most once. Deliver is durable, resumable and receipted: an Outbox
// keeps what was accepted until its receipt comes, an Inbox takes it in once.
// The messages are those of docs/formats/parcel.md, on streams of package wire.
package exchange

import (
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// The kinds of messages on a stream. The first message says what the stream is:
// Ask, Offer, or one of guard/control's.
const (
	KindAsk     wire.Kind = 1  // Carried: opens an Ask
	KindAnswer  wire.Kind = 2  // Carried: ends an Ask
	KindRefusal wire.Kind = 3  // Refusal: ends an Ask or a Deliver
	KindOffer   wire.Kind = 4  // Carried: opens a Deliver; the sender waits for a Resume
	KindRush    wire.Kind = 5  // Carried: opens a Deliver; the sender goes on from the first chunk
	KindResume  wire.Kind = 6  // Resume: where the receiver stands
	KindStart   wire.Kind = 7  // Start: from which chunk the sender goes on
	KindSkip    wire.Kind = 8  // digests of the chunks before Start, last one first
	KindChunk   wire.Kind = 9  // the link behind the chunk, then its bytes
	KindCommit  wire.Kind = 10 // every chunk was sent
	KindReceipt wire.Kind = 11 // Receipt: ends a Deliver
	KindStatus  wire.Kind = 12 // Status: a terminal asks what became of its delivery, and is told
	KindFetch   wire.Kind = 13 // Fetch: a terminal asks for what waits for it
)

// Carried is a parcel without its body, as it travels.
type Carried struct {
	_      struct{} `cbor:",toarray"`
	Header []byte
	Label  []byte // sealed; empty only between a terminal and its front
}

// Refusal ends an exchange. It holds an enumerated code and nothing else, since it
// may travel towards the outside.
type Refusal struct {
	_    struct{} `cbor:",toarray"`
	ID   parcel.ID
	Code fault.Code
}

// Resume says how many chunks the receiver holds durably or in hand.
type Resume struct {
	_     struct{} `cbor:",toarray"`
	Chunk uint64
}

// Start says where the sender goes on, and the link of that chunk.
type Start struct {
	_     struct{} `cbor:",toarray"`
	Chunk uint64
	Link  parcel.Link
}

// Receipt says that a delivery was released.
type Receipt struct {
	_        struct{} `cbor:",toarray"`
	ID       parcel.ID
	Released int64 // Unix milliseconds by the receiver's clock
	Size     uint64
	Root     parcel.Link // of the body that was released
}

// State says how far a delivery has come.
type State uint8

// The states that a terminal is told.
const (
	StateUnknown   State = 0 // the front has no such delivery of this terminal; also what the question holds
	StateAccepted  State = 1 // durable, under way
	StateDelivered State = 2 // Receipt is its receipt
	StateRefused   State = 3 // Code is why
)

// Status is what became of a delivery. The question has the id and zeros.
type Status struct {
	_       struct{} `cbor:",toarray"`
	ID      parcel.ID
	State   State
	Code    fault.Code
	Receipt Receipt
}

// Fetch asks a front for the deliveries of a flow that wait for a terminal. The
// front sends them on streams of its own.
type Fetch struct {
	_    struct{} `cbor:",toarray"`
	Flow string
	Once bool // end the stream when nothing waits any more
}

// maxName bounds the name of a flow, in bytes.
const maxName = 256

// maxSkip is the number of digests in one Skip message.
const maxSkip = 1 << 14

// message encodes a message of a kind. The types above always encode.
func message(kind wire.Kind, v any) wire.Message {
	return wire.Message{Kind: kind, Payload: canon.Must(v)}
}

// decode reads a message of a kind strictly.
func decode(m wire.Message, kind wire.Kind, v any) error {
	if m.Kind != kind {
		return fault.New(fault.ParcelMalformed, "message of kind %d, want %d", m.Kind, kind)
	}
	if err := canon.Unmarshal(m.Payload, v); err != nil {
		return fault.Wrap(fault.ParcelMalformed, err, "message of kind %d", kind)
	}
	return nil
}

// DecodeCarried reads a parcel without its body from a message of a kind.
func DecodeCarried(m wire.Message, kind wire.Kind) (Carried, error) {
	var c Carried
	err := decode(m, kind, &c)
	return c, err
}

// CarriedMessage is the message that carries a parcel without its body.
func CarriedMessage(kind wire.Kind, c Carried) wire.Message { return message(kind, c) }

// RefusalMessage is the message that refuses a parcel.
func RefusalMessage(id parcel.ID, code fault.Code) wire.Message {
	return message(KindRefusal, Refusal{ID: id, Code: code})
}

// DecodeRefusal reads a refusal of a parcel as an error. A code that is not on the
// list becomes InternalError: nothing but enumerated values is repeated.
func DecodeRefusal(m wire.Message, id parcel.ID) error {
	var r Refusal
	if err := decode(m, KindRefusal, &r); err != nil {
		return err
	}
	if r.ID != id {
		return fault.New(fault.ParcelMalformed, "refusal of parcel %s, not %s", r.ID, id)
	}
	if !fault.Known(r.Code) {
		r.Code = fault.InternalError
	}
	return &RefusedError{Code: r.Code}
}

// RefusedError is a neighbour's refusal.
type RefusedError struct{ Code fault.Code }

// Error names the code.
func (e *RefusedError) Error() string { return "refused: " + string(e.Code) }

// As lets fault.CodeOf find the code.
func (e *RefusedError) As(target any) bool {
	t, ok := target.(**fault.Error)
	if ok {
		*t = fault.New(e.Code, "refused by the neighbour")
	}
	return ok
}

// DecodeReceipt reads the receipt of a delivery.
func DecodeReceipt(m wire.Message, h *parcel.Header) (Receipt, error) {
	var r Receipt
	if err := decode(m, KindReceipt, &r); err != nil {
		return r, err
	}
	if r.ID != h.ID || r.Size != h.Body.Size || r.Root != h.Body.Root {
		return r, fault.New(fault.ParcelMalformed, "receipt of another delivery than %s", h.ID)
	}
	return r, nil
}

// StatusMessage asks for or tells the state of a delivery.
func StatusMessage(s Status) wire.Message { return message(KindStatus, s) }

// DecodeStatus reads the state of a delivery, or the question for it.
func DecodeStatus(m wire.Message) (Status, error) {
	var s Status
	if err := decode(m, KindStatus, &s); err != nil {
		return s, err
	}
	delivered, refused := s.State == StateDelivered, s.State == StateRefused
	if s.State > StateRefused || delivered != (s.Receipt.ID == s.ID) || !delivered && s.Receipt != (Receipt{}) || refused != fault.Known(s.Code) || !refused && s.Code != "" {
		return s, fault.New(fault.ParcelMalformed, "status %d of parcel %s", s.State, s.ID)
	}
	return s, nil
}

// FetchMessage asks for deliveries.
func FetchMessage(f Fetch) wire.Message { return message(KindFetch, f) }

// DecodeFetch reads the question for deliveries.
func DecodeFetch(m wire.Message) (Fetch, error) {
	var f Fetch
	if err := decode(m, KindFetch, &f); err != nil {
		return f, err
	}
	if f.Flow == "" || len(f.Flow) > maxName {
		return f, fault.New(fault.ParcelMalformed, "fetch of a flow with a name of %d bytes", len(f.Flow))
	}
	return f, nil
}

// DecodeResume reads where a receiver stands in a body.
func DecodeResume(m wire.Message, b parcel.Body) (Resume, error) {
	var r Resume
	if err := decode(m, KindResume, &r); err != nil {
		return r, err
	}
	if r.Chunk > parcel.Chunks(b.Size) {
		return r, fault.New(fault.ParcelMalformed, "resume at chunk %d of %d", r.Chunk, parcel.Chunks(b.Size))
	}
	return r, nil
}

// DecodeStart reads where a sender goes on.
func DecodeStart(m wire.Message) (Start, error) {
	var s Start
	err := decode(m, KindStart, &s)
	return s, err
}

// DecodeSkip reads the digests of skipped chunks, last one first.
func DecodeSkip(m wire.Message) ([]parcel.ChunkDigest, error) {
	if m.Kind != KindSkip || len(m.Payload)%32 != 0 || len(m.Payload) == 0 || len(m.Payload) > 32*maxSkip {
		return nil, fault.New(fault.ParcelMalformed, "skip of kind %d with %d bytes", m.Kind, len(m.Payload))
	}
	digests := make([]parcel.ChunkDigest, 0, len(m.Payload)/32)
	for b := m.Payload; len(b) > 0; b = b[32:] {
		digests = append(digests, parcel.ChunkDigest(b[:32]))
	}
	return digests, nil
}

// DecodeChunk reads a chunk: the link behind it and its bytes, which are the
// message's own.
func DecodeChunk(m wire.Message) (parcel.Link, []byte, error) {
	if m.Kind != KindChunk || len(m.Payload) <= 32 || len(m.Payload) > 32+parcel.ChunkSize {
		return parcel.Link{}, nil, fault.New(fault.ParcelMalformed, "chunk of kind %d with %d bytes", m.Kind, len(m.Payload))
	}
	return parcel.Link(m.Payload[:32]), m.Payload[32:], nil
}

// Transient tells whether an attempt that ended with err may be followed by
// another one, under a new label.
func Transient(err error) bool {
	code := fault.CodeOf(err)
	switch code {
	case fault.LabelEpoch, fault.LabelEarly, fault.LabelExpired, fault.LabelOld, fault.LabelReplayed, fault.LabelTerm:
		return true // clocks, leases or lives differ for a moment
	case fault.Interrupted, fault.InternalError, fault.TargetUnavailable:
		return true
	}
	switch fault.KindOf(code) {
	case fault.Unavailable, fault.Timeout, fault.TooMany:
		return true
	default:
		return false
	}
}
