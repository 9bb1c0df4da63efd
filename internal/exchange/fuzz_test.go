// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"testing"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// samples are one good message of each kind.
func samples() []wire.Message {
	id := parcel.ID{1}
	return []wire.Message{
		CarriedMessage(KindAsk, Carried{Header: []byte{1}, Label: []byte{2}}), CarriedMessage(KindAnswer, Carried{Header: []byte{1}}),
		RefusalMessage(id, fault.PolicyDenied), CarriedMessage(KindOffer, Carried{}), CarriedMessage(KindRush, Carried{}),
		message(KindResume, Resume{Chunk: 3}), message(KindStart, Start{Chunk: 3, Link: parcel.Link{4}}),
		{Kind: KindSkip, Payload: make([]byte, 64)}, {Kind: KindChunk, Payload: make([]byte, 40)}, {Kind: KindCommit},
		message(KindReceipt, Receipt{ID: id, Released: 5, Size: 6}),
		StatusMessage(Status{ID: id}), StatusMessage(Status{ID: id, State: StateAccepted}), StatusMessage(Status{ID: id, State: StateRefused, Code: fault.NameInvalid}),
		StatusMessage(Status{ID: id, State: StateDelivered, Receipt: Receipt{ID: id}}), FetchMessage(Fetch{Flow: "f", Once: true}),
	}
}

// again decodes a message and encodes what it found; nil when it was refused.
func again(m wire.Message) []byte {
	h := &parcel.Header{ID: parcel.ID{1}, Body: parcel.Body{Size: 6 << 20}}
	switch m.Kind {
	case KindAsk, KindAnswer, KindOffer, KindRush:
		if c, err := DecodeCarried(m, m.Kind); err == nil {
			return CarriedMessage(m.Kind, c).Payload
		}
	case KindRefusal:
		if code := fault.CodeOf(DecodeRefusal(m, h.ID)); !fault.Known(code) {
			panic("a code that is not on the list: " + code)
		}
	case KindReceipt:
		if r, err := DecodeReceipt(m, h); err == nil {
			return message(KindReceipt, r).Payload
		}
	case KindResume:
		if r, err := DecodeResume(m, h.Body); err == nil {
			return message(KindResume, r).Payload
		}
	case KindStart:
		if s, err := DecodeStart(m); err == nil {
			return message(KindStart, s).Payload
		}
	case KindSkip:
		if digests, err := DecodeSkip(m); err == nil {
			return joinDigests(digests)
		}
	case KindChunk:
		if link, data, err := DecodeChunk(m); err == nil {
			return append(link[:], data...)
		}
	case KindStatus:
		if s, err := DecodeStatus(m); err == nil {
			return StatusMessage(s).Payload
		}
	case KindFetch:
		if f, err := DecodeFetch(m); err == nil {
			return FetchMessage(f).Payload
		}
	}
	return nil
}

// FuzzMessages: whatever a decoder accepts has exactly one encoding.
func FuzzMessages(f *testing.F) {
	for _, m := range samples() {
		f.Add(uint8(m.Kind), m.Payload)
	}
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		m := wire.Message{Kind: wire.Kind(kind), Payload: payload}
		if got := again(m); got != nil && !bytes.Equal(got, payload) {
			t.Errorf("kind %d: %x was accepted as %x", kind, payload, got)
		}
	})
}

func TestMessages(t *testing.T) {
	for _, m := range samples() {
		got := again(m)
		if got == nil && m.Kind != KindCommit && m.Kind != KindRefusal && m.Kind != KindReceipt {
			t.Errorf("a good message of kind %d is refused", m.Kind)
		}
		m.Payload = append(m.Payload, 0)
		if got := again(m); got != nil && m.Kind != KindChunk {
			t.Errorf("a message of kind %d with one byte too many is accepted", m.Kind)
		}
	}
	for _, s := range []Status{{}, {ID: parcel.ID{1}, State: 4}, {ID: parcel.ID{1}, State: StateRefused}, {ID: parcel.ID{1}, State: StateRefused, Code: "other"},
		{ID: parcel.ID{1}, State: StateDelivered}, {ID: parcel.ID{1}, Receipt: Receipt{ID: parcel.ID{1}}}, {ID: parcel.ID{1}, Code: fault.NameInvalid}} {
		if _, err := DecodeStatus(StatusMessage(s)); err == nil {
			t.Errorf("status %+v is accepted", s)
		}
	}
}
