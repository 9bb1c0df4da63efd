// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import "dukou.dev/dukou/internal/policy"

// Side is which part of the guard this is. The gate and the inner process are the two
// parts of the inner half.
type Side string

// The sides, from the outside in.
const (
	Outer Side = "outer"
	Gate  Side = "gate"
	Inner Side = "inner"
)

// way is a direction: in which something travels, or in which a neighbour lies.
type way string

const (
	inwards  way = "inwards"
	outwards way = "outwards"
)

func (w way) back() way {
	if w == inwards {
		return outwards
	}
	return inwards
}

// check is what is done with a parcel.
type check string

const (
	byForm   check = "form"   // judge.Form: what needs no key
	byFirst  check = "first"  // package judge
	bySecond check = "second" // package judge/second
)

// share is whose quota a parcel is held to, beside what its maker says of itself.
type share string

const (
	ofNone    share = ""
	ofFlow    share = "flow"    // the label proves nobody here
	ofSubject share = "subject" // and its flow
)

// course is what becomes of a parcel that travels in one direction.
type course struct {
	check  check
	waits  bool          // it goes on only when the verdict is on this part's disk
	quota  share         // to which it is held
	next   policy.Role   // the part that it goes on to; empty where it goes to its front
	behind []policy.Role // the parts behind this one that judge it
}

// place is where a part of the guard stands, and all that follows from it.
type place struct {
	link    way  // where the part lies that Config.Link leads to
	dials   bool // this part begins the handshake over Config.Link
	center  bool // the center connects here
	border  bool // what leaves outwards and was not judged is held to bounds
	courses map[way]course
}

// listener is where the neighbours lie that connect to Config.Listener: the part that
// comes next there, or where none does the fronts of that side.
func (p place) listener() way { return p.link.back() }

// placeOf is the table of the three parts. In either direction a parcel meets two
// judges, one of each implementation, in two processes; the last of them on the inner
// host waits for its disk. What meets no judge is held to its form.
func placeOf(s Side) (place, bool) {
	p, ok := map[Side]place{
		Outer: {
			link: inwards, dials: true,
			courses: map[way]course{
				inwards:  {check: byFirst, next: policy.RoleGate, behind: []policy.Role{policy.RoleInner}},
				outwards: {check: byForm},
			},
		},
		Gate: {
			link: outwards, border: true,
			courses: map[way]course{
				inwards:  {check: byForm, quota: ofFlow, next: policy.RoleInner, behind: []policy.Role{policy.RoleInner}},
				outwards: {check: bySecond, waits: true, next: policy.RoleOuter},
			},
		},
		Inner: {
			link: outwards, dials: true, center: true,
			courses: map[way]course{
				inwards:  {check: bySecond, waits: true, quota: ofSubject},
				outwards: {check: byFirst, next: policy.RoleGate, behind: []policy.Role{policy.RoleGate}},
			},
		},
	}[s]
	return p, ok
}

// linkRole is the role of the part that Config.Link leads to.
func (p place) linkRole() policy.Role { return p.courses[p.link].next }
