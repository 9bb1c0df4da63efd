// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
)

// Version is the only version of the byte form.
const Version = 1

// MaxSize bounds an encoded label, in bytes.
const MaxSize = 4 << 10

const (
	maxText = 256
	maxTags = 4
)

// Assurance says how the maker established the subject.
type Assurance string

// The assurances, from none to what the inside can verify itself.
const (
	ByComponent   Assurance = "component"   // the maker's own configuration: itself, or whom a directory belongs to
	ByAddress     Assurance = "address"     // asserted by the front: nothing but the IP address, which a network can be made to lie about
	ByHardware    Assurance = "hardware"    // asserted by the front: nothing but the network card, which anybody on its link can pretend to be
	ByAPIKey      Assurance = "api-key"     // asserted by the front
	ByPassword    Assurance = "password"    // asserted by the front
	ByCertificate Assurance = "certificate" // asserted by the front
	ByToken       Assurance = "token"       // the evidence in the parcel proves it
)

// Label says what one parcel is: its class, its dimensions, its time, and the
// parcel that it belongs to. Times are Unix milliseconds.
type Label struct {
	_         struct{} `cbor:",toarray"`
	Version   uint8
	Class     Class
	Subject   string // "zone/name"
	Assurance Assurance
	Object    string // "zone/name"
	Action    string
	Protocol  string
	Purpose   string
	Maker     string // component that made the label
	Boot      uint64 // life of the maker, durable, grows by one at each start
	Epoch     uint64 // key epoch, see EpochAt
	Number    uint64 // counts the labels of this maker and boot from 1
	NotBefore int64
	NotAfter  int64
	Binding   [32]byte // SHA-256 of the parcel's header
}

// Window names one life of one judge. A judge draws it at random at each start, so
// that no label made before can pass a window that a restart has emptied.
type Window [16]byte

// Tag authenticates a label to one judge.
type Tag struct {
	_      struct{} `cbor:",toarray"`
	Judge  string
	Window Window
	MAC    [32]byte
}

// Sealed is a label as it travels: its canonical bytes and a tag for each judge.
type Sealed struct {
	_    struct{} `cbor:",toarray"`
	Body []byte
	Tags []Tag
}

// EpochLength is the life of one label key.
const EpochLength = 5 * time.Minute

// EpochAt is the number of the epoch at a time.
func EpochAt(t time.Time) uint64 { return uint64(t.UnixMilli() / EpochLength.Milliseconds()) }

// MAC is the tag of a label body for one judge: HMAC-SHA256 over a domain
// separator, the judge, its window and the body.
func MAC(key []byte, judge string, window Window, body []byte) [32]byte {
	h := hmac.New(sha256.New, key)
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(judge)))
	h.Write([]byte("dukou label 1\x00"))
	h.Write(n[:])
	h.Write([]byte(judge))
	h.Write(window[:])
	h.Write(body)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// DecodeSealed reads a label as it travels. An empty one is LabelMissing.
func DecodeSealed(data []byte) (Sealed, Label, error) {
	var s Sealed
	var l Label
	switch {
	case len(data) == 0:
		return s, l, fault.New(fault.LabelMissing, "no label")
	case len(data) > MaxSize:
		return s, l, fault.New(fault.LabelMalformed, "label of %d bytes, at most %d", len(data), MaxSize)
	}
	if err := canon.Unmarshal(data, &s); err != nil {
		return s, l, fault.Wrap(fault.LabelMalformed, err, "sealed label")
	}
	if len(s.Body) == 0 {
		return s, l, fault.New(fault.LabelMissing, "empty label")
	}
	if err := canon.Unmarshal(s.Body, &l); err != nil {
		return s, l, fault.Wrap(fault.LabelMalformed, err, "label body")
	}
	if err := l.check(s.Tags); err != nil {
		return s, l, err
	}
	return s, l, nil
}

func (l *Label) check(tags []Tag) error {
	if l.Version != Version {
		return fault.New(fault.LabelMalformed, "version %d", l.Version)
	}
	if !l.Class.Valid() {
		return fault.New(fault.LabelMalformed, "class %v", l.Class)
	}
	for _, text := range []string{l.Subject, string(l.Assurance), l.Object, l.Action, l.Protocol, l.Purpose, l.Maker} {
		if text == "" || len(text) > maxText {
			return fault.New(fault.LabelMalformed, "a dimension of %d bytes, 1 to %d", len(text), maxText)
		}
	}
	if l.Number == 0 || l.NotAfter <= l.NotBefore {
		return fault.New(fault.LabelMalformed, "number %d, valid %d to %d", l.Number, l.NotBefore, l.NotAfter)
	}
	if len(tags) > maxTags {
		return fault.New(fault.LabelMalformed, "%d tags, at most %d", len(tags), maxTags)
	}
	return nil
}

// TagFor is the tag for a judge.
func (s *Sealed) TagFor(judge string) (Tag, error) {
	for _, t := range s.Tags {
		if t.Judge == judge {
			return t, nil
		}
	}
	return Tag{}, fault.New(fault.LabelWrongJudge, "no tag for judge %q", judge)
}

// Encode gives the bytes as they travel.
func (s Sealed) Encode() ([]byte, error) {
	b, err := canon.Marshal(s)
	if err == nil && len(b) > MaxSize {
		return nil, fmt.Errorf("label of %d bytes, at most %d", len(b), MaxSize)
	}
	return b, err
}
