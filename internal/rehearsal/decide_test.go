// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/rehearsal"
)

// mixed are logs of ten questions, of which five are for another's report, and of what
// cannot be decided anew.
func mixed(t testing.TB, p *policy.Policy) []rehearsal.Log {
	t.Helper()
	own := func(n int, at time.Time) audit.Entry {
		return recorded(t, p, question(p, id(n), "internet/person-000001", "person-000001"), at)
	}
	var inner []audit.Entry
	for n := range 10 {
		inner = append(inner, recorded(t, p, question(p, id(n), fmt.Sprintf("internet/person-%06d", n), fmt.Sprintf("person-%06d", n-n%2)), noon))
	}
	first, digest := inner[0], own(70, noon)
	digest.Detail = rehearsal.Recorded(make([]byte, 32), 1, nil)
	notPolicys := audit.Entry{
		Time: noon.UnixMilli(), Class: audit.ClassDecision, Verdict: "refuse", Reason: "label-altered", Parcel: id(50),
		Detail: rehearsal.Recorded(make([]byte, 32), 1, []policy.Reason{{Code: fault.LabelAltered, Rule: "label", What: "x"}}),
	}
	password := recorded(t, p, asked(p, "credit-login", id(60), "internet/portal", label.ByAPIKey,
		parcel.Record{"form": "login", "body": parcel.Record{"user": "zhangwei", "password": "secret-of-zhang"}}), noon)
	noDecision := audit.Entry{Time: noon.UnixMilli(), Class: audit.ClassDelivery, Verdict: "committed", Parcel: id(0)}
	ofNoKey := own(80, time.UnixMilli(1000)) // of a day without a leased key
	inner = append(inner, first, noDecision, notPolicys, password, digest, ofNoKey)
	// The outer half has what it refused by itself, and the first, of which the inner one has a record.
	outer := []audit.Entry{first, recorded(t, p, question(p, id(90), "internet/person-000001", "person-000002"), noon)}
	return []rehearsal.Log{{Dir: journal(t, t.TempDir(), "guard-inner", inner)}, {Dir: journal(t, t.TempDir(), "guard-outer", outer), Refusals: true}}
}

func TestDecide(t *testing.T) {
	p := drafttest.Policy(t, bankFiles(t))
	logs := mixed(t, p)
	same, err := rehearsal.Decide(t.Context(), rehearsal.Replay{Logs: logs, Policy: p, Keys: oneKey})
	if err != nil {
		t.Fatal(err)
	}
	if same.Decided != 11 || same.Same != 11 || same.Changed != 0 || same.Secret != 1 || same.Sealed != 1 || same.Incomplete != 1 || same.Undecided != 1 || same.Repeated != 1 || len(same.Keys) != 1 {
		t.Errorf("by the policy of then: %+v", same)
	}
	changed, err := rehearsal.Decide(t.Context(), rehearsal.Replay{Logs: logs, Policy: refusing(t), Keys: oneKey})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Decided != 11 || changed.Changed != 5 || changed.Same != 6 || len(changed.Changes) != 5 {
		t.Errorf("by one that refuses: %+v", changed)
	}
	for _, c := range changed.Changes {
		if c.Was != "" || c.Is != fault.PolicyDenied || c.Flow != "credit-query" || c.Count != 1 || len(c.Example) != 32 {
			t.Errorf("%+v", c)
		}
	}
}

// TestWindow: of a log of many segments, just what lies in the window is decided,
// wherever it begins.
func TestWindow(t *testing.T) {
	p := drafttest.Policy(t, bankFiles(t))
	const n = 600
	var entries []audit.Entry
	for i := range n {
		entries = append(entries, recorded(t, p, question(p, id(i), "internet/person-000001", "person-000001"), noon.Add(time.Duration(i)*time.Minute)))
	}
	dir := journal(t, t.TempDir(), "guard-inner", entries)
	if files, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg")); err != nil || len(files) < 5 {
		t.Fatalf("%d segments: %v", len(files), err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		from := r.IntN(n)
		to := from + 1 + r.IntN(n-from)
		var last rehearsal.Progress
		result, err := rehearsal.Decide(t.Context(), rehearsal.Replay{
			Logs: []rehearsal.Log{{Dir: dir}}, Policy: p, Keys: oneKey, Progress: func(p rehearsal.Progress) { last = p },
			Since: noon.Add(time.Duration(from) * time.Minute), Until: noon.Add(time.Duration(to) * time.Minute),
		})
		if err != nil || result.Decided != uint64(to-from) || result.Changed != 0 || last.Percent != 100 || last.Seen != last.Total {
			t.Errorf("%d to %d: %+v, progress %+v: %v", from, to, result, last, err)
		}
		if result.First != entries[from].Time || result.Last != entries[to-1].Time {
			t.Errorf("%d to %d: from %d to %d", from, to, result.First, result.Last)
		}
	}
}

func TestManyKinds(t *testing.T) {
	p := drafttest.Policy(t, bankFiles(t))
	const n = rehearsal.MaxChanges + 50
	var entries []audit.Entry
	for i := range n {
		person := fmt.Sprintf("person-%06d", i)
		entries = append(entries, recorded(t, p, question(p, id(i), "internet/"+person, person), noon))
	}
	r, err := rehearsal.Decide(t.Context(), rehearsal.Replay{Logs: []rehearsal.Log{{Dir: journal(t, t.TempDir(), "guard-inner", entries)}}, Policy: refusing(t), Keys: oneKey})
	if err != nil || r.Changed != n || len(r.Changes) != rehearsal.MaxChanges || r.More != 50 {
		t.Errorf("%d changed, %d kinds, %d more: %v", r.Changed, len(r.Changes), r.More, err)
	}
}

func FuzzReplayable(f *testing.F) {
	p := drafttest.Policy(f, bankFiles(f))
	e := recorded(f, p, question(p, id(1), "internet/person-000001", "person-000001"), noon)
	if !rehearsal.Replayable(e.Detail, e.Label) {
		f.Fatal("a decision of the guard cannot be made anew")
	}
	f.Add(e.Detail, e.Label)
	f.Fuzz(func(_ *testing.T, detail, label []byte) { rehearsal.Replayable(detail, label) })
}

// TestAnswers: what comes back is decided anew too, under its own id.
func TestAnswers(t *testing.T) {
	p := drafttest.Policy(t, bankFiles(t))
	entries := []audit.Entry{
		recorded(t, p, question(p, id(1), "internet/person-000001", "person-000001"), noon),
		recorded(t, p, report(p, 1, "internet/person-000001", "person-000001"), noon),
		recorded(t, p, report(p, 2, "internet/person-000001", "person-000002"), noon),
	}
	logs := []rehearsal.Log{{Dir: journal(t, t.TempDir(), "guard-inner", entries)}}
	r, err := rehearsal.Decide(t.Context(), rehearsal.Replay{Logs: logs, Policy: p, Keys: oneKey})
	if err != nil || r.Decided != 3 || r.Same != 3 || entries[1].Verdict != "allow" || entries[2].Verdict != "refuse" {
		t.Errorf("%+v: %v", r, err)
	}
	lower := drafttest.Policy(t, drafttest.Edited(t, bankFiles(t), "zones.yaml", "class: {confidentiality: 3, integrity: 1,", "class: {confidentiality: 2, integrity: 1,"))
	r, err = rehearsal.Decide(t.Context(), rehearsal.Replay{Logs: logs, Policy: lower, Keys: oneKey})
	if err != nil || r.Changed != 2 || len(r.Changes) != 2 || r.Changes[0].Is != fault.LabelLevel {
		t.Errorf("%+v: %v", r, err)
	}
}

// BenchmarkDecide tells the time of one decision made anew.
func BenchmarkDecide(b *testing.B) {
	p := drafttest.Policy(b, bankFiles(b))
	for name, made := range map[string]func(n int, subject, person string) policy.Query{
		"questions": func(n int, subject, person string) policy.Query { return question(p, id(n), subject, person) },
		"reports":   func(n int, subject, person string) policy.Query { return report(p, n, subject, person) },
	} {
		b.Run(name, func(b *testing.B) {
			entries := make([]audit.Entry, 0, 20_000)
			for n := range cap(entries) {
				person := fmt.Sprintf("person-%06d", n)
				entries = append(entries, recorded(b, p, made(n, "internet/"+person, person), noon))
			}
			dir := journal(b, b.TempDir(), "guard-inner", entries)
			b.ResetTimer()
			for b.Loop() {
				r, err := rehearsal.Decide(b.Context(), rehearsal.Replay{Logs: []rehearsal.Log{{Dir: dir}}, Policy: p, Keys: oneKey})
				if err != nil || r.Same != uint64(len(entries)) {
					b.Fatalf("%+v: %v", r, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/decision")
		})
	}
}
