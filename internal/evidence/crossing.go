// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/audit"
)

// Crossing is what is known of one parcel.
type Crossing struct {
	Parcel   string `json:"parcel"`
	State    State  `json:"state" enum:"answered,answer-refused,delivered,released,refused,interrupted,passed,unknown"`
	Sentence string `json:"sentence" doc:"the state in words, no more than the records say"`
	Hops     []Hop  `json:"hops" doc:"in order of time, as far as you may see them"`
	More     bool   `json:"more,omitempty" doc:"there are more than are shown"`
}

// Hop is what one component recorded of a parcel.
type Hop struct {
	Found
	Digest  string   `json:"digest,omitempty" doc:"SHA-256 of the header, as the label has it, hexadecimal"`
	Decided *Decided `json:"decided,omitempty" doc:"the rules that decided and what the parcel said, where details were asked for"`
	Closed  string   `json:"closed,omitempty" doc:"why the detail stays sealed"`
}

// State is how far a parcel came, by what was recorded.
type State string

// The states.
const (
	Answered      State = "answered"
	AnswerRefused State = "answer-refused"
	Delivered     State = "delivered"
	Released      State = "released"
	Refused       State = "refused"
	Interrupted   State = "interrupted"
	Passed        State = "passed"
	NotKnown      State = "unknown"
)

// maxHops bounds what is looked at of one parcel. A delivery that is tried again for
// days has many.
const maxHops = 500

// Crossing tells of one parcel. With details it opens those of the decisions, for whom
// the scope lets see everything.
func (x *Index) Crossing(ctx context.Context, s Scope, parcel string, details bool) (Crossing, error) {
	page, err := x.Search(ctx, Everything(), Query{Parcel: parcel, Limit: maxHops})
	if err != nil {
		return Crossing{}, err
	}
	all := page.Entries
	inOrder(all)
	c := Crossing{Parcel: strings.ToLower(parcel), More: page.Next != ""}
	c.State, c.Sentence = stateOf(all)
	for _, f := range all {
		if !s.Sees(audit.Class(f.Class)) {
			continue
		}
		h := Hop{Found: f}
		if f.Class == string(audit.ClassDecision) {
			x.look(ctx, s, &h, details && s.all)
		}
		c.Hops = append(c.Hops, h)
	}
	if len(c.Hops) == 0 {
		return Crossing{}, unknown("there is no record of parcel %s that you may see", c.Parcel)
	}
	return c, nil
}

// inOrder sorts records as they came about.
func inOrder(all []Found) {
	slices.SortStableFunc(all, func(a, b Found) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Index, b.Index))
	})
}

// look takes in what only the log has of a decision.
func (x *Index) look(ctx context.Context, s Scope, h *Hop, details bool) {
	read := x.Entry
	if details {
		read = x.Detail
	}
	e, err := read(ctx, s, h.Log, h.Index)
	if err != nil {
		h.Closed = err.Error()
		return
	}
	if h.Decided = e.Decision; e.Label != nil {
		h.Digest = e.Label.Binding
	}
}

// told are the ends of a parcel, by what was recorded of it.
type told struct {
	answered map[string]bool // logs
	verdicts map[string]bool // of deliveries
	judged   *Found          // the last refusal of a judge that has not let it pass since
	refused  *Found          // the last other refusal
	allowed  []string        // components
	freed    bool            // from quarantine, by two persons
}

func tellings(hops []Found) told {
	t := told{answered: map[string]bool{}, verdicts: map[string]bool{}}
	for i := range hops {
		h := &hops[i]
		switch {
		case h.Action == actionRelease && h.Class == string(audit.ClassDelivery):
			t.release(h)
		case h.Verdict == verdictRefuse && h.Class == string(audit.ClassDecision):
			t.judged = h
		case h.Verdict == verdictRefuse:
			t.refused = h
		case h.Class == string(audit.ClassDecision) && h.Verdict == verdictAllow:
			if t.judged != nil && t.judged.Log == h.Log {
				t.judged = nil // under a new label, of another attempt
			}
			if !slices.Contains(t.allowed, h.Log) {
				t.allowed = append(t.allowed, h.Log)
			}
		case h.Class == string(audit.ClassDelivery):
			if t.verdicts[h.Verdict] = true; h.Verdict == string(Answered) {
				t.answered[h.Log] = true
			}
		}
	}
	return t
}

// actionRelease is what a front does as two persons have signed it. That it refuses to is
// no end of the parcel.
const actionRelease = "release from quarantine"

func (t *told) release(h *Found) {
	switch h.Verdict {
	case string(Released):
		t.freed = true
	case "failed":
		t.freed = false
	}
}

// stateOf says how far a parcel came.
func stateOf(hops []Found) (State, string) {
	state, sentence, _ := endOf(hops)
	return state, sentence
}

// endOf says how far a parcel came, and which refusal was its end, if one was. It claims no
// more than is recorded: a side whose records are not here yet may know more.
func endOf(hops []Found) (State, string, *Found) {
	t := tellings(hops)
	by := cmp.Or(t.judged, t.refused) // a front only passes on what a judge has said
	state, sentence := t.state(by)
	switch state {
	case AnswerRefused, Refused:
		return state, sentence, by
	case Interrupted:
		return state, sentence, t.refused
	case Answered, Delivered, Released, Passed, NotKnown:
	}
	return state, sentence, nil
}

// state is the state with its sentence; by is the refusal that weighs most.
func (t *told) state(by *Found) (State, string) {
	switch {
	case t.verdicts["delivered"]:
		return Delivered, "Delivered: the receiving side has released it, and the sending front has the receipt."
	case t.freed:
		return Released, "Released from quarantine on the receiving side, as two administrators have signed; its sender was told that it was refused."
	case len(t.answered) > 1:
		return Answered, "Answered: the application was asked, and its answer has reached the front that asked."
	case t.verdicts["received"] || t.verdicts["released"]:
		return Released, "Released on the receiving side; that the sending front has its receipt is not recorded here. Should it send again, nothing is released twice."
	case len(t.answered) == 1 && by != nil:
		return AnswerRefused, fmt.Sprintf("The application was asked and has answered; the answer was refused by %s (%s), and the caller did not get it.", by.Log, by.Reason)
	case len(t.answered) == 1:
		return Passed, "The application has answered; that the answer has reached the front that asked is not recorded here yet."
	case t.judged == nil && t.refused != nil && (t.refused.Reason == "interrupted" || t.refused.Class == string(audit.ClassDelivery) && len(t.allowed) > 1):
		return Interrupted, fmt.Sprintf("Broken off, as %s tells (%s), after %s let it pass: whether the other side has acted on it is not recorded here.", t.refused.Log, t.refused.Reason, list(t.allowed))
	case by != nil:
		return Refused, fmt.Sprintf("Refused by %s (%s); no record says that it went further.", by.Log, by.Reason)
	case len(t.allowed) > 0:
		return Passed, fmt.Sprintf("Let pass by %s; how it ended is not recorded here yet.", list(t.allowed))
	default:
		return NotKnown, "What is recorded does not say how far it came."
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "nobody on record"
	}
	return strings.Join(names, ", ")
}
