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
	questions map[string]*question          // by what makes the content unique
	shipments map[string]*shipment          // by name
	passed    map[parcel.ID]way             // what reached an application or a shelf
	allowed   map[string]map[parcel.ID]bool // what each component has a record of that it let pass
	heads     map[string][]head             // checkpoints that were seen, by component
}

// question is one that an entry put.
type question struct {
	id       parcel.ID
	ended    bool
	answered bool
	calls    int // times that it reached the application
}

// head is a checkpoint.
type head struct {
	size uint64
	root [sha256.Size]byte
}

func newLedger() ledger {
	return ledger{
		mu: &sync.Mutex{}, questions: map[string]*question{}, shipments: map[string]*shipment{},
		heads:  map[string][]head{},
		passed: map[parcel.ID]way{}, allowed: map[string]map[parcel.ID]bool{},
	}
}

func (r *ledger) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}
