// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"dukou.dev/dukou/internal/proposal"
)

// TestEveryActHasItsCode: whoever tells of proposals in another language finds the code of
// each act in the interface's description.
func TestEveryActHasItsCode(t *testing.T) {
	var kinds []string
	for _, acts := range [][]proposal.Act{AccountActs(nil), ComponentActs(nil), PolicyActs(nil), RetentionActs(nil), RuleActs(nil), QuarantineActs(nil)} {
		for _, a := range acts {
			kinds = append(kinds, a.Kind)
		}
	}
	field, _ := reflect.TypeFor[proposal.About]().FieldByName("Code")
	codes := strings.Split(field.Tag.Get("enum"), ",")
	slices.Sort(kinds)
	slices.Sort(codes)
	if !slices.Equal(kinds, codes) {
		t.Errorf("the acts are %v, the codes are %v", kinds, codes)
	}
}

// about holds what a proposal says of itself in codes.
func (b *bank) about(id string, want proposal.About) {
	b.t.Helper()
	if p, err := b.Proposals.Get(b.t.Context(), id); err != nil || p.About == nil || *p.About != want {
		b.t.Errorf("%q is about %+v, want %+v: %v", p.Title, p.About, want, err)
	} else {
		bothLanguages(b.t, p.Difference)
	}
}

// bothLanguages holds the words of a difference to the form of docs/formats/proposal.md:
// each line is in English and in Chinese.
func bothLanguages(t *testing.T, difference string) {
	t.Helper()
	words, _, _ := strings.Cut("\n"+difference, "\n--- ")
	lines := 0
	for line := range strings.Lines(words) {
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			continue
		}
		english, chinese, _ := strings.Cut(line, "\t")
		if han := func(r rune) bool { return unicode.Is(unicode.Han, r) }; strings.ContainsFunc(english, han) || !strings.ContainsFunc(chinese, han) || strings.Contains(chinese, "\t") {
			t.Errorf("not in both languages: %q", line)
		}
		lines++
	}
	if lines == 0 {
		t.Errorf("no words: %q", difference)
	}
}

// told holds what an inbox says in codes of its one item.
func told(t *testing.T, list []InboxItem, err error, want InboxAbout) {
	t.Helper()
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].About, want) || list[0].Kind != want.Code || list[0].Title == "" {
		t.Errorf("%+v, want %+v: %v", list, want, err)
	}
}
