// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package front is one zone's end of the crossing. An entry takes a protocol apart
// into typed content, an exit builds a protocol anew from it, and neither knows
// anything else: authentication, labels, limits, checks and audit are here, delivery
// is exchange's. The adapters are subpackages: front/http, front/file.
package front

import (
	"context"
	"crypto/x509"
	"io"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Crossing is what a front offers its entries.
type Crossing interface {
	// Policy is the bundle in force, nil before the first one. Entries fetch it for
	// each request, so that a new bundle holds from the next request on.
	Policy() *policy.Policy
	// Authenticate establishes the subject by the first way of the flow for which all
	// came that it wants. Errors have codes CredentialMissing, CredentialInvalid,
	// EvidenceInvalid, BindingMismatch, SubjectUnknown, RateLimited or TooBusy.
	Authenticate(ctx context.Context, f *policy.Flow, c Credentials) (Subject, error)
	// Refuse records that an entry refused a request before it was a parcel, and gives
	// the id under which the auditor finds it. f is nil where no flow was found; remote
	// is the client's address. Of many like it, most are counted only.
	Refuse(f *policy.Flow, remote string, err error) parcel.ID
	// Ask labels content, sends it and waits for the answer. The error of anything
	// but an answer is an *Error: it has the parcel's id and a fault code. Ask
	// never sends twice what may have reached the application.
	Ask(ctx context.Context, r Request) (Reply, error)
}

// Conveyor is what a front offers its file entries.
type Conveyor interface {
	// Policy is the bundle in force, nil before the first one.
	Policy() *policy.Policy
	// Refuse is Crossing's, of a file that was refused before it was a parcel.
	Refuse(f *policy.Flow, remote string, err error) parcel.ID
	// Deliver makes one attempt at a delivery, under a new label. exchange.Transient
	// tells whether its error may be followed by another attempt.
	Deliver(ctx context.Context, f *policy.Flow, out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error)
}

// Receiver is a file exit: it has an inbox for each of its flows.
type Receiver interface {
	// Inbox is where deliveries of a flow are taken in, an error with code
	// TargetUnavailable where this front has no such target.
	Inbox(f *policy.Flow) (*exchange.Inbox, error)
}

// Credentials are what a protocol carried, unverified.
type Credentials struct {
	APIKey       string
	User         string
	Password     string
	Token        string              // a bearer token
	Certificates []*x509.Certificate // the client's chain as TLS proved its possession, leaf first
	Remote       string              // address and port of the connection; no address for a Unix socket
}

// Subject is who asks, and how that was established.
type Subject struct {
	ID        string // "zone/name"
	Assurance label.Assurance
	Proof     string // the methods that held, joined by "+", for audit
	Evidence  []byte // travels in the parcel; nil where the front only asserts
}

// Request is one question of an entry.
type Request struct {
	Flow    *policy.Flow
	Subject Subject
	Content parcel.Record // within one of the flow's forms
	Remote  string        // address of the client, for audit
}

// Reply is the answer to a Request.
type Reply struct {
	ID      parcel.ID     // of the Ask
	Content parcel.Record // {"form", "status", ...} within the form's answers
}

// Error is a refusal or failure that a caller may be told: its code and the id
// under which the auditor finds the rest.
type Error struct {
	ID  parcel.ID
	Err error // a fault.Error in its chain
}

// Error is for logs.
func (e *Error) Error() string { return "parcel " + e.ID.String() + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Call is one question for an exit to put to the application.
type Call struct {
	ID      parcel.ID
	Flow    *policy.Flow
	Proxy   string // subject that stands in for the asker in this zone, "zone/name"
	Subject string // the asker, "zone/name" of the other zone
	Token   string // evidence: a token issued in this zone, verified; empty where there is none
	Content parcel.Record
}

// Exit puts a question to the application behind a flow.
type Exit interface {
	// Ask returns content within the answers of the question's form. Its errors have
	// the codes TargetUnavailable (surely not reached), TargetFailed, TargetTimeout
	// or ContentInvalid (the answer is not one that crosses).
	Ask(ctx context.Context, c Call) (parcel.Record, error)
}
