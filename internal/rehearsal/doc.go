// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package rehearsal shows what a draft of policy would have changed: it decides recorded
// decisions again, by the draft, and lists those that would be others.
//
// Nothing crosses by a rehearsal. It reads the center's copies of the logs, in which the
// guard keeps what it decided on (docs/formats/journal.md); what holds a value that was kept
// out of a record, or whose key was destroyed, is counted and not guessed.
package rehearsal

import (
	"context"
	"log/slog"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// Config is what rehearsals are handed of the rest of the center.
type Config struct {
	Drafts *draft.Desk // whose drafts are rehearsed
	State  string      // the center's state directory, with the copies of the logs

	// InForce is the policy in force, nil before the first one: its components have the logs.
	InForce func() *policy.Policy
	// DetailKey gives the key of a component's audit details, and records that it did.
	DetailKey func(ctx context.Context, component string, id audit.KeyID) (vault.Key, error)

	Tell func(topic, id string)
	Now  func() time.Time
	Log  *slog.Logger
}

// Rehearsals are run one at a time, and kept with what they found.
type Rehearsals struct {
	Config
	db    *store.DB
	stage stage
}

// topic is what listeners are told of.
const topic = "rehearsals"

// Open opens the rehearsals in a database.
func Open(db *store.DB, c Config) *Rehearsals {
	return &Rehearsals{Config: c, db: db, stage: stage{work: make(chan job, 1)}}
}

// Run works on one rehearsal after another until ctx ends.
func (r *Rehearsals) Run(ctx context.Context) error {
	if err := r.interrupted(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-r.stage.work:
			r.perform(ctx, j)
		}
	}
}
