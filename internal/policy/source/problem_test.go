// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"dukou.dev/dukou/internal/policy/source"
)

var (
	quoted  = regexp.MustCompile(`"[^"]*"`)                             //nolint:gochecknoglobals // a constant
	others  = regexp.MustCompile(`(有误|无法读取文件|无法读取公钥文件)：.*`)             //nolint:gochecknoglobals // in the words of who read it
	english = regexp.MustCompile(`[A-Za-z]{2,} [A-Za-z]{2,} [a-z]{2,}`) //nolint:gochecknoglobals // a constant
)

// inBoth holds problems to both languages: the Chinese is no English in disguise, and has
// what the English quotes.
func inBoth(t *testing.T, list ...source.Problem) {
	t.Helper()
	han := func(r rune) bool { return unicode.Is(unicode.Han, r) }
	for i := range list {
		w := list[i].What
		own := others.ReplaceAllString(quoted.ReplaceAllString(w.Chinese, ""), "")
		if strings.ContainsFunc(w.English, han) || !strings.ContainsFunc(own, han) && !others.MatchString(w.Chinese) || english.MatchString(own) || strings.Contains(w.Line(), "%!") {
			t.Errorf("%q is not the Chinese of %q", w.Chinese, w.English)
		}
		for _, value := range quoted.FindAllString(w.English, -1) {
			if !strings.Contains(w.Chinese, value) {
				t.Errorf("%s is not in %q, of %q", value, w.Chinese, w.English)
			}
		}
	}
}

// TestProblems: in the order of files and lines, and what has no place is of the folder.
func TestProblems(t *testing.T) {
	_, err := source.Load(folder("gaurd: g\nvalid: 0d\ncolour: red", permit))
	list := source.Problems(err)
	var got []string
	for i := range list {
		got = append(got, list[i].Error())
	}
	if strings.Join(got, "\n") != err.Error() || len(got) != 4 || list[0].File != "." || list[1].Line != 1 || list[2].Line != 2 || list[3].Line != 3 {
		t.Errorf("%q of\n%v", got, err)
	}
	if w := list[1].What; w.Chinese != `未知的键 "gaurd"；是否要写 "guard"？` {
		t.Errorf("%q", w.Chinese)
	}
	alone := source.Problems(errors.New("a whole that does not fit"))
	if len(alone) != 1 || alone[0].Error() != ".: a whole that does not fit" || alone[0].What.Chinese != "策略整体有误：a whole that does not fit" {
		t.Errorf("%+v", alone)
	}
	inBoth(t, append(list, alone...)...)
}
