// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package quarantine_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/quarantine"
	"dukou.dev/dukou/test/golden"
)

// vectorFile is what the console's own signing of releases is held against: what it reads
// in a document, and the bytes that it makes in the browser.
const vectorFile = "../../web/src/signing/testdata/release.json"

type vector struct {
	Now       int64             `json:"now"`
	Held      quarantine.Item   `json:"held"`
	Guard     string            `json:"guard"`
	NotAfter  int64             `json:"notAfter"`
	Document  []byte            `json:"document"`
	COSE      []byte            `json:"cose"`
	Payload   json.RawMessage   `json:"payload"` // of the proposal
	Altered   map[string][]byte `json:"altered"` // one field of the document is another
	Malformed map[string][]byte `json:"malformed"`
}

func TestVector(t *testing.T) {
	s := newStage(t)
	s.lies.Items[0] = control.Held{
		Parcel: parcel.ID{1}, Flow: "batch-request", Name: "七月批量.xlsx", Size: 1 << 33, Root: parcel.Link{2, 3},
		Bundle: 41, Code: fault.ContentType, Since: 1_789_000_000_000, // the size is more than 32 bits hold
	}
	document, p := s.plan(t)
	r, err := control.DecodeRelease(document)
	if err != nil {
		t.Fatal(err)
	}
	e := envelope.Signed{Payload: document}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x5d}, ed25519.SeedSize)) // that of internal/envelope's vector
	if err := e.Sign(envelope.Release, key); err != nil {
		t.Fatal(err)
	}
	items, _ := s.List(t.Context())
	v := vector{
		Now: s.now.UnixMilli(), Held: items[0], Guard: r.Guard, NotAfter: r.NotAfter, Document: document, COSE: e.Signatures[0].COSE,
		Payload: p.Payload, Altered: altered(r, s.now), Malformed: malformed(r, document),
	}
	golden.HoldJSON(t, vectorFile, v)
}

// altered are documents that are sound, and not of the file that is shown.
func altered(r control.ReleaseDocument, now time.Time) map[string][]byte {
	all := map[string][]byte{}
	but := func(name string, change func(*control.ReleaseDocument)) {
		other := r
		change(&other)
		all[name] = canon.Must(other)
	}
	but("front", func(r *control.ReleaseDocument) { r.Front = "other" })
	but("flow", func(r *control.ReleaseDocument) { r.Flow = "batch-answer" })
	but("parcel", func(r *control.ReleaseDocument) { r.Parcel[15]++ })
	but("name", func(r *control.ReleaseDocument) { r.Name = "七月批量.exe" })
	but("size", func(r *control.ReleaseDocument) { r.Size++ })
	but("root", func(r *control.ReleaseDocument) { r.Root[31]++ })
	but("bundle", func(r *control.ReleaseDocument) { r.Bundle++ })
	but("code", func(r *control.ReleaseDocument) { r.Code = fault.ContentRefused })
	but("notAfter", func(r *control.ReleaseDocument) { r.NotAfter = now.UnixMilli() })
	but("notAfter, far", func(r *control.ReleaseDocument) { r.NotAfter = now.Add(control.MaxRelease).UnixMilli() + 1 })
	return all
}

// malformed are no documents, though most say what is shown.
func malformed(r control.ReleaseDocument, document []byte) map[string][]byte {
	fields := []any{r.Guard, r.Front, r.Flow, r.Parcel, r.Name, r.Size, r.Root, r.Bundle, string(r.Code), r.NotAfter}
	with := func(i int, value any) []byte {
		other := append([]any(nil), fields...)
		other[i] = value
		return canon.Must(other)
	}
	longer := bytes.Clone(document)
	longer = append(longer[:1], append([]byte{0x78, byte(len(r.Guard))}, longer[2:]...)...) // a length in two bytes for one
	return map[string][]byte{
		"nothing": {}, "no list": canon.Must("x"), "a byte behind": append(bytes.Clone(document), 0),
		"nine fields": canon.Must(fields[:9]), "eleven fields": canon.Must(append(fields[:10:10], uint64(0))),
		"no guard": with(0, ""), "no name": with(4, ""), "two lines": with(4, "a\nb"), "text from right to left": with(4, "a\u202eslx.exe"), "a number as text": with(5, "5"), "a size below zero": with(5, int64(-1)),
		"a short parcel": with(3, make([]byte, 15)), "a short root": with(6, make([]byte, 31)), "no end": with(9, int64(0)), "not in its shortest form": longer,
	}
}
