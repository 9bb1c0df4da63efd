// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"

	"github.com/fxamacker/cbor/v2"
)

// Filter chooses entries. An empty field chooses all.
type Filter struct {
	From    uint64 // first index
	Class   audit.Class
	Parcel  [16]byte
	Flow    string
	Subject string
	Verdict string
	Since   time.Time // entries at or after
	Until   time.Time // entries before

	Details *Details // opens sealed details; nil: they stay sealed
}

func (f *Filter) matches(l *audit.Leaf) bool {
	return (f.Class == "" || f.Class == l.Class) &&
		(f.Parcel == [16]byte{} || f.Parcel == l.Parcel) &&
		(f.Flow == "" || f.Flow == l.Flow) &&
		(f.Subject == "" || f.Subject == l.Subject) &&
		(f.Verdict == "" || f.Verdict == l.Verdict) &&
		(f.Since.IsZero() || l.Time >= f.Since.UnixMilli()) &&
		(f.Until.IsZero() || l.Time < f.Until.UnixMilli())
}

// Entry is an entry as it was recorded.
type Entry struct {
	Index uint64
	audit.Content
	Closed error // why the detail stays sealed; nil where it does not
}

// Show gives fn the entries of the journal or mirror in dir that f chooses, in
// order. It stops without error when fn returns durable.ErrStop. Entries are
// not verified here; see [Verify].
func Show(dir string, f Filter, fn func(Entry) error) error {
	_, err := durable.Scan(durable.OS(), filepath.Join(dir, journalDir), f.From, audit.MaxRecord, func(index uint64, raw []byte) error {
		return f.give(index, raw, fn)
	})
	return err
}

func (f *Filter) give(index uint64, raw []byte, fn func(Entry) error) error {
	content, err := audit.DecodeRecord(raw)
	if err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	if !f.matches(&content.Leaf) {
		return nil
	}
	e := Entry{Index: index, Content: content}
	e.Closed = f.Details.Open(&e.Content)
	return fn(e)
}

// Text is the entry in one line. What others chose is quoted.
func (e *Entry) Text() string {
	l := &e.Leaf
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s %s %s", e.Index, stamp(l.Time), l.Class, word(l.Verdict))
	for _, field := range []struct{ name, value string }{
		{"reason", l.Reason}, {"flow", l.Flow}, {"subject", l.Subject}, {"action", l.Action}, {"object", l.Object}, {"parcel", parcelText(l.Parcel)},
	} {
		if field.value != "" {
			fmt.Fprintf(&b, " %s=%s", field.name, word(field.value))
		}
	}
	if id, _ := e.Sealed(); e.Closed != nil {
		fmt.Fprintf(&b, " sealed=%s", id)
		if !errors.Is(e.Closed, audit.ErrNoKey) {
			fmt.Fprintf(&b, " closed=%q", e.Closed)
		}
	} else if len(e.Detail) > 0 {
		fmt.Fprintf(&b, " detail=%s", detailText(e.Detail))
	}
	return b.String()
}

// word quotes s unless it is plain.
func word(s string) string {
	for _, c := range s {
		if c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\' {
			return fmt.Sprintf("%q", s)
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

func stamp(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

func parcelText(p [16]byte) string {
	if p == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(p[:])
}

// detailText is the CBOR diagnostic notation, or hex where it is not CBOR.
func detailText(detail []byte) string {
	text, err := cbor.Diagnose(detail)
	if err != nil {
		return "h'" + hex.EncodeToString(detail) + "'"
	}
	return text
}

// shown is the form of an entry in JSON.
type shown struct {
	Index      uint64      `json:"index"`
	Time       string      `json:"time"`
	Component  string      `json:"component"`
	Class      audit.Class `json:"class"`
	Parcel     string      `json:"parcel,omitempty"`
	Flow       string      `json:"flow,omitempty"`
	Subject    string      `json:"subject,omitempty"`
	Object     string      `json:"object,omitempty"`
	Action     string      `json:"action,omitempty"`
	Verdict    string      `json:"verdict"`
	Reason     string      `json:"reason,omitempty"`
	Label      string      `json:"label,omitempty"` // hex
	Detail     string      `json:"detail,omitempty"`
	Sealed     string      `json:"sealed,omitempty"` // the key that the detail was sealed with
	Closed     string      `json:"closed,omitempty"` // why the detail stays sealed
	Commitment string      `json:"commitment"`       // hex
	LeafHash   string      `json:"leaf_hash"`        // base64, as in the tiles
}

// JSON is the entry as one JSON object without line breaks.
func (e *Entry) JSON() ([]byte, error) {
	l := &e.Leaf
	s := shown{
		Index: e.Index, Time: stamp(l.Time), Component: l.Component, Class: l.Class, Parcel: parcelText(l.Parcel),
		Flow: l.Flow, Subject: l.Subject, Object: l.Object, Action: l.Action, Verdict: l.Verdict, Reason: l.Reason,
		Label: hex.EncodeToString(l.Label), Commitment: hex.EncodeToString(l.Commitment[:]), LeafHash: e.Hash().String(),
	}
	if id, sealed := e.Sealed(); sealed {
		s.Sealed = id.String()
	}
	if e.Closed != nil {
		s.Closed = e.Closed.Error()
	} else if len(e.Detail) > 0 {
		s.Detail = detailText(e.Detail)
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	return b, nil
}

// ParseParcel reads the id of a parcel as Text and JSON write it.
func ParseParcel(s string) (id [16]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, errors.New("a parcel id has 32 hexadecimal digits")
	}
	return [16]byte(b), nil
}
