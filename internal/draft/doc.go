// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package draft is policy at work, before it is a bundle and while a new one proves
// itself: drafts with their checks, the difference to what is in force, publication by two
// persons with a way back, and the parts that the management centers of other systems
// submit.
//
// A draft is a folder of YAML and Cedar files as package policy/source reads it, kept in
// the database. Publishing one makes two bundles of it: the new one, and beside it what is
// in force now under a still higher version, which is put back unless somebody confirms
// in time. Both persons sign both, on their own machines (docs/formats/bundle.md).
package draft

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/store"
)

// Config is what the desk is handed of the rest of the center.
type Config struct {
	Guard   string         // the installation's guard
	Anchors policy.Anchors // who may approve bundles, and how many must

	// InForce is the policy in force, nil before the first one.
	InForce func() *policy.Policy
	// Apply puts a signed bundle in force. To do it again with the same one has no effect.
	Apply func(ctx context.Context, bundle []byte) (*policy.Policy, error)
	// Admitted lists the admitted components.
	Admitted func(ctx context.Context) ([]pki.Request, error)
	// ApproverKey is the key that an account has registered for signing bundles, in
	// hexadecimal; "" for none.
	ApproverKey func(ctx context.Context, account string) (string, error)

	Record func(audit.Entry) audit.Ticket
	Tell   func(topic, id string)
	Now    func() time.Time
	Log    *slog.Logger
}

// Desk is where policy is worked at.
type Desk struct {
	Config
	db *store.DB

	step    sync.Mutex // held by who puts a bundle in force: one at a time
	refused limiter    // of parts that nobody admitted has signed
}

// Topics that listeners are told of.
const (
	topicDrafts   = "drafts"
	topicPolicy   = "policy"
	topicPartners = "partners"
)

// Open opens the desk over a database.
func Open(db *store.DB, c Config) *Desk { return &Desk{Config: c, db: db} }

// note records what the desk did by itself.
func (d *Desk) note(action, object, verdict, reason, text string) {
	e := audit.Entry{Class: audit.ClassPolicy, Subject: "center", Action: action, Object: object, Verdict: verdict, Reason: reason}
	if text != "" {
		e.Detail = canon.Must(noted{Text: text})
	}
	d.Record(e)
}

// noted is the detail of such a record.
type noted struct {
	Text string `cbor:"text"`
}

// moment is the time as the database keeps it.
func (d *Desk) moment() time.Time { return d.Now().UTC().Truncate(time.Millisecond) }
