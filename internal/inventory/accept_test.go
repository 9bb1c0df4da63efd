// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"strings"
	"testing"

	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/store/storetest"
)

// TestPlansAreInBothLanguages: each line of words of a plan is English, a tab and Chinese,
// and nothing that a component tells of itself makes such a line.
func TestPlansAreInBothLanguages(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	_, data := request(t, "front-a")
	in, err := s.HandIn(ctx, "chen", data)
	if err != nil {
		t.Fatal(err)
	}
	admission, err := s.PlanAdmission(ctx, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admit(ctx, admission.Payload); err != nil {
		t.Fatal(err)
	}
	s.standings = []inventory.Standing{{ID: "front-a"}} // in the policy in force
	dismissal, err := s.PlanDismissal(ctx, "front-a")
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []inventory.Plan{admission, dismissal} {
		for line := range strings.Lines(plan.Difference) {
			if line != "\n" && strings.Count(line, "\t") != 1 {
				t.Errorf("%s: %q", plan.Title, line)
			}
		}
		if !strings.Contains(plan.Difference, "fingerprint  "+in.Fingerprint+"\t指纹："+in.Fingerprint+"\n") {
			t.Errorf("%s: %q", plan.Title, plan.Difference)
		}
	}
	s.runs("front-b", "rate:\t50\n")
	s.compare("front-b")
	first, err := s.PlanAcceptance(ctx, "front-b", 1)
	if err != nil || strings.Contains(first.Difference, "\t") || !strings.Contains(first.Difference, `rate:\u{9}50`) {
		t.Errorf("%v: %q", err, first.Difference)
	}
}
