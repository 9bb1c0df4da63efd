// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/authority"
)

// TestDestroyOverTheSocket: the signer destroys what is old enough, keeps what is not,
// whoever asks, and has recorded each question before.
func TestDestroyOverTheSocket(t *testing.T) {
	a, dir := load(t)
	leased(t, a, "front-a") // days long ago
	s := serve(t, dir)
	today := uint64(time.Now().Unix() / (24 * 3600))
	for _, w := range []authority.WantDestroy{
		{Class: audit.Decisions, Before: today - authority.LeastKept + 2}, // two: midnight may pass meanwhile
		{Class: audit.Decisions, Before: today + 9000},
		{Class: "sessions", Before: firstDay},
	} {
		if err := s.client.Destroy(t.Context(), w); err == nil {
			t.Errorf("destroyed %+v", w)
		}
	}
	held := authority.WantDetailKey{Component: "front-a", Class: audit.Decisions, Day: firstDay}
	if _, err := s.client.DetailKey(t.Context(), held); err != nil {
		t.Errorf("a refused destruction took a key: %v", err)
	}
	for range 2 {
		if err := s.client.Destroy(t.Context(), authority.WantDestroy{Class: audit.Decisions, Before: firstDay + 1}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.client.DetailKey(t.Context(), held); err == nil || !strings.Contains(err.Error(), "destroyed") {
		t.Errorf("the key of a destroyed day: %v", err)
	}
	held.Day++
	if _, err := s.client.DetailKey(t.Context(), held); err != nil {
		t.Errorf("the key of a later day: %v", err)
	}
	s.stop()
	recorded := map[string]int{}
	if err := reader.Show(filepath.Join(dir, "audit"), reader.Filter{}, func(e reader.Entry) error {
		if e.Leaf.Action == "destroy-details" {
			recorded[e.Leaf.Verdict]++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if recorded["refuse"] != 3 || recorded["allow"] != 2 {
		t.Errorf("recorded %v", recorded)
	}
}
