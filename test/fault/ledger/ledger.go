// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package ledger proves, from what the senders were told, what the receivers got and
// what the components recorded, that a run kept Dukou's promises: what was accepted
// was delivered, once, unaltered, under a valid label that every judge on its way
// allowed, recorded before it was released, in logs that are sound. It works in
// linear time, by the ids that sender, receiver and journals have in common.
//
// An outcome that the sender does not know (a timeout, a broken connection) may be
// either way; everything else is held.
package ledger

import (
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// Digest is the SHA-256 of a content.
type Digest [32]byte

// Outcome is what the sender was told.
type Outcome uint8

// The outcomes.
const (
	Unknown  Outcome = iota // of a question: it broke off, or may have been reached
	Accepted                // a file: it left the watched directory
	Answered                // a question
	Refused                 // a question: with a code
)

// String is the outcome's name.
func (o Outcome) String() string {
	return [...]string{"unknown", "accepted", "answered", "refused"}[o]
}

// Sent is one entry of a sender's ledger.
type Sent struct {
	ID      string // unique over the whole run
	Flow    string
	Digest  Digest // of the file; of the answer that was got, of an answered question
	Want    Digest // of the answer that was due
	Outcome Outcome
	Code    fault.Code // of a refusal
	// Recorded says of an answered question that, when its answer came, the judges that
	// must record it first had done so.
	Recorded bool
}

// Arrival is one entry of a receiver's ledger: a file that was found, or a question
// that reached the application.
type Arrival struct {
	ID     string
	Flow   string
	Digest Digest    // of a file
	Parcel parcel.ID // that the application was told; zero of a file
	At     time.Time // when it was released
	// Recorded says that, when it was found, the judge that must record first had the
	// commit of the file, or the allow of the question, in its log.
	Recorded bool
}

// Report is one accepted file of which its sender was told that it was refused.
type Report struct {
	ID     string
	Parcel parcel.ID
	Code   fault.Code
	Unsure bool // it says that an earlier attempt may have been delivered
}

// Event is one entry of a component's log that is about a parcel.
type Event struct {
	Index   uint64
	At      time.Time
	Verdict string // allow, refuse, committed, released …
	Reason  string // code of a refusal
	Answer  bool   // it is about the answer
	Label   string // what is wrong with the label of an allow; empty when nothing is
}

// Log is what one component recorded.
type Log struct {
	Events   map[parcel.ID][]Event // in the order of the log
	Parcels  map[string][]parcel.ID
	Findings []string // why it is not sound
	Entries  uint64
}

// Way is how the parcels of a flow go.
type Way struct {
	// Durable are the judges that record on their disk before they pass anything on,
	// Prompt those that do not wait: what they had in memory may end with them.
	Durable, Prompt []string
	// Question says that the flow carries questions, not files. Answers are the judges
	// that record an answer on their disk before they pass it on.
	Question bool
	Answers  []string
	// MayRefuse are the codes with which an accepted file may end in a report.
	MayRefuse map[fault.Code]bool
}

// End is the end of a process, by a fault or by itself.
type End struct {
	Component string
	At        time.Time
}

// Run is all that is known of one run.
type Run struct {
	Ways     map[string]Way
	Sent     []Sent
	Arrived  []Arrival
	Reported []Report
	Logs     map[string]*Log
	Ends     []End
}
