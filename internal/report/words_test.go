// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"reflect"
	"testing"
	"unicode"
)

// TestWords: both languages have every word, and the Chinese ones are.
func TestWords(t *testing.T) {
	for l, w := range map[Language]words{Chinese: wordsOf(Chinese), English: wordsOf(English)} {
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			name, text := v.Type().Field(i).Name, v.Field(i).String()
			han := false
			for _, r := range text {
				han = han || unicode.Is(unicode.Han, r)
			}
			if text == "" || name != "Tag" && han != (l == Chinese) {
				t.Errorf("%s: %s is %q", l, name, text)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// FuzzClean: whatever comes is one line of letters that can be seen, within its limit.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"a\nb", "\u202e", "\U0001F600", "\xff", "\uE000", "机构"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		n := 0
		for _, r := range got {
			n++
			if r >= 0xfffe || r != 0xfffd && !unicode.IsGraphic(r) || unicode.Is(unicode.Co, r) {
				t.Errorf("%U in %q", r, got)
			}
		}
		if n > maxCell || clean(got) != got {
			t.Errorf("%q", got)
		}
	})
}
