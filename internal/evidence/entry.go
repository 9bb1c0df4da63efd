// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
)

// The verdicts that searches know by name.
const (
	verdictAllow  = "allow"
	verdictRefuse = "refuse"
)

// entry is an entry as it is indexed.
type entry struct {
	at      int64 // Unix milliseconds
	shape   shape
	subject string
	object  string
	address string
	parcel  [16]byte
	skip    bool // it is not kept
}

// maxTime is the latest time that is kept, in the year 9999: what a log says beyond it
// would not fit where times are computed with.
const maxTime = 253_402_300_799_000

func (e *entry) part() int64 { return e.at / partLength }

// entryOf is what the index keeps of a leaf.
func entryOf(l *audit.Leaf) entry {
	e := entry{at: min(l.Time, maxTime), parcel: l.Parcel, subject: clean(l.Subject), object: clean(l.Object)}
	e.shape = shape{
		inLog: clean(component(l.Component)), inClass: string(l.Class), inFlow: clean(l.Flow), inAction: clean(l.Action),
		inVerdict: clean(l.Verdict), inReason: clean(l.Reason),
	}
	if l.Class == audit.ClassDecision {
		e.shape.take(l)
	}
	return e
}

// take takes in what the label says. Of one that was refused anybody may have chosen
// the words.
func (s *shape) take(l *audit.Leaf) {
	_, of, err := label.DecodeSealed(l.Label)
	if err != nil {
		return
	}
	s[inLevel], s[inIntegrity] = strconv.Itoa(int(of.Class.Confidentiality)), strconv.Itoa(int(of.Class.Integrity))
	if l.Verdict == verdictAllow {
		s[inProtocol], s[inPurpose] = clean(of.Protocol), clean(of.Purpose)
	}
}

// clean takes out what PostgreSQL has no place for.
func clean(text string) string { return strings.ReplaceAll(text, "\x00", "\uFFFD") }

// component is the component whose log has an origin, and the origin itself where it is
// of another form.
func component(origin string) string {
	name, _ := strings.CutPrefix(origin, audit.Origin(""))
	return name
}

// addressOf is where an administrator's act came from, as its detail says.
func addressOf(detail []byte) string {
	var d struct {
		From    string `cbor:"from"`
		Session string `cbor:"session"`
		Note    string `cbor:"note"`
	}
	if canon.Unmarshal(detail, &d) != nil || len(d.From) > audit.MaxString {
		return ""
	}
	return clean(d.From)
}
