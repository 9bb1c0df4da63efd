// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/doctor"
	"dukou.dev/dukou/internal/manifest"
)

// findings runs the doctor on a host with more arguments.
func (h host) findings(t *testing.T, status int, more ...string) []doctor.Finding {
	t.Helper()
	out := h.dukou(t, status, append([]string{"doctor", "--json", "--dir", h.identity, "--state", h.at("state"), "--config", h.at("arguments"), "--program", h.at("guard/dukou-guard")}, more...)...)
	var list []doctor.Finding
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&list); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return list
}

// want wants exactly the BAD findings of these checks, each with what to do.
func want(t *testing.T, list []doctor.Finding, checks ...string) {
	t.Helper()
	var bad []string
	for _, f := range list {
		if f.State == doctor.Bad {
			bad = append(bad, f.Check)
			t.Logf("%s: %s → %s", f.Check, f.Detail, f.Next)
		}
		if (f.State == doctor.OK) != (f.Next == "") {
			t.Errorf("%+v", f)
		}
	}
	if strings.Join(bad, ",") != strings.Join(checks, ",") {
		t.Errorf("BAD are %q, want %q", bad, checks)
	}
}

// TestDoctor: a host in order has nothing BAD; whatever is then broken is found, one
// thing after the other, and mended.
func TestDoctor(t *testing.T) {
	h := newHost(t)
	for _, dir := range []string{"state", "guard"} {
		if err := os.Mkdir(h.at(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(h.at(name), []byte(text), 0o700); err != nil { //nolint:gosec // a program among them
			t.Fatal(err)
		}
	}
	write("arguments", string(manifest.Arguments(h.args)))
	write("guard/dukou-guard", "a program")
	want(t, h.findings(t, 0)) // no manifest is a warning
	h.install(t, h.at("guard/dukou-guard"))
	want(t, h.findings(t, 0))

	write("guard/dukou-guard", "another program")
	want(t, h.findings(t, 1), "program")
	write("guard/dukou-guard", "a program")
	write("arguments", "-side\ninner\n")
	want(t, h.findings(t, 1), "configuration")
	write("arguments", string(manifest.Arguments(h.args)))
	for _, test := range []struct {
		name       string
		mode, good os.FileMode
		check      string
	}{
		{"id/component.key", 0o640, 0o600, "key files"}, {"id", 0o711, 0o700, "key files"}, {"guard", 0o770, 0o700, "files"},
	} {
		if err := os.Chmod(h.at(test.name), test.mode); err != nil {
			t.Fatal(err)
		}
		want(t, h.findings(t, 1), test.check)
		if err := os.Chmod(h.at(test.name), test.good); err != nil {
			t.Fatal(err)
		}
	}
	write("id/time", "99999999999999\n")
	want(t, h.findings(t, 1), "clock")
	h.mend(t, "id/time")
	write("state/bundle.dukou", "no bundle")
	want(t, h.findings(t, 1), "bundle")
	h.mend(t, "state/bundle.dukou")
	want(t, h.findings(t, 1, "--link", "no-such-card"), "link")
	want(t, h.findings(t, 1, "--link", "lo"), "link") // it has addresses
	h.mend(t, "id/manifest.dukou")
	want(t, h.findings(t, 1), "manifest")
	h.mend(t, "id/component.key")
	want(t, h.findings(t, 1), "identity")
	if out := h.dukou(t, 1, "doctor", "--dir", h.identity); !strings.Contains(out, "BAD") || !strings.Contains(out, "→ restore the directory") {
		t.Error(out)
	}
	h.dukou(t, 2, "doctor")
}

func (h host) mend(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(h.at(name)); err != nil {
		t.Fatal(err)
	}
}
