// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// stage is a monitor over a database, and all that it says.
type stage struct {
	t    *testing.T
	db   *store.DB
	m    *monitor.Monitor
	now  time.Time
	seen monitor.Snapshot

	queued []monitor.News // and committed, or not
	told   []monitor.News
	wrote  []string // actions of audit records
	fail   error
}

func newStage(t *testing.T, db *store.DB) *stage {
	s := &stage{t: t, db: db, now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	for _, c := range []struct {
		id    string
		role  policy.Role
		inner bool
	}{{"outer", policy.RoleOuter, false}, {"gate", policy.RoleGate, true}, {"inner", policy.RoleInner, true}} {
		s.seen.Components = append(s.seen.Components, monitor.Component{ID: c.id, Role: c.role, Inner: c.inner, State: monitor.Current, Seen: s.now, Audit: "proven"})
	}
	s.seen.Flows = []monitor.Flow{{Name: "query", Entry: "front", Path: []string{"front", "outer", "gate", "inner"}}}
	s.open()
	return s
}

func (s *stage) open() {
	s.t.Helper()
	m, err := monitor.Open(s.t.Context(), monitor.Config{
		DB: s.db, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.now },
		Observe: func() monitor.Snapshot { return s.seen },
		Queue: func(_ context.Context, _ *sql.Tx, n monitor.News) error {
			s.queued = append(s.queued, n)
			return s.fail
		},
		Queued: func() { s.told, s.queued = append(s.told, s.queued...), nil },
		Tell:   func(string, string) {},
		Record: func(e audit.Entry) audit.Ticket {
			s.wrote = append(s.wrote, e.Action)
			return audit.Ticket{}
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.m = m
}

func (s *stage) look(seconds int) {
	s.t.Helper()
	for range seconds {
		s.now = s.now.Add(time.Second)
		s.queued = nil
		if err := s.m.Look(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) list(f monitor.Filter) []monitor.Alert {
	s.t.Helper()
	list, next, err := s.m.List(s.t.Context(), f, 100, "")
	if err != nil || next != "" {
		s.t.Fatalf("list: next %q, %v", next, err)
	}
	return list
}

func TestStored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		s.look(3)
		s.seen.Components[1].State, s.seen.Components[0].State = monitor.Unreachable, monitor.Unreachable
		s.look(3)
		roots := s.list(monitor.Filter{State: monitor.Firing, Roots: true})
		if len(roots) != 1 || roots[0].Component != "gate" || !roots[0].Told || len(s.told) != 1 {
			t.Fatalf("roots: %+v, told %d", roots, len(s.told))
		}
		if below := s.list(monitor.Filter{Cause: roots[0].ID}); len(below) != 2 {
			t.Errorf("below: %+v", below)
		}
		s.open() // another life: nothing is told again
		s.look(3)
		if len(s.told) != 1 || len(s.list(monitor.Filter{State: monitor.Firing})) != 3 {
			t.Errorf("after a restart told %d, firing %+v", len(s.told), s.list(monitor.Filter{State: monitor.Firing}))
		}
		s.seen.Components[1].State, s.seen.Components[0].State = monitor.Current, monitor.Current
		s.look(15)
		if len(s.told) != 2 || s.told[1].Alert.State != monitor.Resolved || len(s.list(monitor.Filter{State: monitor.Firing})) != 0 {
			t.Errorf("told %d; firing %+v", len(s.told), s.list(monitor.Filter{State: monitor.Firing}))
		}
		a, history, err := s.m.Get(t.Context(), roots[0].ID)
		if err != nil || a.State != monitor.Resolved || len(history) != 3 || history[0].What != "fired" || history[2].What != "resolved" {
			t.Errorf("history of %+v: %+v, %v", a, history, err)
		}
		if len(s.wrote) != 6 {
			t.Errorf("recorded: %v, want three that fired and three that ended", s.wrote)
		}
	})
}

// TestFailingDatabase: while nothing can be written nothing is told, and afterwards
// everything is, once.
func TestFailingDatabase(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	s.look(1)
	s.fail = errors.New("the queue is full")
	s.seen.Components[2].State = monitor.Unreachable
	failed := 0
	for range 5 {
		s.now = s.now.Add(time.Second)
		s.queued = nil
		if s.m.Look(t.Context()) != nil {
			failed++
		}
	}
	if failed < 3 || len(s.told) != 0 || len(s.list(monitor.Filter{})) != 0 {
		t.Fatalf("failed %d times, told %d, written %d", failed, len(s.told), len(s.list(monitor.Filter{})))
	}
	s.fail = nil
	s.look(2)
	if len(s.told) != 1 || len(s.list(monitor.Filter{State: monitor.Firing})) == 0 {
		t.Errorf("told %d, written %+v", len(s.told), s.list(monitor.Filter{}))
	}
}

func TestRaised(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	s.m.Raise(monitor.RuleDrift, "gate", "the arguments\ndiffer")
	s.m.Raise("no-such-rule", "gate", "x")
	s.m.Raise(monitor.RuleUnreachable, "gate", "a rule that is looked at")
	s.look(2)
	if list := s.list(monitor.Filter{}); len(list) != 1 || list[0].Detail != "the arguments differ" {
		t.Fatalf("raised: %+v", list)
	}
	s.open()
	s.look(30)
	if len(s.list(monitor.Filter{State: monitor.Firing})) != 1 {
		t.Error("a restart has cleared it")
	}
	s.m.Clear(monitor.RuleDrift, "gate")
	s.look(15)
	if len(s.list(monitor.Filter{State: monitor.Firing})) != 0 || len(s.told) != 2 {
		t.Errorf("told %d", len(s.told))
	}
}

func TestAcknowledge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		s.seen.Components[2].State = monitor.Unreachable
		s.look(3)
		id := s.told[0].Alert.ID
		if _, err := s.m.Acknowledge(t.Context(), "zhang", id, "on my way"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.m.Acknowledge(t.Context(), "li", id, ""); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("twice: %v", err)
		}
		if _, err := s.m.Acknowledge(t.Context(), "li", "0123", ""); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("of nothing: %v", err)
		}
		s.seen.Components[2].State = monitor.Current
		s.look(15)
		a, _, err := s.m.Get(t.Context(), id)
		if err != nil || a.By != "zhang" || a.Note != "on my way" || a.State != monitor.Resolved {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestSilences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		for name, bad := range map[string]monitor.Silence{
			"no reason":      {Component: "gate", Ends: s.now.Add(time.Hour)},
			"everything":     {Reason: "x", Ends: s.now.Add(time.Hour)},
			"a star":         {Reason: "x", Component: "*", Ends: s.now.Add(time.Hour)},
			"no end":         {Reason: "x", Component: "gate"},
			"too long":       {Reason: "x", Component: "gate", Ends: s.now.Add(8 * 24 * time.Hour)},
			"has ended":      {Reason: "x", Component: "gate", Ends: s.now},
			"an unknown one": {Reason: "x", Rule: "nothing", Ends: s.now.Add(time.Hour)},
		} {
			if _, err := s.m.CreateSilence(t.Context(), "zhang", bad); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		made, err := s.m.CreateSilence(t.Context(), "zhang", monitor.Silence{Component: "inner", Reason: "new disks", Ends: s.now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		s.open()
		s.seen.Components[2].State = monitor.Unreachable
		s.look(5)
		if len(s.told) != 0 {
			t.Errorf("told %+v", s.told)
		}
		if list, err := s.m.Silences(t.Context(), false); err != nil || len(list) != 1 || list[0].By != "zhang" || !list[0].Ends.Equal(made.Ends) {
			t.Errorf("listed: %+v, %v", list, err)
		}
		if err := s.m.EndSilence(t.Context(), "li", made.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.m.EndSilence(t.Context(), "li", made.ID); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("ended twice: %v", err)
		}
		s.look(2)
		if list, err := s.m.Silences(t.Context(), true); err != nil || len(list) != 1 || list[0].EndedBy != "li" || len(s.told) != 1 {
			t.Errorf("all: %+v, %v; told %d", list, err, len(s.told))
		}
	})
}

func TestSettingsHold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		on := monitor.Setting{On: true, Threshold: 5, For: 0, Level: monitor.Notice}
		if err := s.m.Set(t.Context(), "zhang", monitor.Change{Rule: monitor.RuleBacklog, Name: "gate", Setting: &on}); err != nil {
			t.Fatal(err)
		}
		if err := s.m.Set(t.Context(), "li", monitor.Change{Rule: monitor.RuleBacklog, Setting: &on}); problem.CodeOf(err) != problem.Stale {
			t.Errorf("an older revision: %v", err)
		}
		s.open()
		v, err := s.m.View(monitor.RuleBacklog)
		if err != nil || v.Revision != 1 || len(v.Own) != 1 || *v.Own[0].Setting != on || v.Own[0].By != "zhang" || v.Effective != v.Default {
			t.Errorf("%+v, %v", v, err)
		}
		s.seen.Components[1].Pending = 6
		s.look(2)
		if len(s.told) != 1 || s.told[0].Alert.Level != monitor.Notice {
			t.Errorf("told %+v", s.told)
		}
		if err := s.m.Set(t.Context(), "zhang", monitor.Change{Rule: monitor.RuleBacklog, Name: "gate", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		s.look(15)
		if v, _ := s.m.View(monitor.RuleBacklog); v.Revision != 2 || len(v.Own) != 0 || len(s.told) != 2 {
			t.Errorf("taken back: %+v, told %d", v, len(s.told))
		}
	})
}

// TestLowering: what makes a critical rule protect less is not set by one person, in
// whatever way it does, and what does not is.
func TestLowering(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	set := func(on bool, threshold float64, seconds int64, l monitor.Level) *monitor.Setting {
		return &monitor.Setting{On: on, Threshold: threshold, For: seconds, Level: l}
	}
	for name, c := range map[string]struct {
		change monitor.Change
		lowers bool
	}{
		"off":            {monitor.Change{Rule: monitor.RuleUnreachable, Setting: set(false, 0, 1, 3)}, true},
		"off for one":    {monitor.Change{Rule: monitor.RuleUnreachable, Name: "gate", Setting: set(false, 0, 1, 3)}, true},
		"a lower level":  {monitor.Change{Rule: monitor.RuleUnreachable, Setting: set(true, 0, 1, 2)}, true},
		"a longer time":  {monitor.Change{Rule: monitor.RuleUnreachable, Setting: set(true, 0, 86400, 3)}, true},
		"less free disk": {monitor.Change{Rule: monitor.RuleDiskFree, Setting: set(true, 1, 30, 3)}, true},
		"more free disk": {monitor.Change{Rule: monitor.RuleDiskFree, Setting: set(true, 20, 30, 3)}, false},
		"sooner":         {monitor.Change{Rule: monitor.RuleUnreachable, Setting: set(true, 0, 0, 3)}, false},
		"a warning off":  {monitor.Change{Rule: monitor.RuleBacklog, Setting: set(false, 1000, 60, 2)}, false},
		"a reset":        {monitor.Change{Rule: monitor.RuleUnreachable}, false},
	} {
		lowers, err := s.m.Lowers(c.change)
		if err != nil || lowers != c.lowers {
			t.Errorf("%s: lowers %t, %v", name, lowers, err)
		}
		if err := s.m.Set(t.Context(), "zhang", c.change); c.lowers != (problem.CodeOf(err) == problem.Conflict && err != nil) {
			t.Errorf("%s: set: %v", name, err)
		}
		s = newStage(t, storetest.SQLite(t))
	}
	off := monitor.Change{Rule: monitor.RuleUnreachable, Setting: set(false, 0, 1, 3)}
	for range 2 { // again after a crash
		if err := s.m.Lower(t.Context(), "zhang, li", off); err != nil {
			t.Fatal(err)
		}
	}
	if v, _ := s.m.View(monitor.RuleUnreachable); v.Effective.On || v.Revision != 1 {
		t.Errorf("%+v", v)
	}
}

func TestBadSettings(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	for name, c := range map[string]monitor.Change{
		"level 0":        {Rule: monitor.RuleClock, Setting: &monitor.Setting{On: true}},
		"level 4":        {Rule: monitor.RuleClock, Setting: &monitor.Setting{On: true, Level: 4}},
		"below zero":     {Rule: monitor.RuleClock, Setting: &monitor.Setting{On: true, Level: 1, Threshold: -1}},
		"for days":       {Rule: monitor.RuleClock, Setting: &monitor.Setting{On: true, Level: 1, For: 100000}},
		"a threshold":    {Rule: monitor.RuleUnreachable, Setting: &monitor.Setting{On: true, Level: 3, Threshold: 7}},
		"a name of gaps": {Rule: monitor.RuleClock, Name: "a b", Setting: &monitor.Setting{On: true, Level: 1}},
	} {
		if err := s.m.Set(t.Context(), "zhang", c); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.m.Set(t.Context(), "zhang", monitor.Change{Rule: "nothing"}); problem.CodeOf(err) != problem.Unknown {
		t.Errorf("an unknown rule: %v", err)
	}
}

func TestPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		for i := range 25 {
			s.m.Raise(monitor.RuleEvent, string(rune('a'+i)), "x")
			if i%3 == 0 {
				s.look(1)
			}
		}
		s.look(1)
		seen := map[string]bool{}
		after, pages := "", 0
		for {
			list, next, err := s.m.List(t.Context(), monitor.Filter{Rule: monitor.RuleEvent, Level: monitor.Warning}, 4, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				if seen[a.ID] {
					t.Errorf("%s is there twice", a.ID)
				}
				seen[a.ID] = true
			}
			if pages++; next == "" {
				break
			}
			after = next
		}
		if len(seen) != 25 || pages != 7 {
			t.Errorf("%d alerts on %d pages", len(seen), pages)
		}
		if _, _, err := s.m.List(t.Context(), monitor.Filter{}, 4, "x'; DROP TABLE alerts; --"); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("a cursor of one's own: %v", err)
		}
	})
}

// TestHabitsKept: what a flow usually does outlives the center, and not for ever.
func TestHabitsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		front := monitor.Component{ID: "front", Role: policy.RoleFront, State: monitor.Current, Seen: s.now, Audit: "proven"}
		s.seen.Components = append(s.seen.Components, front)
		count := func(passed uint64) {
			s.seen.Components[3].Flows = []control.FlowState{{Name: "query", Passed: passed, Within: make([]uint64, len(control.Bounds())+1)}}
			s.look(1)
		}
		count(10)
		count(110)
		s.now = s.now.Add(time.Hour)
		count(115)
		s.open()
		s.now = s.now.Add(time.Hour)
		count(115)
		kept := func() (hours, parcels int64) {
			if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*), COALESCE(MAX(parcels), 0) FROM monitor_hours`).Scan(&hours, &parcels); err != nil {
				t.Fatal(err)
			}
			return hours, parcels
		}
		if hours, parcels := kept(); hours != 1 || parcels != 100 {
			t.Errorf("%d hours, at most %d parcels; want that with 100", hours, parcels)
		}
		s.now = s.now.Add(8 * 24 * time.Hour)
		s.look(2)
		if hours, _ := kept(); hours != 0 {
			t.Errorf("%d hours after eight days", hours)
		}
	})
}
