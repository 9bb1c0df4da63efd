// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package inventory is the components of an installation as administrators see them: who
// asks to be admitted, who is, how each is and what it lacks, and what each runs with:
// its configuration is backed up whenever it changes, and compared with the one that the
// system administrators have accepted.
//
// What two persons do (admit, dismiss, accept another configuration) is here as plain
// methods: one that prepares a [Plan], one that checks it, one that does it and may be
// called again.
package inventory

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/store"
)

// Config is what the inventory needs of the rest.
type Config struct {
	Self    string // id of this center's own component, which is never dismissed
	Version string // of this program, which the others should have too

	Standings func() []Standing                                                      // what the center knows of each component
	PolicyEnd func() time.Time                                                       // of the bundle in force, and with it of the leases; zero for none
	Signer    Signer                                                                 // holds the admissions
	Effective func(ctx context.Context, component string) (control.Effective, error) // asks a component what it runs with

	Record func(audit.Entry) audit.Ticket
	Tell   func(topic, id string)                     // that something changed
	Alert  func(Drift)                                // a configuration differs, or does no more; nil for nobody
	Ends   func(component string, certificates []End) // what ends in a component's configuration; nil for nobody
	Log    *slog.Logger
	Now    func() time.Time // its location is that of the hour of comparison
}

// Signer is what the inventory asks of the signer; authority.Client has these methods.
type Signer struct {
	Admitted func(ctx context.Context) ([]pki.Request, error)
	Admit    func(ctx context.Context, request []byte, fingerprint string) (pki.Request, error)
	Answer   func(ctx context.Context, component string) ([]byte, error)
	Dismiss  func(ctx context.Context, component, fingerprint string) error
}

// Standing is what the center knows of one component that is in the bundle in force.
type Standing struct {
	ID, Role, Zone string
	State          string // "current", "behind", "unreachable", "untrusted"
	Bundle, Lease  uint64
	Seen           time.Time // last answer, zero for never
	Version        string    // of its program
	Manifest       string    // that it says it was started under, in hexadecimal
	Audit          string    // "proven", or what is wrong with its log
	Pending        uint64
	Lacking        []string // what its kernel cannot confine it to
	Error          string
}

// Plan is what two persons are to do, as it is proposed.
type Plan struct {
	Title       string
	Component   string
	Fingerprint string // of its key, where the act is about that
	Number      int64  // of the configuration, where it is about one
	Payload     json.RawMessage
	Difference  string
}

// Inventory knows the components.
type Inventory struct {
	Config
	db   *store.DB
	wake chan struct{} // holds a token when the comparison has something to do
}

// Open opens the inventory in a database.
func Open(db *store.DB, c Config) *Inventory {
	return &Inventory{Config: c, db: db, wake: make(chan struct{}, 1)}
}

// topic is what listeners hear of.
const topic = "components"

// own is a record of what this package finds by itself.
func own(class audit.Class, action, verdict, reason, component string, detail any) audit.Entry {
	return audit.Entry{Class: class, Subject: "center", Action: action, Verdict: verdict, Reason: reason, Object: "component/" + component, Detail: canon.Must(detail)}
}
