// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"strings"
	"testing"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/pki"
)

// TestDismiss: a component that is struck off gets no lease and no answer, also after a
// restart, and its name can be given to another key; nobody is struck off by a name
// that belongs to another key by now.
func TestDismiss(t *testing.T) {
	ctx := t.Context()
	s := newSigner(t)
	old, request := newComponent(t, "front-a")
	next, again := newComponent(t, "front-a")
	want := authority.WantLease{Component: "front-a", Serial: 1, Pairs: []pki.Pair{{Maker: "front-a", Judge: "j"}}, First: 1, Last: 2}
	if _, err := s.client.Admit(ctx, request, old.Request.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Admit(ctx, again, next.Request.Fingerprint()); err == nil || !strings.Contains(err.Error(), "dismiss") {
		t.Errorf("another key under an admitted name: %v", err)
	}
	if err := s.client.Dismiss(ctx, "front-a", next.Request.Fingerprint()); err == nil {
		t.Error("dismissed by the fingerprint of another key")
	}
	if _, err := s.client.Lease(ctx, want); err != nil {
		t.Errorf("a lease after a dismissal that was refused: %v", err)
	}
	for range 2 { // the second time nothing is left to do
		if err := s.client.Dismiss(ctx, "front-a", old.Request.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
	s.stop()
	s = serve(t, s.dir)
	if list, err := s.client.Admitted(ctx); err != nil || len(list) != 0 {
		t.Errorf("still admitted: %v, %v", list, err)
	}
	if _, err := s.client.Lease(ctx, want); err == nil {
		t.Error("a lease for one that is dismissed")
	}
	if _, err := s.client.Answer(ctx, "front-a"); err == nil {
		t.Error("an answer for one that is dismissed")
	}
	if _, err := s.client.Admit(ctx, again, next.Request.Fingerprint()); err != nil {
		t.Error(err)
	}
	if err := s.client.Dismiss(ctx, "front-a", old.Request.Fingerprint()); err == nil {
		t.Error("the next one was dismissed by the fingerprint of the last")
	}
}
