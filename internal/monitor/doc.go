// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package monitor watches components and flows: it holds what is known of them against
// rules each second, and keeps an alert for each thing that is wrong, from when it began
// until it ended. An alert that another one explains (a gate that is unreachable, and
// all that lies behind it) is folded under it; one that is silenced is kept and not
// told; the others are handed to who tells people.
//
// A rule has a threshold, a time for which it must hold, and a level. What is wrong for
// shorter raises nothing; what is well again for shorter than calm resolves nothing.
package monitor

import (
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/policy"
)

// Level is how bad something is.
type Level int

// The levels.
const (
	Notice   Level = 1 // to be looked at this week
	Warning  Level = 2 // to be looked at today
	Critical Level = 3 // to be looked at now
)

// Valid tells whether l is one of the levels.
func (l Level) Valid() bool { return l >= Notice && l <= Critical }

// Snapshot is what is known of everything at one moment.
type Snapshot struct {
	Components []Component
	Flows      []Flow
	Bundle     uint64    // version in force
	BundleEnds time.Time // zero for none
}

// Component is what is known of one component.
type Component struct {
	ID      string
	Role    policy.Role
	Zone    string        // of a front
	Inner   bool          // its zone is behind the guard
	State   string        // "current", "behind", "unreachable", "untrusted"
	Seen    time.Time     // when it last answered, zero for never
	Ahead   time.Duration // of its clock to the center's when it last answered
	Audit   string        // "proven", or what is wrong with its log; empty when not known
	Bundle  uint64
	Version string // of its program, empty when not known
	Records uint64 // audit records gathered
	Passed  uint64 // since its start
	Refused uint64
	Pending uint64   // deliveries that wait
	Peers   []string // that it says are connected to it
	Flows   []control.FlowState
	Disk    control.Disk
	Ends    []End // of certificates, leases
}

// The states of a component.
const (
	Current     = "current"
	Behind      = "behind"
	Unreachable = "unreachable"
	Untrusted   = "untrusted"
)

// End is when something that a component has is no longer valid.
type End struct {
	What string // "certificate", "lease"
	At   time.Time
}

// Flow is one flow of the bundle in force.
type Flow struct {
	Name        string
	Entry, Exit string   // fronts
	Path        []string // of the components that it needs, in order
	Ask         bool     // its questions wait for answers: how long they take matters
}

// Flows are the flows of a bundle with their ways through the guard.
func Flows(p *policy.Policy) []Flow {
	if p == nil {
		return nil
	}
	parts := map[policy.Role]string{}
	for i := range p.Components {
		parts[p.Components[i].Role] = p.Components[i].ID
	}
	list := make([]Flow, 0, len(p.Flows))
	for i := range p.Flows {
		f := &p.Flows[i]
		way := []string{parts[policy.RoleOuter], parts[policy.RoleGate], parts[policy.RoleInner]}
		if from := p.Zone(f.From); from != nil && from.Inner {
			way[0], way[2] = way[2], way[0]
		}
		list = append(list, Flow{Name: f.Name, Entry: f.Entry, Exit: f.Exit, Ask: f.Kind == "ask", Path: append(append([]string{f.Entry}, way...), f.Exit)})
	}
	return list
}

// behind is through which component the center reaches each: the inner process before
// the inner fronts and the gate, the gate before the outer half, that before its fronts.
func behind(components []Component) map[string]string {
	parts := map[policy.Role]string{}
	for i := range components {
		parts[components[i].Role] = components[i].ID
	}
	through := map[string]string{}
	for i := range components {
		c := &components[i]
		switch {
		case c.Role == policy.RoleGate, c.Role == policy.RoleFront && c.Inner:
			through[c.ID] = parts[policy.RoleInner]
		case c.Role == policy.RoleOuter:
			through[c.ID] = parts[policy.RoleGate]
		case c.Role == policy.RoleFront:
			through[c.ID] = parts[policy.RoleOuter]
		}
	}
	return through
}
