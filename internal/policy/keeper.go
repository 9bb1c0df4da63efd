// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
)

// Keeper holds the bundle in force in one process and on its disk. A bundle that is
// bad, unsigned or older changes nothing: the good one stays.
type Keeper struct {
	file    string
	anchors Anchors
	mu      sync.Mutex
	current atomic.Pointer[Policy]
	changed chan struct{}
}

// NewKeeper loads the bundle that was last in force from dir. One that has expired
// meanwhile still is the floor for versions; judges look at its times.
func NewKeeper(dir string, a Anchors) (*Keeper, error) {
	k := &Keeper{file: filepath.Join(dir, "bundle.dukou"), anchors: a, changed: make(chan struct{})}
	data, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	} else if err != nil {
		return nil, err
	}
	p, err := Open(data, a, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.file, err)
	}
	k.current.Store(p)
	return k, nil
}

// Current is the bundle in force, nil before the first one. Whoever decides by it
// checks its times.
func (k *Keeper) Current() *Policy { return k.current.Load() }

// Changed is closed when another bundle comes into force after this call.
func (k *Keeper) Changed() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changed
}

// Accept puts a bundle in force once it is durable. The bundle in force is accepted
// again without effect. now is in Unix milliseconds.
func (k *Keeper) Accept(data []byte, now int64) (*Policy, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var floor, term uint64
	if p := k.current.Load(); p != nil {
		floor, term = p.Version, p.Term
	}
	p, err := Open(data, k.anchors, now, floor)
	if err != nil {
		return nil, err
	}
	if p.Version == floor {
		return k.same(data)
	}
	if p.Term < term {
		return nil, fault.New(fault.PolicyOld, "bundle version %d is of term %d, the guard is in term %d", p.Version, p.Term, term)
	}
	if err := durable.WriteFile(k.file, data, 0o600); err != nil {
		return nil, err
	}
	k.current.Store(p)
	close(k.changed)
	k.changed = make(chan struct{})
	return p, nil
}

// same refuses another bundle under the version in force.
func (k *Keeper) same(data []byte) (*Policy, error) {
	held, err := os.ReadFile(k.file)
	if err != nil {
		return nil, err
	}
	if !samePayload(held, data) {
		return nil, fault.New(fault.PolicyOld, "version %d is in force with another content", k.current.Load().Version)
	}
	return k.current.Load(), nil
}

func samePayload(a, b []byte) bool {
	x, errX := envelope.Decode(a)
	y, errY := envelope.Decode(b)
	return errX == nil && errY == nil && bytes.Equal(x.Payload, y.Payload)
}
