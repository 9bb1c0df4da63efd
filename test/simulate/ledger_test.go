// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"crypto/sha256"
	"sync"

	"dukou.dev/dukou/internal/parcel"
)

// ledger is what senders were told and receivers got, as their own books would say.
type ledger struct {
	over bool // the schedule is; nothing starts again

	mu        *sync.Mutex
	questions map[string]*question // by what makes the content unique
	shipments map[parcel.ID]*shipment
	names     []string
	ids       []parcel.ID
	heads     map[string][]head // checkpoints that were seen, by component
	terms     map[string]uint64 // that the center knows to be in force, by component
}

// question is one that an entry put.
type question struct {
	id       parcel.ID
	ended    bool
	answered bool
	calls    int // times that it reached the application
}

// shipment is one delivery.
type shipment struct {
	flow     string
	name     string
	body     []byte
	digest   [32]byte
	offered  bool // given to an outbox, perhaps without an answer
	accepted bool
	told     bool // how it ended
	code     string
	releases int
	attempts int
	at       int // attempt at whose time it was released
}

// head is a checkpoint.
type head struct {
	size uint64
	root [sha256.Size]byte
}

func newLedger() ledger {
	return ledger{
		mu: &sync.Mutex{}, questions: map[string]*question{}, shipments: map[parcel.ID]*shipment{},
		heads: map[string][]head{}, terms: map[string]uint64{},
	}
}

func (r *ledger) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}
