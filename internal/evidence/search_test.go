// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// own opens the details of the journals, all of which have one key.
func own(c *audit.Content) error { return c.Open(audit.DetailSealer(detailKey())) }

func withAddresses(c *evidence.Config) { c.Own = own }

// value is a field of an entry, by its own rules and not by those of the index.
func value(w *written, f evidence.Field) string {
	e := &w.entry
	labelled := e.Class == audit.ClassDecision && len(e.Label) > 20
	secret := labelled && strings.Contains(string(e.Label), "batch")
	switch f {
	case evidence.FieldLog:
		return w.log
	case evidence.FieldClass:
		return string(e.Class)
	case evidence.FieldFlow:
		return e.Flow
	case evidence.FieldAction:
		return e.Action
	case evidence.FieldVerdict:
		return e.Verdict
	case evidence.FieldReason:
		return e.Reason
	case evidence.FieldSubject:
		return e.Subject
	case evidence.FieldObject:
		return e.Object
	case evidence.FieldAddress:
		if e.Class != audit.ClassAdmin {
			return ""
		}
		at := strings.Index(string(e.Detail), "10.0.0.")
		return string(e.Detail[at : at+8])
	case evidence.FieldLevel:
		return choose(labelled, choose(secret, "4", "3"), "")
	case evidence.FieldIntegrity:
		return choose(labelled, choose(secret, "2", "4"), "")
	case evidence.FieldProtocol:
		return choose(labelled && e.Verdict == "allow", "http", "")
	case evidence.FieldPurpose:
		return choose(labelled && e.Verdict == "allow", choose(secret, "batch", "inquiry"), "")
	default:
		panic(f)
	}
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// matches is the model that searches are held against.
func matches(w *written, s evidence.Scope, q *evidence.Query) bool {
	at := time.UnixMilli(w.entry.Time)
	if !s.Sees(w.entry.Class) || !q.From.IsZero() && at.Before(q.From) || !q.To.IsZero() && !at.Before(q.To) {
		return false
	}
	for f, values := range q.Is {
		if len(values) > 0 && !slices.Contains(values, value(w, f)) {
			return false
		}
	}
	for f, values := range q.Not {
		if slices.Contains(values, value(w, f)) {
			return false
		}
	}
	id := ""
	if w.entry.Parcel != [16]byte{} {
		id = hex.EncodeToString(w.entry.Parcel[:])
	}
	if q.Parcel != "" && q.Parcel != id {
		return false
	}
	text := strings.ToLower(q.Text)
	found := len(text) >= 4 && id != "" && strings.HasPrefix(id, text)
	for _, f := range []evidence.Field{evidence.FieldSubject, evidence.FieldObject, evidence.FieldAction, evidence.FieldFlow, evidence.FieldReason} {
		found = found || strings.Contains(strings.ToLower(value(w, f)), text)
	}
	return found
}

// ask makes a random query out of what entries have.
func (r *rig) ask(rng *rand.Rand) evidence.Query {
	q := evidence.Query{Is: map[evidence.Field][]string{}, Not: map[evidence.Field][]string{}, Limit: pick(rng, 60, 200, 500)}
	some := func() *written { return &r.written[rng.IntN(len(r.written))] }
	fields := evidence.Fields()
	for range rng.IntN(3) {
		f := pick(rng, fields...)
		for range 1 + rng.IntN(2) {
			q.Is[f] = append(q.Is[f], value(some(), f))
		}
	}
	for range rng.IntN(2) {
		f := pick(rng, fields...)
		q.Not[f] = append(q.Not[f], value(some(), f))
	}
	if rng.IntN(2) == 0 {
		q.From = start().Add(-time.Duration(1+rng.IntN(21*24)) * time.Hour)
	}
	if rng.IntN(4) == 0 {
		q.To = start().Add(-time.Duration(rng.IntN(10*24)) * time.Hour)
		if !q.From.Before(q.To) {
			q.From = time.Time{}
		}
	}
	id := some().entry.Parcel
	switch rng.IntN(8) {
	case 0:
		q.Text = pick(rng, "person-1", "PERSON-00", "批处", "t_%", "things/00", "unknown", "no such text", hex.EncodeToString(id[:3]))
	case 1:
		q.Parcel = hex.EncodeToString(id[:])
	}
	return q
}

func scopes() []evidence.Scope {
	return []evidence.Scope{evidence.Everything(), evidence.ScopeOf(account.Security), evidence.ScopeOf(account.System), {}}
}

// permitted tells whether a query may be asked in a scope.
func permitted(s evidence.Scope, q *evidence.Query) bool {
	return !slices.ContainsFunc(q.Is[evidence.FieldClass], func(c string) bool { return !s.Sees(audit.Class(c)) })
}

// TestSearchAgreesWithModel asks random questions of random entries, page by page, and
// holds the answers against looking at each entry.
func TestSearchAgreesWithModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := newRig(t)
		r.fill(rng, 500)
		x := r.open(db, withAddresses)
		list := r.newestFirst()
		for n := range 40 {
			q, s := r.ask(rng), pick(rng, scopes()...)
			if n%3 == 0 {
				x.SetBounds(300, 1<<10) // it has to go on from its cursor
			} else {
				x.SetBounds(200_000, 1<<10)
			}
			if !permitted(s, &q) {
				if _, err := x.Search(context.Background(), s, q); problem.CodeOf(err) != problem.DutyWrong {
					t.Errorf("%+v in scope %+v: %v", q, s, err)
				}
				continue
			}
			var want []string
			for i := range list {
				if matches(&list[i], s, &q) {
					want = append(want, fmt.Sprintf("%s/%d", list[i].log, list[i].index))
				}
			}
			if got := names(all(t, x, s, q)); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Fatalf("seed %d, query %d %+v:\ngot  %v\nwant %v", seed, n, q, got, want)
			}
		}
	})
}

// TestCountAgreesWithModel does the same for counts.
func TestCountAgreesWithModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rng := rand.New(rand.NewPCG(seed, 2))
		r := newRig(t)
		r.fill(rng, 500)
		x := r.open(db, withAddresses)
		for n := range 40 {
			q := evidence.CountQuery{Query: r.ask(rng), By: pick(rng, append(evidence.Fields(), "")...), Bucket: pick(rng, 0, time.Hour, 24*time.Hour, 90*time.Minute)}
			q.To = time.Time{}
			if q.From.IsZero() {
				q.From = start().Add(-21 * 24 * time.Hour)
			}
			if n%5 == 0 {
				q.From = start().Add(-5 * time.Hour) // counted row by row
			}
			counts, err := x.Count(context.Background(), evidence.Everything(), q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			if !counts.Whole {
				t.Fatalf("%+v: not whole", q)
			}
			q.From, q.To = counts.From, counts.To
			want, sum := map[string]int64{}, int64(0)
			for i := range r.written {
				if w := &r.written[i]; matches(w, evidence.Everything(), &q.Query) {
					sum++
					if q.By != "" {
						want[value(w, q.By)]++
					}
				}
			}
			got, total := map[string]int64{}, int64(0)
			for _, c := range counts.Counts {
				total += c.N
				if q.By != "" {
					got[c.Value] += c.N
				}
				if c.Start.Before(counts.From) || !c.Start.Before(counts.To) {
					t.Errorf("%+v: a bucket begins at %s", q, c.Start)
				}
			}
			if total != sum {
				t.Fatalf("seed %d, query %d %+v: %d counted, %d there", seed, n, q, total, sum)
			}
			for v, c := range got {
				if v != evidence.OtherValues && want[v] != c {
					t.Errorf("seed %d, query %d %+v: %q %d times, want %d", seed, n, q, v, c, want[v])
				}
			}
		}
	})
}

// TestQuestions asks all questions by name, of every duty.
func TestQuestions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		r.fill(rand.New(rand.NewPCG(3, 3)), 300)
		x := r.open(db)
		if n := len(evidence.Questions()); n != 12 {
			t.Errorf("%d questions", n)
		}
		of := map[string]string{"parcel": "00112233445566778899aabbccddeeff", "subject": "out/Portal", "flow": "batch", "text": "port"}
		for _, q := range evidence.Questions() {
			a, err := x.Ask(context.Background(), evidence.Everything(), q.Name, of[q.Of], nil)
			if err != nil || (a.Page == nil) == (a.Counts == nil) {
				t.Errorf("%s: %+v, %v", q.Name, a, err)
			}
			if _, err := x.Ask(context.Background(), evidence.Everything(), q.Name, choose(q.Of == "", "x", ""), nil); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("%s: asked of the wrong thing: %v", q.Name, err)
			}
		}
		if _, err := x.Ask(context.Background(), evidence.Everything(), "none", "", nil); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("a question that is not there: %v", err)
		}
	})
}

// TestScopes: what another duty may read is not found, not counted, not shown and not proven.
func TestScopes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		seen := map[account.Duty][]audit.Class{
			account.Security: {audit.ClassDecision, audit.ClassPolicy},
			account.System:   {audit.ClassComponent, audit.ClassHealth},
			account.Audit: {audit.ClassDecision, audit.ClassPolicy, audit.ClassComponent, audit.ClassHealth, audit.ClassAdmin,
				audit.ClassSession, audit.ClassDelivery, audit.ClassForeign},
			"": nil,
		}
		for _, c := range seen[account.Audit] {
			r.write("center", audit.Entry{Class: c, Verdict: "info", Subject: "s", Time: start().Add(-time.Hour).UnixMilli()})
		}
		r.sign()
		x := r.open(db)
		ctx := context.Background()
		for duty, classes := range seen {
			s := evidence.ScopeOf(duty)
			found := all(t, x, s, evidence.Query{Text: "s"[:0]})
			counts, err := x.Count(ctx, s, evidence.CountQuery{})
			if err != nil {
				t.Fatal(err)
			}
			n := int64(0)
			for _, c := range counts.Counts {
				n += c.N
			}
			if len(found) != len(classes) || int(n) != len(classes) {
				t.Errorf("%q: %d found, %d counted, %d may be seen", duty, len(found), n, len(classes))
			}
			for i, c := range seen[account.Audit] {
				_, err := x.Entry(ctx, s, "center", uint64(i))
				_, perr := x.Proof(ctx, s, "center", uint64(i))
				if may := slices.Contains(classes, c); (err == nil) != may || (perr == nil) != may {
					t.Errorf("%q: entry of class %s: %v, %v", duty, c, err, perr)
				}
			}
		}
	})
}

// TestQueriesRefused: a query that is not one is refused by its field.
func TestQueriesRefused(t *testing.T) {
	r := newRig(t)
	r.fill(rand.New(rand.NewPCG(4, 4)), 10)
	x := r.open(storetest.SQLite(t))
	many := slices.Repeat([]string{"x"}, 51)
	for name, q := range map[string]evidence.Query{
		"limit":   {Limit: 501},
		"from":    {From: start(), To: start()},
		"text":    {Text: "x"},
		"long":    {Text: strings.Repeat("x", 129)},
		"field":   {Is: map[evidence.Field][]string{"colour": {"red"}}},
		"not":     {Not: map[evidence.Field][]string{"colour": {"red"}}},
		"values":  {Is: map[evidence.Field][]string{evidence.FieldFlow: many}},
		"value":   {Is: map[evidence.Field][]string{evidence.FieldFlow: {strings.Repeat("x", 257)}}},
		"class":   {Is: map[evidence.Field][]string{evidence.FieldClass: {"gossip"}}},
		"parcel":  {Parcel: "xyz"},
		"after":   {After: "MS4yLjM="},
		"after-2": {After: "LTEuMS4x"},
	} {
		if _, err := x.Search(context.Background(), evidence.Everything(), q); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
