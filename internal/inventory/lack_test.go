// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/store/storetest"
)

// enum is what the interface's description lists for a field of a type.
func enum[T any](t *testing.T, field string) []string {
	t.Helper()
	f, ok := reflect.TypeFor[T]().FieldByName(field)
	if !ok {
		t.Fatalf("no field %s", field)
	}
	return strings.Split(f.Tag.Get("enum"), ",")
}

// TestLackCodes: each lack is told by a code of its own, and the description lists those
// that are told and no others.
func TestLackCodes(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	day := 24 * time.Hour
	s.end = s.now.Add(-day)
	s.standings = []inventory.Standing{
		{ID: "away", State: "unreachable", Error: "dial: refused"},
		{ID: "untrusted", State: "untrusted", Error: "another manifest"},
		{ID: "behind", State: "behind", Error: "lease: refused"},
		{ID: "clock", State: "current", Error: "its clock is off", Version: "0.9", Bundle: 3, Lacking: []string{"no Landlock 9: Unix sockets"}},
	}
	for _, id := range []string{"idle", "new"} {
		_, data := request(t, id)
		in, err := s.HandIn(t.Context(), "chen", data)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.PlanAdmission(t.Context(), in.ID)
		if err != nil || plan.Component != id || plan.Fingerprint != in.Fingerprint {
			t.Fatalf("%+v: %v", plan, err)
		}
		if id == "new" {
			continue
		}
		if _, err := s.Admit(t.Context(), plan.Payload); err != nil {
			t.Fatal(err)
		}
	}
	s.runs("clock", "a: 1\n")
	s.runs("away", "a: 1\n")
	e := s.says["clock"]
	e.Files = []control.File{{Path: "/etc/dukou/tls.pem", Size: 1, End: s.now.Add(29*day + time.Hour).UnixMilli()}}
	s.says["clock"] = e
	s.compare("clock")
	s.compare("away")
	if _, err := s.AcceptFirst(t.Context(), "chen", "away", 1); err != nil {
		t.Fatal(err)
	}
	s.runs("away", "a: 2\n")
	s.compare("away")
	told := s.told()
	s.stopSigner()
	told = append(told, s.told()...)

	var codes []string
	for _, l := range told {
		codes = append(codes, l.Code)
		if l.Text == "" {
			t.Errorf("%s has no sentence", l.Code)
		}
		switch l.Code {
		case "ends":
			if *l.Of != (inventory.EndOf{Code: "certificate", Path: "/etc/dukou/tls.pem"}) || l.Text != "certificate /etc/dukou/tls.pem ends in 29 days" || l.At.IsZero() {
				t.Errorf("%+v", l)
			}
		case "ended":
			if *l.Of != (inventory.EndOf{Code: "keys"}) || l.Text != "the life of its policy and keys has ended" {
				t.Errorf("%+v", l)
			}
		case "kernel":
			if l.Feature != "landlock-9" {
				t.Errorf("%+v", l)
			}
		case "request":
			if len(l.Request) != 32 || len(l.Fingerprint) != 64 {
				t.Errorf("%+v", l)
			}
		case "version":
			if l.Version != "0.9" || l.Wanted != "1.0" {
				t.Errorf("%+v", l)
			}
		}
	}
	want := enum[inventory.Lack](t, "Code")
	slices.Sort(codes)
	slices.Sort(want)
	if codes = slices.Compact(codes); !slices.Equal(codes, want) {
		t.Errorf("told %v, listed %v", codes, want)
	}
}

// told are the lacks of all components.
func (s *stage) told() []inventory.Lack {
	s.t.Helper()
	list, err := s.Components(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var all []inventory.Lack
	for _, c := range list {
		all = append(all, c.Lacks...)
	}
	return all
}

// TestFeatures: what a kernel can lack by this version has a name of its own.
func TestFeatures(t *testing.T) {
	var names []string
	for _, lacking := range (confine.Level{}).Missing() {
		names = append(names, inventory.FeatureOf(lacking))
	}
	names = append(names, inventory.FeatureOf("no Landlock 12: something"))
	if want := enum[inventory.Lack](t, "Feature"); !slices.Equal(names, want) {
		t.Errorf("%v, listed %v", names, want)
	}
}
