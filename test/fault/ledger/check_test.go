// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

const (
	inner, outer = "inner", "outer"
	files, asks  = "files", "asks"
)

// sound is a run of n files and n questions in which every promise was kept.
func sound(n int) *Run {
	r := &Run{
		Ways: map[string]Way{
			files: {Durable: []string{inner}, Prompt: []string{outer}, MayRefuse: map[fault.Code]bool{fault.PolicyDenied: true}},
			asks:  {Durable: []string{inner}, Prompt: []string{outer}, Question: true, Answers: []string{inner}},
		},
		Logs: map[string]*Log{},
	}
	for _, name := range []string{inner, outer} {
		r.Logs[name] = &Log{Events: map[parcel.ID][]Event{}, Parcels: map[string][]parcel.ID{}}
	}
	for i := range n {
		r.file(fmt.Sprintf("f%d", i), i)
		r.question(fmt.Sprintf("q%d", i), i)
	}
	return r
}

func parcelOf(id string) parcel.ID {
	sum := sha256.Sum256([]byte("parcel " + id))
	return parcel.ID(sum[:16])
}

func at(i int, ms int) time.Time { return time.UnixMilli(int64(1_700_000_000_000 + 1000*i + ms)) }

func (r *Run) file(id string, i int) {
	digest := Digest(sha256.Sum256([]byte(id)))
	r.Sent = append(r.Sent, Sent{ID: id, Flow: files, Digest: digest, Outcome: Accepted})
	r.Arrived = append(r.Arrived, Arrival{ID: id, Flow: files, Digest: digest, At: at(i, 500), Recorded: true})
	p := parcelOf(id)
	for _, name := range []string{inner, outer} {
		log := r.Logs[name]
		log.Parcels[id] = append(log.Parcels[id], p)
		n := uint64(10 * i)
		log.Events[p] = []Event{
			{Index: n, At: at(i, 100), Verdict: "allow"}, {Index: n + 1, At: at(i, 200), Verdict: "refuse"},
			{Index: n + 2, At: at(i, 300), Verdict: "allow"}, {Index: n + 3, At: at(i, 400), Verdict: "committed"},
			{Index: n + 4, At: at(i, 600), Verdict: "released"},
		}
	}
}

func (r *Run) question(id string, i int) {
	digest := Digest(sha256.Sum256([]byte(id)))
	p := parcelOf(id)
	r.Sent = append(r.Sent, Sent{ID: id, Flow: asks, Digest: digest, Want: digest, Outcome: Answered, Recorded: true})
	r.Arrived = append(r.Arrived, Arrival{ID: id, Flow: asks, Parcel: p, At: at(i, 500), Recorded: true})
	for _, name := range []string{inner, outer} {
		r.Logs[name].Events[p] = []Event{
			{Index: uint64(10*i + 5), At: at(i, 450), Verdict: "allow"},
			{Index: uint64(10*i + 6), At: at(i, 550), Verdict: "allow", Answer: true},
		}
	}
}

func (r *Run) sentOf(id string) *Sent {
	for i := range r.Sent {
		if r.Sent[i].ID == id {
			return &r.Sent[i]
		}
	}
	panic(id)
}

func (r *Run) arrivalOf(id string) *Arrival {
	for i := range r.Arrived {
		if r.Arrived[i].ID == id {
			return &r.Arrived[i]
		}
	}
	panic(id)
}

func (r *Run) drop(id string) {
	var kept []Arrival
	for _, a := range r.Arrived {
		if a.ID != id {
			kept = append(kept, a)
		}
	}
	r.Arrived = kept
}

// events are those of a file or question in a log.
func (r *Run) events(name, id string) []Event {
	return r.Logs[name].Events[parcelOf(id)]
}

func (r *Run) forget(name, id string) {
	p := parcelOf(id)
	delete(r.Logs[name].Events, p)
	delete(r.Logs[name].Parcels, id)
}

func TestSoundRun(t *testing.T) {
	r := sound(1000)
	// What may be so: unknown outcomes, a refusal that the policy called for, a prompt
	// judge that ended with its memory, a file that its sender still has.
	r.sentOf("q1").Outcome = Unknown
	r.sentOf("q2").Outcome = Unknown
	r.drop("q2")
	r.sentOf("q3").Outcome, r.sentOf("q3").Code = Refused, fault.PolicyDenied
	r.sentOf("q4").Outcome, r.sentOf("q4").Code = Refused, fault.GuardUnavailable
	r.drop("q4")
	r.drop("f5")
	r.Reported = append(r.Reported, Report{ID: "f5", Code: fault.PolicyDenied})
	r.drop("f6")
	r.sentOf("f6").Outcome = Unknown
	r.Reported = append(r.Reported, Report{ID: "f8", Code: fault.PolicyDenied, Unsure: true})
	r.forget(outer, "f7")
	r.Ends = append(r.Ends, End{outer, at(7, 900)})
	for _, v := range Check(r) {
		t.Error(v)
	}
}

// TestEachViolation breaks one promise at a time: the checker names it, and the id.
func TestEachViolation(t *testing.T) {
	cases := []struct {
		name string
		kind Kind
		id   string
		harm func(r *Run)
	}{
		{"a file is gone", Lost, "f3", func(r *Run) { r.drop("f3") }},
		{"a file is refused for no reason", Lost, "f3", func(r *Run) {
			r.drop("f3")
			r.Reported = append(r.Reported, Report{ID: "f3", Code: fault.LabelExpired})
		}},
		{"a file comes twice", Twice, "f3", func(r *Run) { r.Arrived = append(r.Arrived, *r.arrivalOf("f3")) }},
		{"a file is reported twice", Twice, "f3", func(r *Run) {
			r.drop("f3")
			r.Reported = append(r.Reported, Report{ID: "f3", Code: fault.PolicyDenied}, Report{ID: "f3", Code: fault.PolicyDenied})
		}},
		{"a file comes and is reported", Misled, "f3", func(r *Run) { r.Reported = append(r.Reported, Report{ID: "f3", Code: fault.PolicyDenied}) }},
		{"a file comes that was not taken", Unsent, "f3", func(r *Run) { r.sentOf("f3").Outcome = Unknown }},
		{"a file comes from nowhere", Unsent, "x", func(r *Run) { r.Arrived = append(r.Arrived, Arrival{ID: "x", Flow: files}) }},
		{"a file is another one", Altered, "f3", func(r *Run) { r.arrivalOf("f3").Digest[5] ^= 1 }},
		{"a file comes by another flow", Altered, "f3", func(r *Run) { r.arrivalOf("f3").Flow = asks }},
		{"a question is asked twice", Twice, "q3", func(r *Run) { r.Arrived = append(r.Arrived, *r.arrivalOf("q3")) }},
		{"an unknown one, too", Twice, "q3", func(r *Run) {
			r.sentOf("q3").Outcome = Unknown
			r.Arrived = append(r.Arrived, *r.arrivalOf("q3"))
		}},
		{"nobody was asked", Unreached, "q3", func(r *Run) { r.drop("q3") }},
		{"another answer", Altered, "q3", func(r *Run) { r.sentOf("q3").Digest[0] ^= 1 }},
		{"refused as not passed on", Reached, "q3", func(r *Run) {
			r.sentOf("q3").Outcome, r.sentOf("q3").Code = Refused, fault.GuardUnavailable
		}},
		{"no record of a file", Unrecorded, "f3", func(r *Run) { r.forget(inner, "f3") }},
		{"no record of a question", Unrecorded, "q3", func(r *Run) { r.forget(inner, "q3") }},
		{"no commit", Unrecorded, "f3", func(r *Run) { r.events(inner, "f3")[3].Verdict = "info" }},
		{"found before it was committed", Unrecorded, "f3", func(r *Run) { r.arrivalOf("f3").Recorded = false }},
		{"answered before it was recorded", Unrecorded, "q3", func(r *Run) { r.sentOf("q3").Recorded = false }},
		{"committed long after the release", Unrecorded, "f3", func(r *Run) { r.events(inner, "f3")[3].At = at(7, 0) }},
		{"released, then committed", Unrecorded, "f3", func(r *Run) {
			e := r.events(inner, "f3")
			e[3].Verdict, e[4].Verdict = "released", "committed"
		}},
		{"committed, then allowed", Unrecorded, "f3", func(r *Run) {
			e := r.events(inner, "f3")
			e[0].Verdict, e[2].Verdict, e[3].Verdict = "committed", "info", "allow"
		}},
		{"asked before it was allowed", Unrecorded, "q3", func(r *Run) { r.events(inner, "q3")[0].At = at(7, 0) }},
		{"an answer that nobody allowed", Unrecorded, "q3", func(r *Run) { r.events(inner, "q3")[1].Verdict = "refuse" }},
		{"no word of the outer judge", Unjudged, "f3", func(r *Run) { r.forget(outer, "f3") }},
		{"none, and it ended long after", Unjudged, "f3", func(r *Run) {
			r.forget(outer, "f3")
			r.Ends = append(r.Ends, End{outer, at(12, 0)}, End{inner, at(3, 500)})
		}},
		{"a bad label at the inner judge", Unlabelled, "f3", func(r *Run) { r.events(inner, "f3")[0].Label = "no tag" }},
		{"a bad label at the outer judge", Unlabelled, "q3", func(r *Run) { r.events(outer, "q3")[0].Label = "no tag" }},
		{"a log is not sound", Unsound, inner, func(r *Run) { r.Logs[inner].Findings = []string{"entry 5 edited"} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := sound(12)
			c.harm(r)
			found := Check(r)
			if len(found) != 1 || found[0].Kind != c.kind || found[0].ID != c.id {
				t.Errorf("want %s of %s, found %v", c.kind, c.id, found)
			}
		})
	}
}
