// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// TestDrift is a configuration's life: backed up when it changes, accepted, changed and
// told of once, with its difference recorded, and put back.
func TestDrift(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, db)
		s.runs("front-a", "rate: 50\n")
		if c := s.compare("front-a"); c.State != "unaccepted" || c.Number != 1 || c.Intended != 0 {
			t.Fatalf("%+v", c)
		}
		if ok, err := s.AcceptFirst(ctx, "chen", "front-a", 1); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if c := s.compare("front-a"); c.State != "same" || c.Number != 1 || c.AcceptedBy != "chen" {
			t.Errorf("%+v", c)
		}
		s.pass(time.Hour)
		s.runs("front-a", "rate: 500\n")
		for range 3 { // told once
			if c := s.compare("front-a"); c.State != "drift" || c.Number != 2 || c.Intended != 1 || !c.Since.Equal(s.now) {
				t.Errorf("%+v", c)
			}
		}
		s.runs("front-a", "rate: 5000\n") // another difference is told again
		s.compare("front-a")
		s.runs("front-a", "rate: 50\n")
		if c := s.compare("front-a"); c.State != "same" || c.Number != 4 {
			t.Errorf("%+v", c)
		}
		records, reasons := s.drifted()
		if !slices.Equal(reasons, []string{"configuration-drift", "configuration-drift", ""}) || !strings.Contains(records[0].Difference, "-rate: 50\n+rate: 500\n") {
			t.Errorf("recorded %q, %+v", reasons, records)
		}
		if len(s.drifts) != 3 || s.drifts[0].Gone || s.drifts[0].Number != 2 || !s.drifts[2].Gone {
			t.Errorf("told: %+v", s.drifts)
		}
		list, next, err := s.History(ctx, "front-a", 0, 3)
		if err != nil || len(list) != 3 || next != 2 || list[0].Number != 4 || list[0].Intended {
			t.Errorf("%+v, %d, %v", list, next, err)
		}
		if list, next, err = s.History(ctx, "front-a", next, 3); err != nil || len(list) != 1 || next != 0 || !list[0].Intended {
			t.Errorf("%+v, %d, %v", list, next, err)
		}
		if c, err := s.Snapshot(ctx, "front-a", 2); err != nil || c.Number != 2 || c.Content == nil || c.Content.Text != "rate: 500\n" || len(c.Content.Files) != 1 {
			t.Errorf("%+v, %v", c, err)
		}
		if text, err := s.Difference(ctx, "front-a", 0, 0); err != nil || text != "" {
			t.Errorf("%q, %v", text, err)
		}
		if text, err := s.Difference(ctx, "front-a", 2, 3); err != nil || !strings.Contains(text, "+rate: 5000") {
			t.Errorf("%q, %v", text, err)
		}
		if _, err := s.Difference(ctx, "front-a", 2, 9); problem.CodeOf(err) != problem.Unknown {
			t.Error(err)
		}
	})
}

// TestAcceptance: another configuration than the first is for two persons, of what both
// saw, and ends the difference.
func TestAcceptance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, db)
		if _, err := s.AcceptFirst(ctx, "chen", "front-a", 1); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("accepted what is not there: %v", err)
		}
		s.runs("front-a", "rate: 50\n")
		s.compare("front-a")
		if _, err := s.AcceptFirst(ctx, "chen", "front-a", 1); err != nil {
			t.Fatal(err)
		}
		s.runs("front-a", "rate: 60\n")
		s.compare("front-a")
		if ok, err := s.AcceptFirst(ctx, "chen", "front-a", 2); err != nil || ok {
			t.Errorf("one alone accepted another: %t, %v", ok, err)
		}
		plan, err := s.PlanAcceptance(ctx, "front-a", 2)
		if err != nil || !strings.Contains(plan.Difference, "+rate: 60") {
			t.Fatalf("%+v, %v", plan, err)
		}
		older := plan
		if _, err := s.PlanAcceptance(ctx, "front-a", 1); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("accepting the intended one: %v", err)
		}
		if err := s.CheckAcceptance(ctx, plan.Payload); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.Accept(ctx, "chen, zhou", plan.Payload); err != nil {
				t.Fatal(err)
			}
		}
		if c := s.compare("front-a"); c.State != "same" || c.Intended != 2 || c.AcceptedBy != "chen, zhou" {
			t.Errorf("%+v", c)
		}
		if len(s.drifts) != 2 || !s.drifts[1].Gone {
			t.Errorf("told: %+v", s.drifts)
		}
		back, err := s.PlanAcceptance(ctx, "front-a", 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Accept(ctx, "chen, zhou", back.Payload); err != nil {
			t.Fatal(err)
		}
		// What was planned against 1 fits again; what was planned against 2 does not.
		if err := s.CheckAcceptance(ctx, older.Payload); err != nil {
			t.Error(err)
		}
		if err := s.CheckAcceptance(ctx, []byte(strings.Replace(string(back.Payload), `"number":1`, `"number":2`, 1))); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("planned against another: %v", err)
		}
		if err := s.CheckAcceptance(ctx, []byte(strings.Replace(string(older.Payload), `"digest":"`, `"digest":"0`, 1))); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("another digest: %v", err)
		}
	})
}

// TestDaily: each component is compared once a day at the hour, as soon as it answers.
func TestDaily(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, db)
		round := func(want int) {
			t.Helper()
			s.asked = 0
			if err := s.Round(ctx); err != nil || s.asked != want {
				t.Errorf("%s: %d asked, want %d: %v", s.now, s.asked, want, err)
			}
		}
		s.runs("center", "")
		s.runs("front-a", "a: 1\n")
		s.standings = []inventory.Standing{{ID: "front-a", State: "current"}, {ID: "front-b", State: "unreachable"}}
		round(2) // the first of each
		round(0)
		s.standings[1].State = "current" // it answers for its health, and not to this
		round(1)
		round(1)
		s.runs("front-b", "b: 1\n")
		round(1)
		s.now = time.Date(2026, 11, 23, 2, 59, 0, 0, time.UTC)
		round(0)
		s.pass(time.Minute)
		round(3)
		round(0)
		c, err := s.Schedule(ctx)
		if err != nil || c.Hour != 3 || c.Revision != 0 {
			t.Fatal(c, err)
		}
		if c, err = s.SetSchedule(ctx, 22, 0); err != nil || c.Revision != 1 {
			t.Fatal(c, err)
		}
		for _, revision := range []int64{0, 2} {
			if _, err := s.SetSchedule(ctx, 23, revision); problem.CodeOf(err) != problem.Stale {
				t.Errorf("revision %d: %v", revision, err)
			}
		}
		for _, hour := range []int{-1, 24} {
			if _, err := s.SetSchedule(ctx, hour, 1); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("hour %d: %v", hour, err)
			}
		}
		s.now = time.Date(2026, 11, 23, 21, 59, 0, 0, time.UTC)
		round(0)
		s.pass(time.Minute)
		round(3)
		if list, err := s.CompareAll(ctx); err != nil || len(list) != 3 {
			t.Error(len(list), err)
		}
	})
}

// TestEndsAreTold: each round tells when the certificates end that components run with, of
// what is compared once a day too.
func TestEndsAreTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		s.runs("center", "")
		s.runs("front-a", "a: 1\n")
		end := s.now.Add(6 * 24 * time.Hour)
		e := s.says["front-a"]
		e.Files = []control.File{{Path: "/etc/dukou/tls.pem", Size: 1, End: end.UnixMilli()}, {Path: "/etc/dukou/token.key", Size: 1}}
		s.says["front-a"] = e
		s.standings = []inventory.Standing{{ID: "front-a", State: "current"}, {ID: "front-b", State: "unreachable"}}
		for range 2 {
			clear(s.ends)
			if err := s.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if list := s.ends["front-a"]; len(list) != 1 || !list[0].At.Equal(end) || list[0].Of.Path != "/etc/dukou/tls.pem" {
				t.Error(list)
			}
			if list, told := s.ends["front-b"]; told {
				t.Error("of what has not said anything is told", list)
			}
		}
	})
}

// TestLastAt: an hour that a day does not have, or has twice, loses no day.
func TestLastAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here:", err)
	}
	for _, day := range []time.Time{time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)} {
		for hour := range 24 {
			var times []time.Time
			for at := day.Add(-24 * time.Hour); at.Before(day.Add(49 * time.Hour)); at = at.Add(10 * time.Minute) {
				last := inventory.LastAt(at, hour)
				if last.After(at) || at.Sub(last) > 26*time.Hour {
					t.Fatalf("last at %d before %s: %s", hour, at, last)
				}
				if len(times) == 0 || !times[len(times)-1].Equal(last) {
					times = append(times, last)
				}
			}
			if len(times) < 3 || len(times) > 5 {
				t.Errorf("hour %d: %v", hour, times)
			}
		}
	}
}

// TestWhoTells: nobody tells for another, and nothing beyond the limits is kept.
func TestWhoTells(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	s.runs("front-b", "b: 1\n")
	e := s.says["front-b"]
	s.says["front-a"] = e
	if _, err := s.Compare(ctx, "front-a"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("told by another: %v", err)
	}
	e.Component, e.Text = "front-a", strings.Repeat("a", 64<<10)
	s.says["front-a"] = e
	if _, err := s.Compare(ctx, "front-a"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("beyond the limits: %v", err)
	}
	delete(s.says, "front-a")
	s.standings = []inventory.Standing{{ID: "front-a", State: "unreachable"}}
	if _, err := s.Compare(ctx, "front-a"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("away: %v", err)
	}
	if list, _, err := s.History(ctx, "front-a", 0, 10); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestWhoIsThere: a name that no component has is told from one that does not answer.
func TestWhoIsThere(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	if _, err := s.Compare(ctx, "nobody"); problem.CodeOf(err) != problem.Unknown {
		t.Errorf("of nobody: %v", err)
	}
	r, data := request(t, "front-a") // admitted, and in no policy yet
	if _, err := s.client.Admit(ctx, data, r.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compare(ctx, "front-a"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("admitted and away: %v", err)
	}
	s.stopSigner()
	if _, err := s.Compare(ctx, "nobody"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("while the signer is away: %v", err)
	}
}

// TestPruned: the oldest snapshots go, and never the intended one.
func TestPruned(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	for n := range 230 {
		s.runs("front-a", "rate: "+strconv.Itoa(n)+"\n")
		s.compare("front-a")
		if n == 4 {
			if _, err := s.AcceptFirst(ctx, "chen", "front-a", 5); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, _, err := s.History(ctx, "front-a", 0, 500)
	if err != nil || len(list) != 201 || list[0].Number != 230 || list[199].Number != 31 || list[200].Number != 5 {
		t.Errorf("%d kept: %v", len(list), err)
	}
}
