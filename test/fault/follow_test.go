// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/test/fault/ledger"
)

// follower reads a judge's journal as it is written, so that whoever finds a file or is
// asked a question knows whether that had been recorded before.
type follower struct {
	t    *testing.T
	dir  string
	mu   sync.Mutex
	log  *durable.Follower
	next uint64

	details *reader.Details

	names     map[parcel.ID]string
	committed map[string]bool // files
	asked     map[parcel.ID]bool
	answered  map[parcel.ID]bool
}

func follow(r *rig, name string) *follower {
	f := &follower{
		t: r.t, details: &reader.Details{Key: r.detailKey}, dir: filepath.Join(r.Installation.State(name), "audit", "journal"), names: map[parcel.ID]string{},
		committed: map[string]bool{}, asked: map[parcel.ID]bool{}, answered: map[parcel.ID]bool{},
	}
	f.log = durable.Follow(durable.OS(), f.dir, 0, audit.MaxRecord)
	r.t.Cleanup(func() { _ = f.log.Close() })
	return f
}

// drain reads what is there. The lock is held.
func (f *follower) drain() {
	for again := false; ; {
		index, raw, err := f.log.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil { // the end was cut off by a start; or it is really broken, which the proof finds
			if again {
				f.t.Logf("follow %s: %v", f.dir, err)
				return
			}
			again = true
			_ = f.log.Close()
			f.log = durable.Follow(durable.OS(), f.dir, f.next, audit.MaxRecord)
			continue
		}
		f.next = index + 1
		f.take(raw)
	}
}

func (f *follower) take(raw []byte) {
	g, err := ledger.Look(raw, f.details)
	if err != nil {
		f.t.Errorf("a record of %s: %v", f.dir, err)
		return
	}
	switch {
	case g.Verdict == "allow" && g.Answer:
		f.answered[g.Parcel] = true
	case g.Verdict == "allow" && g.Name != "":
		f.names[g.Parcel] = g.Name
	case g.Verdict == "allow":
		f.asked[g.Parcel] = true
	case g.Verdict == "committed" && f.names[g.Parcel] != "":
		f.committed[f.names[g.Parcel]] = true
	}
}

// hasCommit tells whether the log has, by now, the commit of a file.
func (f *follower) hasCommit(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.committed[id] {
		f.drain()
	}
	return f.committed[id]
}

// hasQuestion tells whether the log has, by now, the allow of a question.
func (f *follower) hasQuestion(id parcel.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drain()
	return f.asked[id]
}

// hasAnswer tells whether the log has, by now, the allow of an answer.
func (f *follower) hasAnswer(id parcel.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drain()
	return f.answered[id]
}
