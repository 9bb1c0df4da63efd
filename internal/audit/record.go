// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/vault"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	leafVersion   = 1
	recordVersion = 1 // the detail as it is
	sealedVersion = 2 // the detail sealed
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
	Commitment [32]byte // to the detail, by the record's version
}

// sealed is the journal record: a leaf and what lies beside it.
type sealed struct {
	_       struct{} `cbor:",toarray"`
	Version uint64   // 1 or 2
	Leaf    []byte
	KeyID   string // in version 2, names the key that salt and detail are sealed with
	Salt    []byte // 16 bytes; in version 2 the SHA-256 of salt and detail
	Detail  []byte // in version 2 both, sealed
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
	Salt   []byte // of a sealed detail nil until it is opened, as is Detail
	Detail []byte

	key    KeyID
	digest []byte // of salt and detail; nil where they are not sealed
	sealed []byte
}

// Hash returns the hash of the leaf in the tree.
func (c *Content) Hash() tlog.Hash { return tlog.RecordHash(c.Bytes) }

// CheckDetail returns [ErrCommitment] if the detail is not the one that the leaf commits
// to. A sealed one needs no key for it.
func (c *Content) CheckDetail() error {
	var sum [32]byte
	if c.digest == nil {
		sum = commitment(c.Salt, c.Detail)
	} else {
		sum = sealedCommitment(c.key.String(), c.digest, c.sealed)
	}
	if !hmac.Equal(sum[:], c.Leaf.Commitment[:]) {
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

// seal encodes e, which check has accepted, its detail under key k; nil for none.
// With it comes the hash of its leaf.
func seal(component string, e Entry, salt [saltSize]byte, k *detailKey) ([]byte, tlog.Hash, error) {
	var r sealed
	var sum [32]byte
	if k != nil && len(e.Detail) > 0 {
		r, sum = k.hide(component, &e, salt)
	} else {
		r, sum = sealed{Version: recordVersion, Salt: salt[:], Detail: e.Detail}, commitment(salt[:], e.Detail)
	}
	leaf, err := canon.Marshal(Leaf{
		Version: leafVersion, Component: component, Time: e.Time, Class: e.Class, Parcel: e.Parcel,
		Flow: clip(e.Flow), Subject: clip(e.Subject), Object: clip(e.Object), Action: clip(e.Action),
		Verdict: clip(e.Verdict), Reason: clip(e.Reason), Label: e.Label, Commitment: sum,
	})
	if err != nil {
		return nil, tlog.Hash{}, err
	}
	r.Leaf = leaf
	raw, err := canon.Marshal(r)
	return raw, tlog.RecordHash(leaf), err
}

// DecodeRecord reads a journal record strictly. It does not compare the detail
// with the commitment; see [Content.CheckDetail]. The result does not share memory with raw.
func DecodeRecord(raw []byte) (Content, error) { return decodeContent(bytes.Clone(raw)) }

// decodeContent is DecodeRecord whose result shares memory with raw.
func decodeContent(raw []byte) (Content, error) {
	s, err := decodeSealed(raw)
	if err != nil {
		return Content{}, err
	}
	leaf, err := DecodeLeaf(s.Leaf)
	if err != nil {
		return Content{}, err
	}
	c := Content{Leaf: leaf, Bytes: s.Leaf}
	if s.Version == recordVersion {
		c.Salt, c.Detail = s.Salt, s.Detail
		return c, nil
	}
	c.digest, c.sealed = s.Salt, s.Detail
	c.key, err = ParseKeyID(s.KeyID)
	return c, err
}

func decodeSealed(raw []byte) (sealed, error) {
	if len(raw) > MaxRecord {
		return sealed{}, fmt.Errorf("%w: %d bytes", ErrRecord, len(raw))
	}
	s, ok := parseSealed(raw)
	if !ok {
		return s, fmt.Errorf("%w: not the canonical form of one", ErrRecord)
	}
	switch s.Version {
	case recordVersion:
		return s, s.check(saltSize, 0, MaxDetail)
	case sealedVersion:
		return s, s.check(32, saltSize+vault.Overhead, MaxDetail+saltSize+vault.Overhead)
	default:
		return s, fmt.Errorf("%w: version %d", ErrRecord, s.Version)
	}
}

func parseSealed(raw []byte) (sealed, bool) {
	r := newList(raw, 5)
	s := sealed{Version: r.uint(), Leaf: r.bytes(), KeyID: r.text(), Salt: r.bytes(), Detail: r.bytes()}
	return s, r.end()
}

// check holds a record against what its version has.
func (s *sealed) check(salt, least, most int) error {
	switch {
	case (s.KeyID != "") != (s.Version == sealedVersion):
		return fmt.Errorf("%w: key id %q in version %d", ErrRecord, clip(s.KeyID), s.Version)
	case len(s.Salt) != salt:
		return fmt.Errorf("%w: a salt of %d bytes", ErrRecord, len(s.Salt))
	case len(s.Detail) < least || len(s.Detail) > most:
		return fmt.Errorf("%w: a detail of %d bytes", ErrRecord, len(s.Detail))
	default:
		return nil
	}
}

// DecodeLeaf reads a leaf strictly. Its label shares memory with b.
func DecodeLeaf(b []byte) (Leaf, error) {
	if len(b) > maxLeaf {
		return Leaf{}, fmt.Errorf("%w: a leaf of %d bytes", ErrRecord, len(b))
	}
	l, ok := parseLeaf(b)
	if !ok {
		return Leaf{}, fmt.Errorf("%w: leaf: not the canonical form of one", ErrRecord)
	}
	if err := l.check(); err != nil {
		return Leaf{}, err
	}
	return l, nil
}

func parseLeaf(b []byte) (l Leaf, ok bool) {
	r := newList(b, 13)
	l.Version, l.Component, l.Time, l.Class = r.uint(), r.text(), r.time(), Class(r.text())
	r.fixed(l.Parcel[:])
	l.Flow, l.Subject, l.Object, l.Action, l.Verdict, l.Reason = r.text(), r.text(), r.text(), r.text(), r.text(), r.text()
	l.Label = r.bytes()
	r.fixed(l.Commitment[:])
	return l, r.end()
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
