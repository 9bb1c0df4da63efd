// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package finding_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func auditor() account.Caller { return account.Caller{Account: "a", Name: "shen", Duty: account.Audit} }
func system() account.Caller  { return account.Caller{Account: "b", Name: "xi", Duty: account.System} }
func security() account.Caller {
	return account.Caller{Account: "c", Name: "an", Duty: account.Security}
}

// clock is a time that tests move.
type clock struct{ now time.Time }

func open(db *store.DB) (*finding.Findings, *clock) {
	c := &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	return finding.Open(db, finding.Config{Now: func() time.Time { return c.now }, Tell: func(string, string) {}}), c
}

func one(c *clock) finding.New {
	return finding.New{
		Title: "口令错误过多 too many failures", Text: "seen at night", Severity: 2, Owner: account.System, Due: c.now.Add(72 * time.Hour),
		Entries: []finding.Entry{{Log: "center", Index: 7}, {Log: "front", Index: 1 << 40}},
	}
}

func wantCode(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if err == nil || problem.CodeOf(err) != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

// TestLife follows a finding to its end, with every step that is not somebody's refused.
func TestLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		f, c := open(db)
		_, err := f.Open(ctx, security(), one(c))
		wantCode(t, err, problem.DutyWrong)
		made, err := f.Open(ctx, auditor(), one(c))
		if err != nil || made.State != finding.Opened || len(made.Entries) != 2 || made.Entries[1].Index != 1<<40 || len(made.Events) != 1 {
			t.Fatalf("%+v, %v", made, err)
		}
		for _, step := range []struct {
			who  account.Caller
			to   finding.State
			text string
			code problem.Code // "" when it is done
		}{
			{auditor(), finding.Mending, "", problem.DutyWrong},
			{security(), finding.Mended, "not mine", problem.DutyWrong},
			{system(), finding.Verified, "", problem.Conflict},
			{system(), finding.Mending, "", ""},
			{system(), finding.Mended, " ", problem.Invalid},
			{system(), finding.Mended, "locked the account", ""},
			{system(), finding.Verified, "", problem.DutyWrong},
			{auditor(), finding.Mending, "", problem.Invalid},
			{auditor(), finding.Mending, "it goes on", ""},
			{system(), finding.Mended, "and the address", ""},
			{auditor(), finding.Verified, "", ""},
			{auditor(), finding.Closed, "", ""},
			{auditor(), finding.Mending, "again", problem.Conflict},
		} {
			c.now = c.now.Add(time.Hour)
			_, err := f.Move(ctx, step.who, made.ID, 0, step.to, step.text)
			if step.code != "" {
				wantCode(t, err, step.code)
			} else if err != nil {
				t.Errorf("to %s: %v", step.to, err)
			}
		}
		_, err = f.Change(ctx, auditor(), made.ID, 0, finding.Change{})
		wantCode(t, err, problem.Conflict)
		end, err := f.Get(ctx, made.ID)
		if err != nil || end.State != finding.Closed || len(end.Events) != 7 || end.Events[6].Who != "shen" || end.Revision != 7 {
			t.Errorf("%+v, %v", end, err)
		}
	})
}

// TestOverdue: what is due and not mended is listed; pages do not overlap.
func TestOverdue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		f, c := open(db)
		var ids []string
		for range 5 {
			c.now = c.now.Add(time.Second)
			made, err := f.Open(ctx, auditor(), one(c))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, made.ID)
		}
		if _, err := f.Move(ctx, system(), ids[0], 0, finding.Mended, "done"); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(100 * time.Hour)
		var seen []string
		for after := ""; ; {
			page, next, err := f.List(ctx, finding.Filter{Overdue: true, After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page {
				if !row.Overdue {
					t.Errorf("%s is listed and not overdue", row.ID)
				}
				seen = append(seen, row.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != 4 || seen[0] != ids[4] || seen[3] != ids[1] {
			t.Errorf("overdue %v of %v", seen, ids)
		}
		for by, want := range map[finding.Filter]int{
			{Owner: account.Security}: 0, {Owner: account.System, Severity: 2}: 5, {State: finding.Mended}: 1,
			{Log: "center", Index: 7}: 5, {Log: "center", Index: 8}: 0,
		} {
			if list, _, err := f.List(ctx, by); err != nil || len(list) != want {
				t.Errorf("%+v: %d findings, want %d, %v", by, len(list), want, err)
			}
		}
	})
}

// TestTogether: of changes that saw the same revision one is made.
func TestTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		f, c := open(db)
		made, err := f.Open(t.Context(), auditor(), one(c))
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		done := 0
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				severity := n%3 + 1
				_, err := f.Change(context.WithoutCancel(t.Context()), auditor(), made.ID, 1, finding.Change{Severity: &severity})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else if problem.CodeOf(err) != problem.Stale {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if end, err := f.Get(t.Context(), made.ID); err != nil || done != 1 || end.Revision != 2 || len(end.Events) != 2 {
			t.Errorf("%d done, %+v, %v", done, end, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	f, c := open(storetest.SQLite(t))
	for name, spoil := range map[string]func(*finding.New){
		"title":    func(n *finding.New) { n.Title = " " },
		"severity": func(n *finding.New) { n.Severity = 4 },
		"owner":    func(n *finding.New) { n.Owner = account.Audit },
		"due":      func(n *finding.New) { n.Due = c.now.Add(-time.Second) },
		"twice":    func(n *finding.New) { n.Entries[1] = n.Entries[0] },
		"many":     func(n *finding.New) { n.Entries = make([]finding.Entry, finding.MaxEntries+1) },
		"text":     func(n *finding.New) { n.Text = string(make([]byte, finding.MaxText+1)) },
	} {
		n := one(c)
		spoil(&n)
		if _, err := f.Open(t.Context(), auditor(), n); err == nil || problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := f.Comment(t.Context(), security(), "none", "x")
	wantCode(t, err, problem.Unknown)
	made, err := f.Open(t.Context(), auditor(), one(c))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Comment(t.Context(), security(), made.ID, "not mine")
	wantCode(t, err, problem.DutyWrong)
	if _, err := f.Comment(t.Context(), system(), made.ID, "on it"); err != nil {
		t.Error(err)
	}
}

// TestNext: what a finding tells of its next steps is what the center does, for every
// state, duty and wish, with and without words.
func TestNext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		f, c := open(db)
		ways := map[finding.State][]finding.State{
			finding.Opened: nil, finding.Mending: {finding.Mending}, finding.Mended: {finding.Mended},
			finding.Verified: {finding.Mended, finding.Verified}, finding.Closed: {finding.Closed},
		}
		callers := []account.Caller{auditor(), system(), security()}
		reach := func(way []finding.State) finding.Finding {
			now, err := f.Open(ctx, auditor(), one(c))
			for _, to := range way {
				for _, who := range callers {
					if moved, moveErr := f.Move(ctx, who, now.ID, now.Revision, to, "so"); moveErr == nil {
						now = moved
					}
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			return now
		}
		for state, way := range ways {
			for _, to := range []finding.State{finding.Opened, finding.Mending, finding.Mended, finding.Verified, finding.Closed} {
				for _, who := range callers {
					for _, text := range []string{"", "so"} {
						now := reach(way)
						if now.State != state {
							t.Fatalf("%s instead of %s", now.State, state)
						}
						named := slices.ContainsFunc(now.Next, func(n finding.Next) bool {
							return n.State == to && n.Duty == who.Duty && (text != "" || !n.Text)
						})
						if _, err := f.Move(ctx, who, now.ID, now.Revision, to, text); (err == nil) != named {
							t.Errorf("%s to %s by %s, text %q: %v, but named: %t", state, to, who.Duty, text, err, named)
						}
					}
				}
			}
		}
	})
}
