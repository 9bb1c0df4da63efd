// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import "time"

// Numbers are what a report tells of a period. Who counts them is handed in; a report
// shows them in this order and cuts long lists ([maxRows]).
type Numbers struct {
	Classes    []Count // audit entries by class
	Flows      []Flow
	Reasons    []Count // refusals by reason
	Acts       []Act   // of administrators, the newest first
	ActsTotal  int64   // more than are in Acts, perhaps
	Logins     []Login
	Components []Component // as they are now
	Findings   []Finding   // opened in the period, or not closed before it
	Logs       []Log       // as they are now
}

// Count is how often something was.
type Count struct {
	Name  string
	Count int64
}

// Flow is what a flow carried.
type Flow struct {
	Name    string
	Passed  int64
	Refused int64
	Bytes   int64 // -1: not known
}

// Act is what an administrator did.
type Act struct {
	At      time.Time
	Who     string
	Act     string // as create-account
	Object  string
	Verdict string
}

// Login is how often an account signed in.
type Login struct {
	Account string
	Done    int64
	Refused int64
	Last    time.Time
}

// Component is one component and how it is.
type Component struct {
	Name   string
	Role   string
	Zone   string
	State  string
	Bundle uint64    // version of its policy
	Ends   time.Time // of its certificate or lease; zero: not known
}

// Finding is an audit finding.
type Finding struct {
	Title    string
	Severity int
	Owner    string
	State    string
	Due      time.Time
	Overdue  bool
}

// Log is how far an audit log is proven.
type Log struct {
	Origin    string
	Entries   uint64
	Verified  uint64 // up to which entry its tree was checked
	Witnessed uint64 // up to which entry a witness has signed
	State     string // "proven", or what is wrong
}
