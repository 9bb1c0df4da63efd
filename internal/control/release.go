// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"crypto/ed25519"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// ReleaseDocument is what approvers sign so that one front releases one file from its
// quarantine, once (docs/formats/release.md). It repeats all that both have seen.
type ReleaseDocument struct {
	_        struct{} `cbor:",toarray"`
	Guard    string
	Front    string
	Flow     string
	Parcel   parcel.ID
	Name     string
	Size     uint64
	Root     parcel.Link
	Bundle   uint64 // version that the sending front labelled under
	Code     fault.Code
	NotAfter int64 // Unix milliseconds
}

// MaxRelease is how long before its end a release may come at the earliest.
const MaxRelease = 30 * 24 * time.Hour

// ReleaseOf is the document by which a file in quarantine is released.
func ReleaseOf(guard, front string, h *Held, notAfter time.Time) ReleaseDocument {
	return ReleaseDocument{
		Guard: guard, Front: front, Flow: h.Flow, Parcel: h.Parcel, Name: h.Name, Size: h.Size, Root: h.Root,
		Bundle: h.Bundle, Code: h.Code, NotAfter: notAfter.UnixMilli(),
	}
}

// Frees tells whether the document is for this very file.
func (r *ReleaseDocument) Frees(guard, front string, h *Held) bool {
	return *r == ReleaseOf(guard, front, h, time.UnixMilli(r.NotAfter))
}

// DecodeRelease reads the payload of a release, within limits.
func DecodeRelease(payload []byte) (ReleaseDocument, error) {
	var r ReleaseDocument
	if len(payload) > rules[Release].Request {
		return r, fault.New(fault.ParcelTooLarge, "release of %d bytes", len(payload))
	}
	if err := canon.Unmarshal(payload, &r); err != nil {
		return r, fault.Wrap(fault.ParcelMalformed, err, "release")
	}
	h := Held{Parcel: r.Parcel, Flow: r.Flow, Name: r.Name, Size: r.Size, Code: r.Code}
	if !h.fits() || h.Name == "" || !plainText(r.Guard, maxName) || !plainText(r.Front, maxName) || r.NotAfter <= 0 {
		return r, fault.New(fault.ParcelMalformed, "release beyond its limits")
	}
	return r, nil
}

// OpenRelease verifies that a quorum of the approvers signed a release, and decodes it. It
// gives the document with their signatures and nothing around them.
func OpenRelease(data []byte, approvers []ed25519.PublicKey, quorum int) (ReleaseDocument, *envelope.Signed, error) {
	if len(data) > rules[Release].Request {
		return ReleaseDocument{}, nil, fault.New(fault.ParcelTooLarge, "release of %d bytes", len(data))
	}
	s, err := envelope.Decode(data)
	if err == nil {
		s, err = s.Only(envelope.Release, approvers)
	}
	if err != nil {
		return ReleaseDocument{}, nil, fault.Wrap(fault.ParcelMalformed, err, "release")
	}
	if n := len(s.Signatures); quorum < 1 || n < quorum {
		return ReleaseDocument{}, nil, fault.New(fault.PolicyUnsigned, "release has %d of %d approvals", n, quorum)
	}
	r, err := DecodeRelease(s.Payload)
	return r, s, err
}

// InTime refuses a release after its end, or one that would last for too long.
func (r *ReleaseDocument) InTime(now time.Time) error {
	switch left := time.UnixMilli(r.NotAfter).Sub(now); {
	case left < 0:
		return fault.New(fault.PolicyExpired, "the release ended at %s", time.UnixMilli(r.NotAfter).UTC().Format(time.RFC3339))
	case left > MaxRelease:
		return fault.New(fault.ParcelMalformed, "the release is for longer than %d days", MaxRelease/(24*time.Hour))
	default:
		return nil
	}
}
