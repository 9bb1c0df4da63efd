// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parcel_test

import (
	"bytes"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

func header() *parcel.Header {
	return &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: parcel.ID{1}, Flow: "query", FromZone: "out", ToZone: "in",
		Source: "fo", Destination: "fi", Guard: "g", Term: 1, Bundle: 3, Fields: canon.Must(parcel.Record{"form": "x", "n": int64(-1)}),
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	data, err := header().Encode()
	if err != nil {
		t.Fatal(err)
	}
	h, err := parcel.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("encodes differently: %v", err)
	}
	r, err := parcel.DecodeRecord(h.Fields)
	if err != nil || r["form"] != "x" || r["n"] != int64(-1) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestHeaderRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*parcel.Header)
		want   fault.Code
	}{
		"version":          {func(h *parcel.Header) { h.Version = 2 }, fault.ParcelMalformed},
		"suite":            {func(h *parcel.Header) { h.Suite = 9 }, fault.ParcelMalformed},
		"kind 0":           {func(h *parcel.Header) { h.Kind = 0 }, fault.ParcelMalformed},
		"kind 4":           {func(h *parcel.Header) { h.Kind = 4 }, fault.ParcelMalformed},
		"no id":            {func(h *parcel.Header) { h.ID = parcel.ID{} }, fault.ParcelMalformed},
		"ask in reply":     {func(h *parcel.Header) { h.InReplyTo = parcel.ID{2} }, fault.ParcelMalformed},
		"answer to none":   {func(h *parcel.Header) { h.Kind = parcel.Answer }, fault.ParcelMalformed},
		"no flow":          {func(h *parcel.Header) { h.Flow = "" }, fault.ParcelMalformed},
		"long guard":       {func(h *parcel.Header) { h.Guard = strings.Repeat("g", 257) }, fault.ParcelMalformed},
		"ask with a body":  {func(h *parcel.Header) { h.Body.Size = 1 }, fault.ParcelMalformed},
		"ask with a root":  {func(h *parcel.Header) { h.Body.Root[0] = 1 }, fault.ParcelMalformed},
		"body too large":   {func(h *parcel.Header) { h.Kind, h.Body.Size = parcel.Deliver, parcel.MaxBody+1 }, fault.ParcelTooLarge},
		"fields too large": {func(h *parcel.Header) { h.Fields = make([]byte, parcel.MaxFields+1) }, fault.ParcelTooLarge},
		"long evidence":    {func(h *parcel.Header) { h.Evidence = make([]byte, parcel.MaxEvidence+1) }, fault.ParcelTooLarge},
	} {
		h := header()
		test.change(h)
		if _, err := parcel.Decode(canon.Must(h)); fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	good := canon.Must(header())
	for name, data := range map[string][]byte{"cut": good[:9], "byte behind": append(good, 0), "nothing": nil} {
		if _, err := parcel.Decode(data); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parcel.Decode(make([]byte, parcel.MaxHeader+1)); fault.CodeOf(err) != fault.ParcelTooLarge {
		t.Errorf("too long: %v", err)
	}
}

func TestRecordRefuses(t *testing.T) {
	for name, v := range map[string]any{
		"float": map[string]any{"a": 1.5}, "deep float": map[string]any{"a": []any{map[string]any{"b": 1.5}}},
		"list": []any{}, "nil": nil, "text": "a", "large": map[string]any{"a": uint64(1 << 63)},
	} {
		if r, err := parcel.DecodeRecord(canon.Must(v)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
	if _, err := parcel.EncodeRecord(parcel.Record{"a": 1}); err == nil {
		t.Error("an int that is no int64 is encoded")
	}
}

func TestID(t *testing.T) {
	id := parcel.NewID()
	again, err := parcel.ParseID(id.String())
	if err != nil || again != id || id == (parcel.ID{}) || id == parcel.NewID() {
		t.Errorf("%s, %s: %v", id, again, err)
	}
	for _, text := range []string{"", "00", strings.Repeat("g", 32), id.String() + "0"} {
		if _, err := parcel.ParseID(text); err == nil {
			t.Errorf("%q is an id", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(canon.Must(header()))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parcel.Decode(data)
		if err != nil {
			return
		}
		if again, err := h.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("does not encode to itself: %v", err)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(canon.Must(parcel.Record{"form": "x", "list": []any{int64(1), nil, true, []byte{1}, parcel.Record{}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parcel.DecodeRecord(data)
		if err != nil {
			return
		}
		if again, err := parcel.EncodeRecord(r); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("does not encode to itself: %v", err)
		}
	})
}
