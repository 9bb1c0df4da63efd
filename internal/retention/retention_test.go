// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/retention"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const day = 24 * time.Hour

// rig is a retention whose index, signer and disk are those of the test.
type rig struct {
	*retention.Retention
	now       time.Time
	rows      map[audit.Class]int64 // that Prune would remove
	pruned    map[audit.Class]time.Time
	destroyed []uint64
	away      bool // the signer
	used      uint64
	recorded  []audit.Entry
}

func open(t *testing.T, db *store.DB) *rig {
	t.Helper()
	r := &rig{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), rows: map[audit.Class]int64{}, pruned: map[audit.Class]time.Time{}, used: 40}
	var err error
	r.Retention, err = retention.Open(t.Context(), db, retention.Config{
		Prune: func(_ context.Context, c audit.Class, before time.Time) (int64, error) {
			r.pruned[c] = before
			n := min(r.rows[c], 10)
			r.rows[c] -= n
			return n, nil
		},
		Destroy: func(_ context.Context, before uint64) error {
			if r.away {
				return errors.New("the signer is away")
			}
			r.destroyed = append(r.destroyed, before)
			return nil
		},
		Disk:   func() (uint64, uint64, error) { return r.used, 100, nil },
		Record: func(e audit.Entry) audit.Ticket { r.recorded = append(r.recorded, e); return audit.Ticket{} },
		Tell:   func(string, string) {}, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNeverOff: decisions, administrators' acts, policy and components are not switched
// off, by no window and by no row in the database either; nor is what was refused.
func TestNeverOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := open(t, db)
		w := retention.Window{From: r.now.Add(-time.Hour), To: r.now.Add(time.Hour), Index: true, Export: true, Reason: "noise"}
		for _, c := range audit.Classes() {
			w.Class = c
			_, err := r.Switch(t.Context(), "p-"+string(c), w)
			may := c == audit.ClassSession || c == audit.ClassDelivery || c == audit.ClassHealth || c == audit.ClassForeign
			if (err == nil) != may || err != nil && problem.CodeOf(err) != problem.Invalid {
				t.Errorf("switching %s off: %v", c, err)
			}
			// Whoever can write the database goes around the check.
			if _, err := db.ExecContext(t.Context(), `INSERT INTO retention_windows (proposal, class, from_ms, to_ms, index_off, export_off, reason, changed)
				VALUES ($1, $2, 0, $3, 1, 1, 'x', 0)`, "forged-"+string(c), string(c), r.now.AddDate(1, 0, 0).UnixMilli()); err != nil {
				t.Fatal(err)
			}
		}
		again := open(t, db)
		at := r.now.UnixMilli()
		for _, c := range audit.Classes() {
			may := c == audit.ClassSession || c == audit.ClassDelivery || c == audit.ClassHealth || c == audit.ClassForeign
			for verdict, off := range map[string]bool{"info": may, "allow": may, "refuse": false, "failed": false, "quarantined": false} {
				if again.Indexed(c, verdict, at) == off || again.Exported(c, verdict, at) == off {
					t.Errorf("%s %s: indexed %t, exported %t", c, verdict, again.Indexed(c, verdict, at), again.Exported(c, verdict, at))
				}
			}
		}
	})
}

// TestWindow: a class is off in its window, in what the window says, and nowhere else.
func TestWindow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := open(t, db)
		w := retention.Window{Class: audit.ClassSession, From: r.now, To: r.now.Add(time.Hour), Index: true, Reason: "load test"}
		for range 2 { // an act is done again after a crash
			if _, err := r.Switch(t.Context(), "p1", w); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.Windows(); len(got) != 1 || got[0].Proposal != "p1" || !got[0].Index || got[0].Export {
			t.Errorf("%+v", got)
		}
		for _, again := range []*rig{r, open(t, db)} {
			for ms, off := range map[int64]bool{w.From.UnixMilli() - 1: false, w.From.UnixMilli(): true, w.To.UnixMilli() - 1: true, w.To.UnixMilli(): false} {
				if again.Indexed(audit.ClassSession, "info", ms) == off || !again.Exported(audit.ClassSession, "info", ms) || !again.Indexed(audit.ClassHealth, "info", ms) {
					t.Errorf("at %d", ms)
				}
			}
		}
		for name, spoil := range map[string]func(*retention.Window){
			"nothing":   func(w *retention.Window) { w.Index = false },
			"backwards": func(w *retention.Window) { w.To = w.From },
			"for ever":  func(w *retention.Window) { w.To = w.From.Add(93 * day) },
			"no reason": func(w *retention.Window) { w.Reason = " " },
			"no class":  func(w *retention.Window) { w.Class = "x" },
		} {
			bad := w
			spoil(&bad)
			if _, err := r.Switch(t.Context(), "p2", bad); problem.CodeOf(err) != problem.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestRules: 190 days unless two persons want others; never under 60, and under 184 with
// a reason only.
func TestRules(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := open(t, db)
		for _, rule := range r.Rules() {
			if rule.Days != 190 {
				t.Errorf("%+v", rule)
			}
		}
		for _, c := range []struct {
			days   int
			reason string
			ok     bool
		}{{59, "small disk", false}, {0, "x", false}, {60, "", false}, {183, " ", false}, {60, "small disk", true}, {184, "", true}, {36501, "", false}, {36500, "", true}} {
			_, err := r.SetRule(t.Context(), "p", retention.Rule{Class: audit.ClassHealth, Days: c.days, Reason: c.reason})
			if (err == nil) != c.ok {
				t.Errorf("%d days, %q: %v", c.days, c.reason, err)
			}
		}
		if _, err := r.SetRule(t.Context(), "q", retention.Rule{Class: audit.ClassHealth, Days: 70, Reason: "why"}); err != nil {
			t.Fatal(err)
		}
		again := open(t, db)
		old := r.now.Add(-71 * day).UnixMilli()
		if again.Indexed(audit.ClassHealth, "refuse", old) || !again.Indexed(audit.ClassSession, "info", old) {
			t.Error("the rule of health is not in force")
		}
	})
}

// TestDaily: once a day rows go by the rule of their class, and keys after the longest
// rule of all; what the signer could not do is done at the next turn.
func TestDaily(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		r := open(t, db)
		for class, days := range map[audit.Class]int{audit.ClassDecision: 400, audit.ClassForeign: 60} {
			if _, err := r.SetRule(ctx, "p-"+string(class), retention.Rule{Class: class, Days: days, Reason: "r"}); err != nil {
				t.Fatal(err)
			}
		}
		r.rows[audit.ClassForeign] = 35
		r.away = true
		if err := r.Turn(ctx); err == nil {
			t.Error("a turn without the signer went well")
		}
		r.away = false
		for range 3 {
			if err := r.Turn(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.destroyed) != 1 || r.destroyed[0] != retention.DayOf(r.now)-400 || r.rows[audit.ClassForeign] != 0 {
			t.Errorf("destroyed %v, %d rows left", r.destroyed, r.rows[audit.ClassForeign])
		}
		for class, days := range map[audit.Class]time.Duration{audit.ClassForeign: 60, audit.ClassDecision: 400, audit.ClassAdmin: 190} {
			if want := r.now.Add(-days * day); !r.pruned[class].Equal(want) {
				t.Errorf("%s is pruned before %v, want %v", class, r.pruned[class], want)
			}
		}
		last, err := r.Last(ctx)
		if err != nil || !last.At.Equal(r.now) || len(r.recorded) != 1 || r.recorded[0].Action != "retention" {
			t.Errorf("%+v, %v, recorded %+v", last, err, r.recorded)
		}
		r.now = r.now.Add(day)
		if err := r.Turn(ctx); err != nil || len(r.destroyed) != 2 {
			t.Errorf("the next day: %v, %v", r.destroyed, err)
		}
	})
}

func TestDestroy(t *testing.T) {
	r := open(t, storetest.SQLite(t))
	today := retention.DayOf(r.now)
	for _, before := range []uint64{today - 59, today, today + 100} {
		if _, err := r.Destroy(t.Context(), before); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("before %d of %d: %v", before, today, err)
		}
	}
	r.away = true
	if _, err := r.Destroy(t.Context(), today-60); problem.CodeOf(err) != problem.Unavailable {
		t.Error(err)
	}
	r.away = false
	said, err := r.Destroy(t.Context(), today-60)
	if err != nil || len(r.destroyed) != 1 || r.destroyed[0] != today-60 || !strings.Contains(said, "2026-09-23") {
		t.Errorf("%v, %q, %v", r.destroyed, said, err)
	}
}

// TestForecast: growth is reckoned, and a disk that will be full is told once.
func TestForecast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		r := open(t, db)
		if f, err := r.Forecast(ctx); err != nil || f.Days != -1 || f.Advice != "" || f.Need != nil {
			t.Errorf("%+v, %v", f, err)
		}
		full := func() (n int) {
			for _, e := range r.recorded {
				if e.Reason == "disk-nearly-full" {
					n++
				}
			}
			return n
		}
		for _, step := range []struct {
			used  uint64
			daily int64
			days  int64
			told  int
			need  string
		}{{40, 0, -1, 0, ""}, {41, 1, 59, 0, ""}, {44, 2, 28, 1, "full-soon"}, {46, 2, 27, 1, "full-soon"}, {40, 0, -1, 1, ""}, {90, 10, 1, 2, "nearly-full"}} {
			r.used = step.used
			if err := r.Turn(ctx); err != nil {
				t.Fatal(err)
			}
			f, err := r.Forecast(ctx)
			if err != nil || f.Daily != step.daily || f.Days != step.days || full() != step.told {
				t.Errorf("used %d: %+v, told %d, %v", step.used, f, full(), err)
			}
			if (f.Need == nil) != (step.need == "") || f.Need != nil && f.Need.Code != step.need {
				t.Errorf("used %d: %+v, want %q", step.used, f.Need, step.need)
			}
			r.now = r.now.Add(day)
		}
		if used, total, err := retention.DiskOf(t.TempDir())(); err != nil || used == 0 || total < used {
			t.Errorf("%d of %d, %v", used, total, err)
		}
	})
}
