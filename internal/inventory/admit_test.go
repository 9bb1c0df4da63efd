// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// TestAdmission is a component's way in and out again, with a real signer: handed in,
// admitted by what both saw, answered, dismissed, and its name given to another key.
func TestAdmission(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, db)
		r, data := request(t, "front-a")
		in, err := s.HandIn(ctx, "chen", data)
		if err != nil || in.Component != "front-a" || in.Fingerprint != r.Fingerprint() || in.Zone != "internet" || in.State != "waiting" {
			t.Fatalf("%+v, %v", in, err)
		}
		if again, err := s.HandIn(ctx, "li", data); err != nil || again != in {
			t.Errorf("handed in again: %+v, %v", again, err)
		}
		if _, err := s.Answer(ctx, "front-a"); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("answered before it is admitted: %v", err)
		}
		plan, err := s.PlanAdmission(ctx, in.ID)
		if err != nil || !strings.Contains(plan.Difference, r.Fingerprint()) || inventory.Fingerprint(plan.Payload) != r.Fingerprint() {
			t.Fatalf("%+v, %v", plan, err)
		}
		for range 2 { // as after a crash
			if err := s.CheckAdmission(ctx, plan.Payload); err != nil {
				t.Fatal(err)
			}
			if result, err := s.Admit(ctx, plan.Payload); err != nil || !strings.Contains(result, "front-a") {
				t.Fatal(result, err)
			}
		}
		if list, err := s.Requests(ctx); err != nil || len(list) != 1 || list[0].State != "admitted" {
			t.Errorf("%+v, %v", list, err)
		}
		if answer, err := s.Answer(ctx, "front-a"); err != nil || len(answer) == 0 {
			t.Error(err)
		}
		another, newer := request(t, "front-a")
		second, err := s.HandIn(ctx, "chen", newer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.PlanAdmission(ctx, second.ID); problem.CodeOf(err) != problem.Conflict || !strings.Contains(err.Error(), "dismiss") {
			t.Errorf("another key under the name: %v", err)
		}
		out, err := s.PlanDismissal(ctx, "front-a")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckDismissal(ctx, out.Payload); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := s.Dismiss(ctx, out.Payload); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.PlanDismissal(ctx, "front-a"); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("dismissed again: %v", err)
		}
		plan, err = s.PlanAdmission(ctx, second.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Admit(ctx, plan.Payload); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckDismissal(ctx, out.Payload); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("the dismissal of an earlier key: %v", err)
		}
		if c, err := s.Component(ctx, "front-a"); err != nil || c.Fingerprint != another.Fingerprint() || !c.Admitted {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// TestPayloads: what is not of an act, or is not what it says, is not done.
func TestPayloads(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	_, data := request(t, "front-a")
	other, _ := request(t, "front-b")
	in, err := s.HandIn(ctx, "chen", data)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.PlanAdmission(ctx, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	change := func(name, value string) json.RawMessage {
		var m map[string]any
		if err := json.Unmarshal(plan.Payload, &m); err != nil {
			t.Fatal(err)
		}
		m[name] = value
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, payload := range map[string]json.RawMessage{
		"nothing": nil, "no JSON": json.RawMessage("{"), "empty": json.RawMessage("{}"), "two": append(append(json.RawMessage{}, plan.Payload...), plan.Payload...),
		"another fingerprint": change("fingerprint", other.Fingerprint()), "another name": change("component", "front-b"), "another role": change("role", "center"),
		"another zone": change("zone", "intranet"), "no request": change("request", ""), "more": change("more", "x"),
		"large": json.RawMessage(`"` + strings.Repeat("a", 1<<20) + `"`),
	} {
		if err := s.CheckAdmission(ctx, payload); err == nil {
			t.Errorf("checked: %s", name)
		}
		if _, err := s.Admit(ctx, payload); err == nil {
			t.Errorf("admitted: %s", name)
		}
	}
	for _, payload := range []string{`{"component": "center", "fingerprint": "x"}`, `{"component": "center"}`, `[]`} {
		if _, err := s.Dismiss(ctx, json.RawMessage(payload)); err == nil {
			t.Errorf("dismissed: %s", payload)
		}
	}
	if list, err := s.client.Admitted(ctx); err != nil || len(list) != 0 {
		t.Errorf("admitted: %v, %v", list, err)
	}
}

func TestHandInRefuses(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	_, data := request(t, "front-a")
	flipped := append([]byte{}, data...)
	flipped[len(flipped)-1] ^= 1
	for name, bad := range map[string][]byte{"nothing": nil, "no request": []byte("x"), "altered": flipped, "large": make([]byte, inventory.MaxRequest+1)} {
		if _, err := s.HandIn(ctx, "chen", bad); problem.CodeOf(err) != problem.Invalid && problem.CodeOf(err) != problem.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.HandIn(ctx, "chen", bytes.Replace(data, []byte("front-a"), []byte("front.a"), 1))
	wrong, ok := errors.AsType[*problem.Error](err)
	if !ok || wrong.Code != problem.Invalid || len(wrong.Fields) != 1 || wrong.Fields[0].Name != "body.component" || wrong.Fields[0].Code != problem.Label || *wrong.Fields[0].Most != 64 {
		t.Errorf("a name that cannot be one: %+v", err)
	}
	in, err := s.HandIn(ctx, "chen", data)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx, in.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx, in.ID); problem.CodeOf(err) != problem.Unknown {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := s.PlanAdmission(ctx, in.ID); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("planned although it was removed: %v", err)
	}
	if again, err := s.HandIn(ctx, "li", data); err != nil || again.State != "waiting" || again.By != "li" {
		t.Errorf("handed in again: %+v, %v", again, err)
	}
}

// TestSignerAway: without the signer nobody is admitted, and the components are still to
// be seen.
func TestSignerAway(t *testing.T) {
	ctx := t.Context()
	s := newStage(t, storetest.SQLite(t))
	_, data := request(t, "front-a")
	in, err := s.HandIn(ctx, "chen", data)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.PlanAdmission(ctx, in.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.stopSigner()
	if _, err := s.Admit(ctx, plan.Payload); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("admitted: %v", err)
	}
	s.standings = []inventory.Standing{{ID: "front-b", State: "current"}}
	c, err := s.Component(ctx, "front-b")
	if err != nil || len(c.Lacks) != 1 || !strings.Contains(c.Lacks[0].Text, "signer") || c.Lacks[0].Code != "signer-away" {
		t.Errorf("%+v, %v", c, err)
	}
	s.startSigner()
	if _, err := s.Admit(ctx, plan.Payload); err != nil {
		t.Error(err)
	}
}

// TestComponents: each component says what it lacks.
func TestComponents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, db)
		admit := func(id string) {
			_, data := request(t, id)
			in, err := s.HandIn(ctx, "chen", data)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := s.PlanAdmission(ctx, in.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Admit(ctx, plan.Payload); err != nil {
				t.Fatal(err)
			}
		}
		admit("fine")
		admit("idle")
		admit("old")
		_, data := request(t, "new")
		if _, err := s.HandIn(ctx, "chen", data); err != nil {
			t.Fatal(err)
		}
		s.end = s.now.Add(10*24*time.Hour + time.Hour)
		s.standings = []inventory.Standing{
			{ID: "fine", Role: "front", State: "current", Version: "1.0", Bundle: 0},
			{ID: "old", Role: "front", State: "behind", Version: "0.9", Bundle: 3, Lacking: []string{"no Landlock"}, Error: "lease: refused"},
			{ID: "stranger", Role: "front", State: "current", Version: "1.0"},
		}
		s.runs("fine", "a: 1\n")
		s.compare("fine")
		if _, err := s.AcceptFirst(ctx, "chen", "fine", 1); err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{
			"center": nil, "fine": nil, "idle": {"no policy"}, "new": {"waits to be admitted"},
			"old": {"lease: refused", "no Landlock", "version 0.9", "keys ends in 10 days"}, "stranger": {"not admitted"},
		}
		list, err := s.Components(ctx)
		if err != nil || len(list) != len(want) {
			t.Fatalf("%d: %v", len(list), err)
		}
		for _, c := range list {
			if len(c.Lacks) != len(want[c.ID]) {
				t.Errorf("%s lacks %+v, want %q", c.ID, c.Lacks, want[c.ID])
				continue
			}
			for i, part := range want[c.ID] {
				if !strings.Contains(c.Lacks[i].Text, part) {
					t.Errorf("%s lacks %+v, want %q", c.ID, c.Lacks[i], part)
				}
			}
		}
		if _, err := s.Component(ctx, "nobody"); problem.CodeOf(err) != problem.Unknown {
			t.Error(err)
		}
	})
}
