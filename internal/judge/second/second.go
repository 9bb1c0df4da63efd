// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package second is another judge: the checks of docs/formats/label.md once more, by
// hand over bytes where package judge uses libraries, so that no single defect lets a
// parcel through both. It shares with the first the plain data types, the bundle's
// data, the lease's keys, SHA-256 and HMAC of the standard library, the engine of
// regular expressions, and Cedar's decision (policy.Policy.Discretion). It decodes,
// binds, compares, remembers and checks by itself:
//
//	                first                             second
//	CBOR            decode, encode again, compare     one walk that takes the shortest form only
//	classes         numbers compared                  sets of steps, one contained in the other
//	numbers seen    one bitmap, cleared as it moves   a ring of blocks that say what they are of
//	content         decoded values against a schema   encoded bytes beside sorted members
//	subjects        families in a list, longest first a table of prefixes by length
//	refusals        every reason of Decide            the first one
package second

import (
	"crypto/rand"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Judge is one judge in one life.
type Judge struct {
	id     string
	window label.Window
	keys   label.Keys
	clock  func() time.Time
	memory *memory
	plan   atomic.Pointer[plan]
	proof  []step // of the label
	rules  []step // of the bundle
}

// New is a judge with an empty memory and a new window, drawn from chance (nil for
// the system's).
func New(id string, keys label.Keys, clock func() time.Time, chance io.Reader) (*Judge, error) {
	j := &Judge{id: id, keys: keys, clock: clock, memory: newMemory(), proof: proof(), rules: rules()}
	if chance == nil {
		chance = rand.Reader
	}
	if _, err := io.ReadFull(chance, j.window[:]); err != nil {
		return nil, fmt.Errorf("draw a window: %w", err)
	}
	return j, nil
}

// Verifier is what makers tag labels for.
func (j *Judge) Verifier() label.Verifier { return label.Verifier{Judge: j.id, Window: j.window} }

// trial is one parcel before this judge.
type trial struct {
	*judge.Verdict

	judge    *Judge
	came     judge.Case
	sealed   sealed
	tag      tag
	policy   *policy.Policy
	now      int64 // Unix milliseconds
	plan     *plan
	way      *way
	subject  *policy.Subject
	shape    *shape
	claimed  point // the label's class
	least    point // of the content
	released point // the class behind the flow's checks
	permits  []policy.Reason
	forbids  []policy.Reason
}

// step is one row of the order of checks; it gives nil or the reason of a refusal.
type step struct {
	name string
	rule string // where an auditor finds it: "label", "flow", "content" or "lattice"
	run  func(*trial) *fault.Error
}

// Judge gives the verdict on a parcel under a bundle, nil for none. The error is the
// first reason of a refusal.
func (j *Judge) Judge(p *policy.Policy, c judge.Case) (judge.Verdict, error) {
	var v judge.Verdict
	t := trial{Verdict: &v, judge: j, came: c, now: j.clock().UnixMilli()}
	err := t.take(j.proof)
	if err == nil {
		err = j.Again(p, &v)
	}
	return v, err
}

// Again decides on a parcel that this judge has verified under the bundle of now.
func (j *Judge) Again(p *policy.Policy, v *judge.Verdict) error {
	t := trial{Verdict: v, judge: j, policy: p, now: j.clock().UnixMilli()}
	if err := t.take(j.rules); err != nil {
		return err
	}
	v.Decision = policy.Decision{Allow: true, Reasons: t.permits, Class: t.released.class()}
	return nil
}

// take goes through steps up to the first that refuses.
func (t *trial) take(steps []step) error {
	for i := range steps {
		if err := steps[i].run(t); err != nil {
			reasons := t.forbids
			if reasons == nil {
				reasons = []policy.Reason{{Code: err.Code, Rule: steps[i].rule, What: err.Error()}}
			}
			t.Decision = policy.Decision{Code: err.Code, Reasons: reasons}
			return err
		}
	}
	return nil
}

// read finds a bundle's plan, which is made once for each bundle.
func (j *Judge) read(p *policy.Policy) (*plan, error) {
	if held := j.plan.Load(); held != nil && held.policy == p {
		return held, nil
	}
	made, err := planOf(p)
	if err == nil {
		j.plan.Store(made)
	}
	return made, err
}
