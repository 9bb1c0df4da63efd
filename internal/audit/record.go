// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"dukou.dev/dukou/internal/canon"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	leafVersion   = 1
	recordVersion = 1
	maxLeaf       = 16 << 10
	// MaxRecord is the most bytes of a journal record.
	MaxRecord = MaxDetail + maxLeaf + 1<<10
)

// Errors of [DecodeRecord] and [DecodeLeaf]; both name what is wrong.
var (
	ErrRecord     = errors.New("audit: malformed record")
	ErrCommitment = errors.New("audit: the detail does not match its commitment")
)

// Leaf is what the tree is over. It is encoded as a CBOR array in this order.
type Leaf struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64   // 1
	Component  string   // origin of the journal
	Time       int64    // Unix milliseconds
	Class      Class
	Parcel     [16]byte
	Flow       string
	Subject    string
	Object     string
	Action     string
	Verdict    string
	Reason     string
	Label      []byte
	Commitment [32]byte // HMAC-SHA-256 over the detail, keyed with the salt
}

// sealed is the journal record: a leaf and what lies beside it.
type sealed struct {
	_       struct{} `cbor:",toarray"`
	Version uint64   // 1
	Leaf    []byte
	KeyID   string // names the key that salt and detail are encrypted with; empty: they are not
	Salt    []byte // 16 bytes
	Detail  []byte
}

// Record is one record of a journal as it is stored and sent.
type Record struct {
	Index uint64
	Raw   []byte
}

// Content is what a record holds.
type Content struct {
	Leaf   Leaf
	Bytes  []byte // of the leaf; the tree is over these
	Salt   []byte
	Detail []byte
}

// Hash returns the hash of the leaf in the tree.
func (c *Content) Hash() tlog.Hash { return tlog.RecordHash(c.Bytes) }

// CheckDetail returns [ErrCommitment] if the detail is not the one that the leaf commits to.
func (c *Content) CheckDetail() error {
	if sum := commitment(c.Salt, c.Detail); !hmac.Equal(sum[:], c.Leaf.Commitment[:]) {
		return ErrCommitment
	}
	return nil
}

func commitment(salt, detail []byte) (sum [32]byte) {
	mac := hmac.New(sha256.New, salt)
	mac.Write(detail)
	mac.Sum(sum[:0])
	return sum
}

// seal encodes e, which check has accepted.
func seal(component string, e Entry, salt [16]byte) ([]byte, error) {
	leaf, err := canon.Marshal(Leaf{
		Version: leafVersion, Component: component, Time: e.Time, Class: e.Class, Parcel: e.Parcel,
		Flow: clip(e.Flow), Subject: clip(e.Subject), Object: clip(e.Object), Action: clip(e.Action),
		Verdict: clip(e.Verdict), Reason: clip(e.Reason), Label: e.Label,
		Commitment: commitment(salt[:], e.Detail),
	})
	if err != nil {
		return nil, err
	}
	return canon.Marshal(sealed{Version: recordVersion, Leaf: leaf, Salt: salt[:], Detail: e.Detail})
}

// DecodeRecord reads a journal record strictly. It does not compare the detail
// with the commitment; see [Content.CheckDetail]. The result does not share memory with raw.
func DecodeRecord(raw []byte) (Content, error) {
	s, err := decodeSealed(raw)
	if err != nil {
		return Content{}, err
	}
	leaf, err := DecodeLeaf(s.Leaf)
	if err != nil {
		return Content{}, err
	}
	return Content{Leaf: leaf, Bytes: s.Leaf, Salt: s.Salt, Detail: s.Detail}, nil
}

func decodeSealed(raw []byte) (sealed, error) {
	var s sealed
	if len(raw) > MaxRecord {
		return s, fmt.Errorf("%w: %d bytes", ErrRecord, len(raw))
	}
	if err := canon.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	switch {
	case s.Version != recordVersion:
		return s, fmt.Errorf("%w: version %d", ErrRecord, s.Version)
	case s.KeyID != "":
		return s, fmt.Errorf("%w: encrypted details are not known in version 1", ErrRecord)
	case len(s.Salt) != 16:
		return s, fmt.Errorf("%w: a salt of %d bytes", ErrRecord, len(s.Salt))
	case len(s.Detail) > MaxDetail:
		return s, fmt.Errorf("%w: a detail of %d bytes", ErrRecord, len(s.Detail))
	}
	return s, nil
}

// DecodeLeaf reads a leaf strictly.
func DecodeLeaf(b []byte) (Leaf, error) {
	var l Leaf
	if len(b) > maxLeaf {
		return l, fmt.Errorf("%w: a leaf of %d bytes", ErrRecord, len(b))
	}
	if err := canon.Unmarshal(b, &l); err != nil {
		return Leaf{}, fmt.Errorf("%w: leaf: %w", ErrRecord, err)
	}
	if err := l.check(); err != nil {
		return Leaf{}, err
	}
	return l, nil
}

func (l *Leaf) check() error {
	switch {
	case l.Version != leafVersion:
		return fmt.Errorf("%w: leaf version %d", ErrRecord, l.Version)
	case l.Component == "":
		return fmt.Errorf("%w: no component", ErrRecord)
	case l.Time < 0:
		return fmt.Errorf("%w: the time is before 1970", ErrRecord)
	case !l.Class.Valid():
		return fmt.Errorf("%w: the class is not known", ErrRecord)
	case len(l.Label) > MaxLabel:
		return fmt.Errorf("%w: a label of %d bytes", ErrRecord, len(l.Label))
	}
	for _, s := range []string{l.Component, l.Flow, l.Subject, l.Object, l.Action, l.Verdict, l.Reason} {
		if len(s) > MaxString {
			return fmt.Errorf("%w: a string of %d bytes", ErrRecord, len(s))
		}
	}
	return nil
}
