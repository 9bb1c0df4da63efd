// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package parcel is the one thing that crosses: a header in canonical CBOR that
// names where it goes and holds its typed fields, a label bound to the header, and
// a body outside CBOR in chunks that a chain of digests ties to the header. The
// byte form is in docs/formats/parcel.md.
package parcel

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
)

// Version is the only version of the header.
const Version = 1

// Limits of a header, in bytes.
const (
	MaxHeader   = 1<<20 - 64 // with the longest label it fits one message of 1 MiB + 4 KiB
	MaxFields   = MaxHeader - (64 << 10)
	MaxEvidence = 16 << 10
	maxText     = 256
)

// ID names a parcel for ever: 16 random bytes.
type ID [16]byte

// NewID draws an id.
func NewID() ID {
	var id ID
	if _, err := io.ReadFull(rand.Reader, id[:]); err != nil {
		panic(err)
	}
	return id
}

// String is the id as callers and auditors see it: 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%q is not a parcel id of 32 hexadecimal digits", text)
	}
	return ID(b), nil
}

// Kind says what a parcel is in its exchange.
type Kind uint8

// The kinds.
const (
	Ask     Kind = 1 // a request that wants an answer now
	Answer  Kind = 2 // the answer to an Ask
	Deliver Kind = 3 // a durable delivery
)

// String is the kind's name.
func (k Kind) String() string {
	switch k {
	case Ask:
		return "ask"
	case Answer:
		return "answer"
	case Deliver:
		return "deliver"
	default:
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
}

// Suite names the set of algorithms of a parcel.
type Suite uint8

// SuiteIntl is AES-256-GCM, SHA-256, HMAC-SHA256, Ed25519.
const SuiteIntl Suite = 1

// Header says where a parcel goes and what it carries.
type Header struct {
	_           struct{} `cbor:",toarray"`
	Version     uint8
	Suite       Suite
	Kind        Kind
	ID          ID
	InReplyTo   ID     // of an Answer: the Ask's id, else zero
	Flow        string // name of the flow
	FromZone    string
	ToZone      string
	Source      string // component that made the parcel
	Destination string // component that takes it apart
	Guard       string // guard that it crosses
	Session     ID     // of a protocol session, else zero
	Sequence    uint64 // within the session
	Term        uint64 // reign of the guard, grows at a takeover
	Bundle      uint64 // version of the bundle that the maker labelled under
	Fields      []byte // canonical CBOR of a Record: the typed content
	Evidence    []byte // what proves the subject, e.g. a token issued inside; may be empty
	Body        Body   // of a Deliver; zero otherwise
}

// Digest is what a label binds: SHA-256 of the header's bytes.
func Digest(header []byte) [32]byte { return sha256.Sum256(header) }

// Encode gives the header's canonical bytes.
func (h *Header) Encode() ([]byte, error) {
	b, err := canon.Marshal(h)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxHeader {
		return nil, fault.New(fault.ParcelTooLarge, "header of %d bytes, at most %d", len(b), MaxHeader)
	}
	return b, nil
}

// Decode reads a header strictly.
func Decode(data []byte) (*Header, error) {
	if len(data) > MaxHeader {
		return nil, fault.New(fault.ParcelTooLarge, "header of %d bytes, at most %d", len(data), MaxHeader)
	}
	var h Header
	if err := canon.Unmarshal(data, &h); err != nil {
		return nil, fault.Wrap(fault.ParcelMalformed, err, "header")
	}
	return &h, h.check()
}

func (h *Header) check() error {
	if h.Version != Version || h.Suite != SuiteIntl {
		return fault.New(fault.ParcelMalformed, "version %d, suite %d", h.Version, h.Suite)
	}
	if h.Kind < Ask || h.Kind > Deliver || h.ID == (ID{}) || (h.Kind == Answer) != (h.InReplyTo != ID{}) {
		return fault.New(fault.ParcelMalformed, "%s with id %s in reply to %s", h.Kind, h.ID, h.InReplyTo)
	}
	texts := []string{h.Flow, h.FromZone, h.ToZone, h.Source, h.Destination, h.Guard}
	if slices.ContainsFunc(texts, func(s string) bool { return s == "" || len(s) > maxText }) {
		return fault.New(fault.ParcelMalformed, "an empty or overlong name in the header")
	}
	if len(h.Fields) > MaxFields || len(h.Evidence) > MaxEvidence {
		return fault.New(fault.ParcelTooLarge, "fields of %d bytes, evidence of %d", len(h.Fields), len(h.Evidence))
	}
	if h.Body.Size > MaxBody {
		return fault.New(fault.ParcelTooLarge, "body of %d bytes, at most %d", h.Body.Size, uint64(MaxBody))
	}
	if h.Kind != Deliver && h.Body != (Body{}) {
		return fault.New(fault.ParcelMalformed, "%s with a body outside of its fields", h.Kind)
	}
	return nil
}

// Record is the typed content of a parcel. Its values are nil, bool, int64, string,
// []byte, []any and Record's underlying map of the same; nothing else crosses.
type Record = map[string]any

// DecodeRecord reads the fields of a header. No floats: a number with a fraction
// crosses as text.
func DecodeRecord(data []byte) (Record, error) {
	r, err := canon.UnmarshalMap(data)
	if err != nil {
		return nil, fault.Wrap(fault.ParcelMalformed, err, "fields")
	}
	if err := checkValue(r); err != nil {
		return nil, err
	}
	return r, nil
}

// EncodeRecord gives the canonical bytes of a record.
func EncodeRecord(r Record) ([]byte, error) {
	if err := checkValue(r); err != nil {
		return nil, err
	}
	return canon.MarshalMap(r)
}

func checkValue(v any) error {
	switch v := v.(type) {
	case nil, bool, int64, string, []byte:
		return nil
	case []any:
		for _, item := range v {
			if err := checkValue(item); err != nil {
				return err
			}
		}
		return nil
	case Record:
		for _, item := range v {
			if err := checkValue(item); err != nil {
				return err
			}
		}
		return nil
	default:
		return fault.New(fault.ParcelMalformed, "a value of type %T in the fields", v)
	}
}
