// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestSentences: each rule has a sentence of its own in both languages, with the name of
// what is wrong.
func TestSentences(t *testing.T) {
	seen := map[string]string{}
	for _, r := range Rules() {
		a := Alert{Rule: r.ID, Component: "front-7", Value: 12.5, Threshold: 3, Detail: "log-forked"}
		if r.Scope == OfFlow {
			a.Component, a.Flow = "", "front-7"
		}
		if strings.HasPrefix(r.ID, "ends-") {
			a.Part = "certificate"
		}
		said := a.Sentence()
		for _, text := range []string{said.English, said.Chinese} {
			if !strings.Contains(text, "front-7") || strings.Contains(text, "%!") || text != strings.TrimSpace(text) {
				t.Errorf("%s: %q", r.ID, text)
			}
			han := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if han != (text == said.Chinese) {
				t.Errorf("%s: %q", r.ID, text)
			}
			if other, ok := seen[text]; ok && !strings.HasPrefix(r.ID, "ends-") {
				t.Errorf("%s and %s say the same: %q", r.ID, other, text)
			}
			seen[text] = r.ID
		}
	}
}

// TestNewsSayLess: the words of other parts, which may name files, are for the console
// and not for a chat.
func TestNewsSayLess(t *testing.T) {
	n := News{Alert: Alert{Rule: RuleDrift, Component: "gate", State: Firing, Detail: "/etc/dukou/gate.yaml differs"}}
	if text := n.Sentence().Line(); strings.Contains(text, "yaml") {
		t.Errorf("news: %q", text)
	}
	if text := n.Alert.Sentence().Line(); strings.Count(text, "yaml") != 2 {
		t.Errorf("alert: %q", text)
	}
}

func TestManyNames(t *testing.T) {
	n := News{Alert: Alert{Rule: RuleUnreachable, Component: "gate", State: Firing}}
	for i := range 1000 {
		n.Follows = append(n.Follows, Alert{Rule: RuleInterrupted, Flow: "flow-" + strings.Repeat("x", i%60)})
	}
	if text := n.Sentence().English; len(text) > 1000 || !strings.Contains(text, "and 992 more") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

// TestRuleTable: every rule has a default that can be set, and looks at one kind of thing.
func TestRuleTable(t *testing.T) {
	var ids []string
	for _, r := range Rules() {
		ids = append(ids, r.ID)
		if !r.Default.On || !r.Default.Level.Valid() || r.Scope != OfComponent && r.Scope != OfFlow {
			t.Errorf("%s: %+v", r.ID, r)
		}
		if r.Unit == "" && r.Default.Threshold != 0 {
			t.Errorf("%s has a threshold and no unit", r.ID)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != len(Rules()) {
		t.Error("a rule is there twice")
	}
}

func FuzzCut(f *testing.F) {
	f.Add("a\nb", 3)
	f.Add("渡口渡口", 7)
	f.Add("\xff\xfe", 4)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = 4 + max(n, 0)%1000
		got := cut(text, n)
		if len(got) > n || strings.ContainsFunc(got, unicode.IsControl) && !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 && unicode.IsControl(r) }) || !strings.HasPrefix(strings.ToValidUTF8(got, "\x00"), got) {
			t.Errorf("cut to %d: %q", n, got)
		}
	})
}
