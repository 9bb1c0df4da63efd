// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/fault"
)

// Kind is a kind of violation.
type Kind string

// The kinds.
const (
	Lost       Kind = "lost"       // accepted, and neither delivered nor reported
	Twice      Kind = "twice"      // delivered, or reported, more than once
	Misled     Kind = "misled"     // delivered, and its sender was told that it was refused
	Altered    Kind = "altered"    // other content than was sent, or another question's answer
	Unsent     Kind = "unsent"     // nobody sent it
	Unreached  Kind = "unreached"  // answered, and no application was asked
	Reached    Kind = "reached"    // refused as never passed on, and an application was asked
	Unlabelled Kind = "unlabelled" // allowed without a valid label
	Unjudged   Kind = "unjudged"   // passed without the word of a judge
	Unrecorded Kind = "unrecorded" // released before it was recorded, or not recorded at all
	Unsound    Kind = "unsound"    // a log that does not verify
)

// Violation is one broken promise.
type Violation struct {
	Kind Kind
	ID   string // of the file or question; of an unsound log the component
	What string
}

// String names kind, id and what is wrong.
func (v Violation) String() string { return fmt.Sprintf("%s %s: %s", v.Kind, v.ID, v.What) }

// memory is how long what a prompt judge has recorded may be in its memory only: its
// journal writes at once and syncs in groups.
const memory = 5 * time.Second

// skew bounds what a component's clock may be off: it asks for the time over the
// connections that are being broken. What was first is told by Arrival.Recorded.
const skew = 3 * time.Second

type checker struct {
	run      *Run
	sent     map[string]*Sent
	arrivals map[string][]*Arrival
	reports  map[string][]*Report
	ends     map[string][]time.Time
	found    []Violation
}

// Check gives every violation, in the order of the ledgers.
func Check(r *Run) []Violation {
	c := checker{
		run: r, sent: map[string]*Sent{}, arrivals: map[string][]*Arrival{},
		reports: map[string][]*Report{}, ends: map[string][]time.Time{},
	}
	c.index()
	for i := range r.Sent {
		c.one(&r.Sent[i])
	}
	for i := range r.Arrived {
		c.arrival(&r.Arrived[i])
	}
	for name, log := range r.Logs {
		for _, what := range log.Findings {
			c.add(Unsound, name, "%s", what)
		}
	}
	return c.found
}

func (c *checker) add(k Kind, id, format string, args ...any) {
	c.found = append(c.found, Violation{k, id, fmt.Sprintf(format, args...)})
}

func (c *checker) index() {
	for i := range c.run.Sent {
		s := &c.run.Sent[i]
		if c.sent[s.ID] != nil {
			c.add(Twice, s.ID, "the test sent it twice")
		}
		c.sent[s.ID] = s
	}
	for i := range c.run.Arrived {
		a := &c.run.Arrived[i]
		c.arrivals[a.ID] = append(c.arrivals[a.ID], a)
	}
	for i := range c.run.Reported {
		r := &c.run.Reported[i]
		c.reports[r.ID] = append(c.reports[r.ID], r)
	}
	for _, e := range c.run.Ends {
		c.ends[e.Component] = append(c.ends[e.Component], e.At)
	}
	for _, times := range c.ends {
		slices.SortFunc(times, time.Time.Compare)
	}
}

// one holds what became of a file or question against what its sender was told.
func (c *checker) one(s *Sent) {
	if c.run.Ways[s.Flow].Question {
		c.question(s)
		return
	}
	arrived, reported := c.arrivals[s.ID], c.reports[s.ID]
	for _, a := range arrived {
		if a.Digest != s.Digest || a.Flow != s.Flow {
			c.add(Altered, s.ID, "arrived on flow %s with digest %x, sent on %s with %x", a.Flow, a.Digest[:4], s.Flow, s.Digest[:4])
		}
	}
	for _, r := range reported {
		if !c.run.Ways[s.Flow].MayRefuse[r.Code] {
			c.add(Lost, s.ID, "accepted, and then refused with %s (parcel %s), which nothing here calls for", r.Code, r.Parcel)
		}
	}
	switch n := len(arrived) + len(reported); {
	case n == 0 && s.Outcome == Accepted:
		c.add(Lost, s.ID, "accepted on flow %s, and neither delivered nor reported", s.Flow)
	case len(arrived) > 1 || len(reported) > 1:
		c.add(Twice, s.ID, "delivered %d times and reported %d times", len(arrived), len(reported))
	case n > 1 && !reported[0].Unsure:
		c.add(Misled, s.ID, "delivered, and reported as refused with %s; %s", reported[0].Code,
			c.trail([]*Arrival{{Parcel: reported[0].Parcel, At: arrived[0].At}}))
	case n > 0 && s.Outcome != Accepted:
		c.add(Unsent, s.ID, "delivered or reported, and its sender still has it")
	}
}

func (c *checker) question(s *Sent) {
	n := len(c.arrivals[s.ID])
	switch {
	case n > 1:
		c.add(Twice, s.ID, "the application was asked %d times; %s", n, c.trail(c.arrivals[s.ID]))
	case s.Outcome == Answered && n == 0:
		c.add(Unreached, s.ID, "answered, and the application was never asked")
	case s.Outcome == Refused && n > 0 && fault.KindOf(s.Code) == fault.Unavailable:
		c.add(Reached, s.ID, "refused with %s, which says that nothing was passed on, and the application was asked; %s", s.Code, c.trail(c.arrivals[s.ID]))
	}
	if s.Outcome == Answered && s.Digest != s.Want {
		c.add(Altered, s.ID, "answered with digest %x, not %x", s.Digest[:4], s.Want[:4])
	}
}

// trail is what every log says of the parcels of some arrivals.
func (c *checker) trail(arrivals []*Arrival) string {
	var list []string
	for _, a := range arrivals {
		list = append(list, fmt.Sprintf("parcel %s at %s", a.Parcel, clock(a.At)))
	}
	for _, name := range slices.Sorted(maps.Keys(c.run.Logs)) {
		list = append(list, name+": "+told(c.run.Logs[name].Events[arrivals[0].Parcel]))
	}
	return strings.Join(list, "; ")
}

// arrival holds what arrived against what was recorded of it.
func (c *checker) arrival(a *Arrival) {
	s := c.sent[a.ID]
	if s == nil {
		c.add(Unsent, a.ID, "arrived on flow %s, and nobody sent it", a.Flow)
		return
	}
	w := c.run.Ways[s.Flow]
	if len(w.Durable) > 0 && !a.Recorded {
		c.add(Unrecorded, a.ID, "when it was found, the log of %s had no word of it", w.Durable[0])
		return
	}
	for _, name := range w.Durable {
		if !c.recorded(a, w, name) {
			return // under which parcel others have seen it is not known
		}
	}
	for _, name := range w.Answers {
		if s.Outcome == Answered {
			c.answered(a, s, name)
		}
	}
	for _, name := range w.Prompt {
		c.judged(a, w, name)
	}
}
