// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package export gives audit entries away in forms that others read: to a SIEM by
// syslog over TLS, as OCSF or CEF, from a position in each log that is kept in the
// database, so that what could not be sent yet is not lost; and as files for people and
// programs. Sealed details are never exported, only the leaves.
package export

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/label"
)

// Entry is an audit entry as it is exported.
type Entry struct {
	Origin   string // of the log, as "dukou/guard-inner"
	Index    uint64 // in that log
	Time     int64  // Unix milliseconds
	Class    audit.Class
	Parcel   string // 32 hexadecimal digits, or empty
	Flow     string
	Subject  string
	Object   string
	Action   string
	Verdict  string
	Reason   string
	Protocol string // "http", "file", or empty where it is not known
	From     string // address of an administrator, where it is known
	Leaf     string // hash of the leaf in the log's tree, base64; or empty
}

// Of is an entry of a log.
func Of(index uint64, c *audit.Content) Entry {
	l := &c.Leaf
	e := Entry{
		Origin: l.Component, Index: index, Time: l.Time, Class: l.Class, Flow: l.Flow, Subject: l.Subject,
		Object: l.Object, Action: l.Action, Verdict: l.Verdict, Reason: l.Reason, Leaf: c.Hash().String(),
	}
	if l.Parcel != [16]byte{} {
		e.Parcel = hex.EncodeToString(l.Parcel[:])
	}
	if len(l.Label) > 0 {
		if _, made, err := label.DecodeSealed(l.Label); err == nil { // one that is malformed was refused for it
			e.Protocol = made.Protocol
		}
	}
	return e
}

// ID names an entry for good, so that whoever gets it twice can tell.
func (e *Entry) ID() string { return e.Origin + "/" + strconv.FormatUint(e.Index, 10) }

// component is who recorded the entry.
func (e *Entry) component() string { return strings.TrimPrefix(e.Origin, audit.Origin("")) }

// stamp is the time in RFC 3339, in UTC with milliseconds.
func (e *Entry) stamp() string {
	return time.UnixMilli(e.Time).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// file tells whether an entry is about a file rather than a question.
func (e *Entry) file() bool {
	switch {
	case e.Protocol != "":
		return e.Protocol == "file"
	case e.Class == audit.ClassDelivery:
		return e.Verdict != "answered"
	default:
		return false
	}
}

// good tells whether something was let through or went well.
func (e *Entry) good() bool { return !e.bad() }

// bad tells whether something was refused or has failed.
func (e *Entry) bad() bool {
	return e.Verdict == "refuse" || e.Verdict == "failed" || e.Verdict == "quarantined"
}

// zoneOf is the zone of "zone/name", or empty.
func zoneOf(name string) string {
	zone, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return zone
}
