// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/draft"
)

// value is what stands in a sentence in any language: names with a number or a sign of
// names in them, numbers, and what is quoted.
var value = regexp.MustCompile(`"[^"]*"|[A-Za-z0-9@._*+-]*[0-9/][A-Za-z0-9@._*+/-]*|[a-z]+(?:-[a-z]+)+`)

// sameInBoth holds all words of a difference to: one line in each language, the same
// values in both.
func sameInBoth(t *testing.T, d draft.Difference) {
	t.Helper()
	all := append([]bilingual.Words{}, d.Notes...)
	for _, c := range d.Changes {
		all = append(all, c.Words)
	}
	for _, w := range all {
		if strings.ContainsAny(w.English+w.Chinese, "\t\n") || !strings.ContainsFunc(w.Chinese, han) || strings.Contains(w.Line(), "%!") {
			t.Errorf("%q", w)
		}
		for _, v := range value.FindAllString(w.English, -1) {
			if !ofEnglish[v] && !strings.Contains(w.Chinese, strings.TrimRight(v, ".")) {
				t.Errorf("%q is not in %q, of %q", v, w.Chinese, w.English)
			}
		}
	}
	for line := range strings.Lines(d.Words()) {
		if strings.Count(line, "\t") != 1 {
			t.Errorf("%q", line)
		}
	}
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// ofEnglish look like values, and are words.
var ofEnglish = map[string]bool{"requests/s": true, "bytes/s": true} //nolint:gochecknoglobals // a constant

// TestNamesDoNotDivide: what somebody writes into a form cannot give the reader of one
// language other words than that of the other, nor add a line.
func TestNamesDoNotDivide(t *testing.T) {
	d := draft.CompareForms("a\tb\n- c", "d\te\n+ f")
	if len(d.Changes) == 0 {
		t.Fatal("nothing differs")
	}
	sameInBoth(t, d)
	if !strings.Contains(d.Words(), `a\u{9}b\u{a}- c`) || !strings.Contains(d.Words(), `d\u{9}e\u{a}+ f`) {
		t.Errorf("%q", d.Words())
	}
}
