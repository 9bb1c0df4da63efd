// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// world is a center with the example in force, its drafts, and copies of the logs.
type world struct {
	t      testing.TB
	db     *store.DB
	dir    string
	policy *policy.Policy
	drafts *draft.Desk
	now    time.Time

	rehearsals *rehearsal.Rehearsals
	told       chan struct{}
	keys       func(ctx context.Context, component string, id audit.KeyID) (vault.Key, error)
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, dir: t.TempDir(), policy: drafttest.Policy(t, bankFiles(t)), now: noon.Add(time.Hour), told: make(chan struct{}, 1), keys: oneKey}
	w.policy.Components = []policy.Component{{ID: "guard-inner", Role: policy.RoleInner}, {ID: "guard-outer", Role: policy.RoleOuter}}
	w.drafts = draft.Open(db, draft.Config{InForce: w.inForce, Tell: func(string, string) {}, Now: w.clock, Log: slog.New(slog.DiscardHandler)})
	w.restart()
	return w
}

func (w *world) inForce() *policy.Policy { return w.policy }
func (w *world) clock() time.Time        { return w.now }

// restart is another life of the center over the same database.
func (w *world) restart() {
	w.rehearsals = rehearsal.Open(w.db, rehearsal.Config{
		Drafts: w.drafts, State: w.dir, InForce: w.inForce, Now: w.clock, Log: slog.New(slog.DiscardHandler),
		DetailKey: func(ctx context.Context, component string, id audit.KeyID) (vault.Key, error) {
			return w.keys(ctx, component, id)
		},
		Tell: func(string, string) {
			select {
			case w.told <- struct{}{}:
			default:
			}
		},
	})
}

// run works on rehearsals until the test ends.
func (w *world) run() {
	ctx, end := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.rehearsals.Run(ctx) }()
	w.t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

// questions fills the copies of the logs with a person's own questions.
func (w *world) questions(n int) {
	w.t.Helper()
	var entries []audit.Entry
	for i := range n {
		entries = append(entries, recorded(w.t, w.policy, question(w.policy, id(i), "internet/person-000001", "person-000001"), noon))
	}
	journal(w.t, audit.MirrorDir(w.dir, audit.Origin("guard-inner")), "guard-inner", entries)
	journal(w.t, audit.MirrorDir(w.dir, audit.Origin("guard-outer")), "guard-outer", nil)
}

func (w *world) draft(files []draft.File) draft.Draft {
	w.t.Helper()
	d, err := w.drafts.Create(w.t.Context(), account.Caller{Account: "a", Name: "a"}, draft.New{Title: "a draft", Origin: draft.FromUpload, Files: files})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) start(d draft.Draft) rehearsal.Rehearsal {
	w.t.Helper()
	r, err := w.rehearsals.Start(w.t.Context(), account.Caller{Account: "a", Name: "a"}, d.ID, rehearsal.Window{})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// ended waits for a rehearsal to end.
func (w *world) ended(id string) rehearsal.Rehearsal {
	w.t.Helper()
	for {
		r, err := w.rehearsals.Get(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if r.State != rehearsal.Running {
			return r
		}
		select {
		case <-w.told:
		case <-time.After(time.Minute):
			w.t.Fatalf("nothing was told of %+v", r)
		}
	}
}

// TestRehearsal: a rehearsal over the center's copies of the logs is kept with what it
// found, and said in a sentence.
func TestRehearsal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.questions(300)
		w.run()
		d := w.draft(drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "accept: [token]", "accept: [token, certificate]"))
		r := w.ended(w.start(d).ID)
		if r.State != rehearsal.Finished || r.Result.Decided != 300 || r.Result.Same != 300 || r.Progress.Percent != 100 || r.AuthorName != "a" || r.DraftRevision != 1 {
			t.Errorf("%+v %+v", r, r.Result)
		}
		if !r.Since.Equal(w.now.Add(-24*time.Hour)) || !r.Until.Equal(w.now) || !r.Ended.Equal(w.now) {
			t.Errorf("%s to %s, ended %s", r.Since, r.Until, r.Ended)
		}
		want := "rehearsal " + r.ID + ": 300 decisions of 2026-11-21T13:00:00Z to 2026-11-22T13:00:00Z, 0 would be others; 0 could not be decided anew"
		if said := w.rehearsals.Said(t.Context(), d.ID, 1); said.English != want || !strings.HasPrefix(said.Chinese, "预演 "+r.ID+"：重新判定 300 项") {
			t.Errorf("%+v", said)
		}
		if said := w.rehearsals.Said(t.Context(), d.ID, 2); said.English != "rehearsal: none of this revision" {
			t.Errorf("%+v", said)
		}
		second := w.ended(w.start(d).ID)
		list, next, err := w.rehearsals.List(t.Context(), store.Page{Limit: 1})
		if err != nil || len(list) != 1 || next == "" {
			t.Fatalf("%+v, %q: %v", list, next, err)
		}
		rest, next, err := w.rehearsals.List(t.Context(), store.Page{Limit: 1, After: next})
		if err != nil || len(rest) != 1 || next != "" || max(list[0].ID, rest[0].ID) != max(r.ID, second.ID) || min(list[0].ID, rest[0].ID) != min(r.ID, second.ID) {
			t.Errorf("%+v, %q: %v", rest, next, err)
		}
	})
}

// TestCancel: one runs at a time, until somebody ends it.
func TestCancel(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.questions(300)
	reached, on := make(chan struct{}), make(chan struct{})
	var first sync.Once
	w.keys = func(ctx context.Context, component string, id audit.KeyID) (vault.Key, error) {
		first.Do(func() {
			close(reached)
			<-on
		})
		return oneKey(ctx, component, id)
	}
	w.run()
	d := w.draft(bankFiles(t))
	one := w.start(d)
	<-reached
	_, err := w.rehearsals.Start(t.Context(), account.Caller{Account: "b", Name: "b"}, d.ID, rehearsal.Window{})
	if err == nil || problem.CodeOf(err) != problem.TooMany {
		t.Errorf("a second one beside it: %v", err)
	}
	if err := w.rehearsals.Cancel(t.Context(), one.ID); err != nil {
		t.Error(err)
	}
	close(on)
	if r := w.ended(one.ID); r.State != rehearsal.Cancelled || r.Result.Decided == 300 {
		t.Errorf("%+v", r)
	}
	if err := w.rehearsals.Cancel(t.Context(), one.ID); err == nil || problem.CodeOf(err) != problem.Conflict {
		t.Errorf("to cancel it again: %v", err)
	}
	if err := w.rehearsals.Cancel(t.Context(), "none"); err == nil || problem.CodeOf(err) != problem.Unknown {
		t.Errorf("to cancel none: %v", err)
	}
}

// TestCancelBeforeItBegins: what is ended before its turn decides nothing.
func TestCancelBeforeItBegins(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.questions(300)
	r := w.start(w.draft(bankFiles(t)))
	if err := w.rehearsals.Cancel(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	w.run()
	if r = w.ended(r.ID); r.State != rehearsal.Cancelled || r.Result.Decided != 0 {
		t.Errorf("%+v", r)
	}
}

// TestInterrupted: a rehearsal that a kill has ended says so, and is in nobody's way.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	d := w.draft(bankFiles(t))
	killed := w.start(d)
	w.restart() // nothing had run
	w.run()
	next := w.start(d)
	if r := w.ended(next.ID); r.State != rehearsal.Finished {
		t.Errorf("%+v", r)
	}
	if r := w.ended(killed.ID); r.State != rehearsal.Interrupted {
		t.Errorf("%+v", r)
	}
}

// TestRefused: what cannot be rehearsed is refused before it begins.
func TestRefused(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	who := account.Caller{Account: "a", Name: "a"}
	whole := w.draft(bankFiles(t))
	broken := w.draft([]draft.File{{Path: "zones.yaml", Text: "zones: 1"}})
	for name, test := range map[string]struct {
		draft  string
		window rehearsal.Window
		want   problem.Code
	}{
		"no draft":              {"none", rehearsal.Window{}, problem.Unknown},
		"one that is no policy": {broken.ID, rehearsal.Window{}, problem.Invalid},
		"a window of nothing":   {whole.ID, rehearsal.Window{Since: noon, Until: noon}, problem.Invalid},
		"a window to come":      {whole.ID, rehearsal.Window{Since: w.now}, problem.Invalid},
	} {
		if _, err := w.rehearsals.Start(t.Context(), who, test.draft, test.window); err == nil || problem.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	w.policy = nil
	if _, err := w.rehearsals.Start(t.Context(), who, whole.ID, rehearsal.Window{}); err == nil || problem.CodeOf(err) != problem.Conflict {
		t.Errorf("nothing in force: %v", err)
	}
}
