// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/parcel"
)

// parcels are those under which an id crossed: what the application was told, or those
// that a judge which reads the content has seen.
func (c *checker) parcels(a *Arrival, w Way) []parcel.ID {
	if a.Parcel != (parcel.ID{}) || len(w.Durable) == 0 {
		return []parcel.ID{a.Parcel}
	}
	return c.run.Logs[w.Durable[0]].Parcels[a.ID]
}

// recorded wants, in the log of a judge that records before it passes on, an allow
// under a valid label and, of a file, a commit after it, both before the release.
func (c *checker) recorded(a *Arrival, w Way, name string) bool {
	log := c.run.Logs[name]
	var last string
	for _, id := range c.parcels(a, w) {
		if last = history(log.Events[id], a.At.Add(skew), w.Question); last == "" {
			c.labels(a, name, log.Events[id])
			return true
		}
	}
	if last == "" {
		last = "no parcel of it"
	}
	c.add(Unrecorded, a.ID, "released at %s; the log of %s has %s", clock(a.At), name, last)
	return false
}

// history says what is missing in the events of one parcel, or nothing.
func history(events []Event, released time.Time, question bool) string {
	allow, commit := false, false
	for _, e := range events {
		switch {
		case e.Answer:
		case e.Verdict == "allow" && !e.At.After(released):
			allow = true
		case e.Verdict == "committed" && allow && !e.At.After(released):
			commit = true
		case e.Verdict == "released" && !commit:
			return fmt.Sprintf("entry %d, a release without a commit before %s: %s", e.Index, clock(released), told(events))
		}
	}
	switch {
	case !allow:
		return "no allow before that"
	case !question && !commit:
		return "no commit before that"
	}
	return ""
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }

// told is what a log says of one parcel, in short.
func told(events []Event) string {
	var list []string
	for _, e := range events {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", e.Index, clock(e.At), e.Verdict, e.Reason)))
	}
	return strings.Join(list, ", ")
}

// answered wants, in the log of a judge that records an answer before it passes it on,
// the allow of the answer that was given.
func (c *checker) answered(a *Arrival, s *Sent, name string) {
	events := c.run.Logs[name].Events[a.Parcel]
	if !s.Recorded {
		c.add(Unrecorded, a.ID, "when its answer came, the log of %s had no word of that", name)
		return
	}
	for _, e := range events {
		if e.Answer && e.Verdict == "allow" {
			c.labels(a, name, events)
			return
		}
	}
	c.add(Unrecorded, a.ID, "answered; the log of %s has no allow of the answer", name)
}

// judged wants an allow in the log of a judge that does not wait for its disk, unless
// it ended so soon that the record may have ended with it.
func (c *checker) judged(a *Arrival, w Way, name string) {
	log := c.run.Logs[name]
	for _, id := range c.parcels(a, w) {
		for _, e := range log.Events[id] {
			if e.Verdict == "allow" {
				c.labels(a, name, log.Events[id])
				return
			}
		}
	}
	ends := c.ends[name]
	i, _ := slices.BinarySearchFunc(ends, a.At.Add(-memory), time.Time.Compare)
	if i < len(ends) && ends[i].Before(a.At.Add(memory)) {
		return
	}
	c.add(Unjudged, a.ID, "the log of %s has no allow of it", name)
}

// labels wants every allow to be under a valid label.
func (c *checker) labels(a *Arrival, name string, events []Event) {
	for _, e := range events {
		if e.Verdict == "allow" && e.Label != "" {
			c.add(Unlabelled, a.ID, "entry %d of %s allows it: %s", e.Index, name, e.Label)
		}
	}
}
