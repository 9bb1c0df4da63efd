// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"context"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// traffic writes crossings whose records lie among one another, some of them days apart,
// and other entries between them.
func (r *rig) traffic(rng *rand.Rand, parcels int) {
	for i := range parcels {
		id := [16]byte{byte(i >> 8), byte(i), 7}
		at := start().Add(-time.Duration(rng.IntN(30*24*3600)) * time.Second)
		flow, subject, object := pick(rng, "query", "batch"), pick(rng, "out/p1", "out/p2", ""), pick(rng, "in/reports", "in/批")
		for hop := range 1 + rng.IntN(7) {
			e := audit.Entry{
				Time: at.UnixMilli(), Parcel: id, Flow: flow, Subject: subject, Object: object, Action: "read", Verdict: "allow",
				Class: pick(rng, audit.ClassDecision, audit.ClassDecision, audit.ClassDelivery, audit.ClassSession),
			}
			switch {
			case hop > 1 && rng.IntN(4) == 0:
				e.Verdict, e.Reason = "refuse", pick(rng, "label-level", "rate-limited", "interrupted")
			case e.Class == audit.ClassDelivery:
				e.Verdict = pick(rng, "answered", "received", "delivered")
			}
			r.write(pick(rng, "front-out", "guard-inner", "front-in"), e)
			at = at.Add(time.Duration(rng.IntN(3000)) * pick(rng, time.Millisecond, time.Millisecond, time.Minute))
		}
		r.write("center", audit.Entry{Time: at.UnixMilli(), Class: pick(rng, audit.ClassAdmin, audit.ClassHealth, audit.ClassForeign), Verdict: "info"})
	}
	r.sign()
}

// allPassages walks through all pages.
func allPassages(t *testing.T, x *evidence.Index, s evidence.Scope, q evidence.Query, states []evidence.State) (list []evidence.Passage) {
	t.Helper()
	for range 10_000 {
		page, err := x.Crossings(context.Background(), s, q, states)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if list = append(list, page.Items...); page.Next == "" {
			return list
		}
		q.After = page.Next
	}
	t.Fatal("there is no end")
	return nil
}

// passageModel is which parcels a query chooses, newest first, by looking at each entry.
func (r *rig) passageModel(s evidence.Scope, q *evidence.Query) (ids []string) {
	excluded := map[string]bool{}
	inScope := func(w *written) bool {
		return s.Sees(w.entry.Class) && slices.Contains([]audit.Class{audit.ClassDecision, audit.ClassDelivery, audit.ClassSession}, w.entry.Class)
	}
	list := r.newestFirst()
	for i := range list {
		w := &list[i]
		for f, values := range q.Not {
			if inScope(w) && slices.Contains(values, value(w, f)) {
				excluded[hex.EncodeToString(w.entry.Parcel[:])] = true
			}
		}
	}
	for i := range list {
		w := &list[i]
		id := hex.EncodeToString(w.entry.Parcel[:])
		if w.entry.Parcel != [16]byte{} && inScope(w) && !excluded[id] && !slices.Contains(ids, id) && matches(w, s, q) {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestCrossingsAgreeWithModel: pages of parcels name each once, in the order of their
// newest record that was asked for, and tell of each what Crossing tells.
func TestCrossingsAgreeWithModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rng := rand.New(rand.NewPCG(seed, 5))
		r := newRig(t)
		r.traffic(rng, 60)
		x := r.open(db)
		for n := range 16 {
			s := pick(rng, evidence.Everything(), evidence.Everything(), evidence.ScopeOf(account.Security))
			q := evidence.Query{Limit: 1 + rng.IntN(60), Is: map[evidence.Field][]string{}, Not: map[evidence.Field][]string{}}
			for range rng.IntN(3) {
				w := &r.written[rng.IntN(len(r.written))]
				f := pick(rng, evidence.FieldFlow, evidence.FieldSubject, evidence.FieldVerdict, evidence.FieldReason, evidence.FieldLog)
				into := pick(rng, q.Is, q.Is, q.Not)
				into[f] = append(into[f], value(w, f))
			}
			if n%4 == 0 {
				q.From, q.To = start().Add(-20*24*time.Hour), start().Add(-5*24*time.Hour)
			}
			if n%5 == 0 {
				q.Text = pick(rng, "p1", "批", "label", "QUER")
			}
			x.SetBounds(pick(rng, 200_000, 700), 1<<10)
			var got []string
			for _, one := range allPassages(t, x, s, q, nil) {
				got = append(got, one.Parcel)
				r.agrees(x, s, &one)
			}
			if want := r.passageModel(s, &q); !slices.Equal(got, want) {
				t.Fatalf("seed %d, query %d %+v:\ngot  %v\nwant %v", seed, n, q, got, want)
			}
		}
		for _, state := range []evidence.State{evidence.Refused, evidence.Interrupted, evidence.Answered, evidence.Passed} {
			want := 0
			all := allPassages(t, x, evidence.Everything(), evidence.Query{}, nil)
			for i := range all {
				if all[i].State == state {
					want++
				}
			}
			if got := allPassages(t, x, evidence.Everything(), evidence.Query{}, []evidence.State{state}); len(got) != want || want == 0 && state == evidence.Refused {
				t.Errorf("%d %s, want %d", len(got), state, want)
			}
			r.inState(x, all, state)
		}
	})
}

// inState holds the entries of parcels in a state against the parcels that are listed in it.
func (r *rig) inState(x *evidence.Index, all []evidence.Passage, state evidence.State) {
	r.t.Helper()
	want := map[string]int{}
	for i := range all {
		if all[i].State == state {
			want[all[i].Parcel] = all[i].Records
		}
	}
	got := map[string]int{}
	for q := (evidence.Query{Limit: 30}); ; {
		page, err := x.SearchOf(context.Background(), evidence.Everything(), q, []evidence.State{state})
		if err != nil {
			r.t.Fatal(err)
		}
		for i := range page.Entries {
			got[page.Entries[i].Parcel]++
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if !maps.Equal(got, want) {
		r.t.Errorf("entries of what is %s: %v, want %v", state, got, want)
	}
}

// agrees holds a row against what is told of the parcel by itself.
func (r *rig) agrees(x *evidence.Index, s evidence.Scope, one *evidence.Passage) {
	r.t.Helper()
	c, err := x.Crossing(context.Background(), s, one.Parcel, false)
	if err != nil {
		r.t.Fatal(err)
	}
	first, last := &c.Hops[0], &c.Hops[len(c.Hops)-1]
	if one.State != c.State || one.Sentence != c.Sentence || one.Records != len(c.Hops) || !one.First.Equal(first.Time) || !one.Last.Equal(last.Time) || one.Flow != first.Flow || one.Subject != first.Subject {
		r.t.Errorf("%+v, but %+v", one, c)
	}
	if (one.Reason != "") != (one.By != "") || one.State == evidence.Refused && one.Reason == "" {
		r.t.Errorf("%s by %q for %q", one.State, one.By, one.Reason)
	}
}

// TestCrossingsBounds: what is no page is refused, a parcel with very many records costs
// no other its own, and who sees no parcels sees none.
func TestCrossingsBounds(t *testing.T) {
	r := newRig(t)
	for i := range 3000 {
		r.write("guard-inner", audit.Entry{Time: start().UnixMilli() + int64(i), Class: audit.ClassDecision, Verdict: "allow", Flow: "f", Parcel: [16]byte{1}})
		if i%1000 == 0 {
			r.write("guard-inner", audit.Entry{Time: start().UnixMilli() + int64(i), Class: audit.ClassDecision, Verdict: "refuse", Reason: "label-level", Parcel: [16]byte{2, byte(i / 1000)}})
		}
	}
	r.sign()
	x := r.open(storetest.SQLite(t))
	list := allPassages(t, x, evidence.Everything(), evidence.Query{}, nil)
	if len(list) != 4 || list[0].Records != 500 {
		t.Errorf("%+v", list)
	}
	for _, one := range list[1:] {
		if one.State != evidence.Refused || one.Records != 1 || one.By != "guard-inner" || one.Reason != "label-level" {
			t.Errorf("%+v", one)
		}
	}
	for _, q := range []evidence.Query{{Limit: 201}, {After: "x"}, {Text: "y"}} {
		if _, err := x.Crossings(context.Background(), evidence.Everything(), q, nil); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if p, err := x.Crossings(context.Background(), evidence.ScopeOf(account.System), evidence.Query{}, nil); err != nil || len(p.Items) != 0 {
		t.Errorf("system sees %+v, %v", p, err)
	}
}
