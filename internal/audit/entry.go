// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of an entry, in bytes.
const (
	MaxString = 256
	MaxLabel  = 4 << 10
	MaxDetail = 1<<20 + 64<<10 // a parcel's whole header and the reasons of a decision
	cutMark   = "…"            // ends a string that was longer
)

// Class says what an entry is about. The list is closed.
type Class string

// The classes.
const (
	ClassDecision  Class = "decision"  // a judge decided on a parcel
	ClassDelivery  Class = "delivery"  // a parcel was accepted, released, received
	ClassSession   Class = "session"   // a subject or component connected or left
	ClassComponent Class = "component" // a process started, stopped, enrolled
	ClassPolicy    Class = "policy"    // a bundle was approved, applied, refused
	ClassAdmin     Class = "admin"     // an administrator did something
	ClassHealth    Class = "health"    // a part is not well
	ClassForeign   Class = "foreign"   // a graded system told it of itself; Dukou vouches for when it came, and from whom
)

// Classes are all classes.
func Classes() []Class {
	return []Class{ClassDecision, ClassDelivery, ClassSession, ClassComponent, ClassPolicy, ClassAdmin, ClassHealth, ClassForeign}
}

// Valid says whether c is one of the classes.
func (c Class) Valid() bool {
	switch c {
	case ClassDecision, ClassDelivery, ClassSession, ClassComponent, ClassPolicy, ClassAdmin, ClassHealth, ClassForeign:
		return true
	}
	return false
}

// ErrEntry says that an entry cannot be recorded as it is.
var ErrEntry = errors.New("audit: entry cannot be recorded")

// Entry is one audit record before it is sealed into the journal. Strings
// longer than [MaxString] are cut and end in "…"; a longer label or detail is refused.
type Entry struct {
	Time    int64 // Unix milliseconds; 0 means now
	Class   Class
	Parcel  [16]byte // zero when it is not about a parcel
	Flow    string
	Subject string
	Object  string
	Action  string
	Verdict string // "allow", "refuse", "released", "received", "info", ...
	Reason  string // stable refusal code, empty when allowed
	Label   []byte // canonical label, or empty
	Detail  []byte // deterministic CBOR, or empty; not in the tree, only committed to
}

func (e *Entry) check() error {
	switch {
	case !e.Class.Valid():
		return fmt.Errorf("%w: class %q is not known", ErrEntry, clip(string(e.Class)))
	case e.Time < 0:
		return fmt.Errorf("%w: the time is before 1970", ErrEntry)
	case len(e.Label) > MaxLabel:
		return fmt.Errorf("%w: a label of %d bytes", ErrEntry, len(e.Label))
	case len(e.Detail) > MaxDetail:
		return fmt.Errorf("%w: a detail of %d bytes", ErrEntry, len(e.Detail))
	}
	return nil
}

// clip makes s valid UTF-8 of at most MaxString bytes.
func clip(s string) string {
	if len(s) <= MaxString && utf8.ValidString(s) {
		return s
	}
	if len(s) > 2*MaxString {
		s = s[:2*MaxString]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= MaxString {
		return s
	}
	end := MaxString - len(cutMark)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
