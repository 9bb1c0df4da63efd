// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/demo"
)

// TestCenterKilled kills the center while system creates accounts: every account that
// was acknowledged is there afterwards, with its entry in the log and in the index. Then
// its database is deleted, and what the logs tell comes back.
func TestCenterKilled(t *testing.T) {
	r := start(t)
	sessions, err := r.Found(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := r.createWhileKilled(t, sessions["wang"])
	r.awaitCenter(t)
	there := r.accounts(t, sessions["chen"])
	for _, name := range names {
		if !there[name] {
			t.Errorf("the account %s was acknowledged and is lost", name)
		}
	}
	recorded := r.created(t)
	for _, name := range names {
		if !recorded[name] {
			t.Errorf("the account %s was acknowledged and is not in the log", name)
		}
	}
	indexed := r.indexed(t, sessions["chen"], len(names))
	for name := range there {
		if recorded[name] && !indexed[name] {
			t.Errorf("the account %s is in the log and not in the index", name)
		}
	}
	r.withoutDatabase(t, indexed)
}

// createWhileKilled has accounts created by several at once, and returns the names of
// those that were acknowledged.
func (r *rig) createWhileKilled(t *testing.T, secret string) (names []string) {
	t.Helper()
	random := chance(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil && n < 100; n++ {
				name := fmt.Sprintf("trial%d.%d", worker, n)
				err := r.Ask(ctx, http.MethodPost, "/api/accounts/"+name, secret, map[string]string{"person": "Trial " + name}, nil)
				if err == nil {
					mu.Lock()
					names = append(names, name)
					mu.Unlock()
				}
			}
		})
	}
	for range form(4, 20) {
		select {
		case <-time.After(time.Duration(200+random.IntN(800)) * time.Millisecond): // of work before the next kill
		case <-ctx.Done():
		}
		r.Kill(demo.Center)
		if err := r.Launch(demo.Center); err != nil {
			t.Fatal(err)
		}
		r.awaitCenter(t)
	}
	stop()
	all.Wait()
	if len(names) == 0 {
		t.Error("nothing was acknowledged: nothing was tried")
	}
	t.Logf("%d accounts acknowledged over %d kills", len(names), form(4, 20))
	return names
}

// awaitCenter waits until the center answers.
func (r *rig) awaitCenter(t *testing.T) {
	t.Helper()
	within(t, 30*time.Second, func() error { return r.Ask(t.Context(), http.MethodGet, "/api/health", "", nil, nil) })
}

// within waits until try succeeds.
func within(t *testing.T, limit time.Duration, try func() error) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

// accounts are the names of all accounts.
func (r *rig) accounts(t *testing.T, secret string) map[string]bool {
	t.Helper()
	names, after := map[string]bool{}, ""
	for {
		var page struct {
			Items []struct{ Name string }
			Next  string
		}
		if err := r.Ask(t.Context(), http.MethodGet, "/api/accounts?limit=100&after="+after, secret, nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Items {
			names[a.Name] = true
		}
		if after = page.Next; after == "" {
			return names
		}
	}
}

const accountPath = "/api/accounts/"

// created are the accounts that the center's log says were created.
func (r *rig) created(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	dir := filepath.Join(r.Installation.State(demo.Center), "audit")
	err := reader.Show(dir, reader.Filter{}, func(e reader.Entry) error {
		if e.Leaf.Action == "create-account" && e.Leaf.Verdict == "allow" {
			names[strings.TrimPrefix(e.Leaf.Object, accountPath)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// indexed are the accounts whose creation a search finds, once it finds as many as there
// must be.
func (r *rig) indexed(t *testing.T, secret string, least int) map[string]bool {
	t.Helper()
	var names map[string]bool
	within(t, 30*time.Second, func() error {
		names = map[string]bool{}
		after := ""
		for {
			var page struct {
				Items []struct{ Object string }
				Next  string
			}
			err := r.Ask(t.Context(), http.MethodGet, "/api/evidence?limit=500&action=create-account&verdict=allow&after="+after, secret, nil, &page)
			if err != nil {
				return err
			}
			for _, e := range page.Items {
				names[strings.TrimPrefix(e.Object, accountPath)] = true
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if len(names) < least {
			return fmt.Errorf("a search finds %d creations of %d", len(names), least)
		}
		return nil
	})
	return names
}

// withoutDatabase deletes the center's database: its accounts are gone, and what the
// logs tell is found again.
func (r *rig) withoutDatabase(t *testing.T, before map[string]bool) {
	t.Helper()
	r.Kill(demo.Center)
	files, err := filepath.Glob(filepath.Join(r.Installation.State(demo.Center), "center.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database is there: %v", err)
	}
	for _, name := range files {
		err = errors.Join(err, os.Remove(name))
	}
	if err := errors.Join(err, r.Launch(demo.Center)); err != nil {
		t.Fatal(err)
	}
	r.awaitCenter(t)
	sessions, err := r.Found(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := r.indexed(t, sessions["chen"], len(before))
	for name := range before {
		if !after[name] {
			t.Errorf("the creation of %s was found before the database was deleted, and is not found any more", name)
		}
	}
}
