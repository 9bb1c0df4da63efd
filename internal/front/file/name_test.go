// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// hostileNames may not be released or taken under any circumstance.
func hostileNames() []string {
	return []string{
		"", ".", "..", "...", "../x.csv", "/etc/cron.d/x.csv", "a/b.csv", `a\b.csv`, `..\x.csv`, `C:x.csv`, "x.csv:stream.csv", ".hidden.csv", ".dukou", " x.csv", "x.csv ", "x.csv.",
		"a\x00.csv", "a\n.csv", "a\t.csv", "a\x1b[31m.csv", "a\x7f.csv", "a\u0085.csv", "a\u2028.csv", "a\u202ecsv.exe.csv", "a\u2066.csv", "a\u200b.csv", "a\ufeff.csv", "a\u00ad.csv", "a\ue000.csv", "a\ufffd.csv",
		"a\xff.csv", "\xc0\xae\xc0\xae.csv", "a\xed\xa0\x80.csv",
		"CON", "con.csv", "Con .csv", "nul.tar.csv", "aux.csv", "PRN.csv", "com1.csv", "LPT9.csv", "lpt².csv", "CONIN$.csv",
		strings.Repeat("a", 252) + ".csv", strings.Repeat("字", 85) + ".csv",
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range hostileNames() {
		if err := CheckName(name); fault.CodeOf(err) != fault.NameInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "a.csv", "报表 2026-01.csv", "a..b.csv", "computer.csv", "common", "com10.csv", "con1.csv", "~a", "-rf", "%2e%2e.csv", "a&b;c|d.csv", strings.Repeat("a", 251) + ".csv", "naïve.csv", "👍.csv"} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckRules(t *testing.T) {
	rules := &policy.Files{MaxSize: 10, Extensions: []string{".csv", ".tar.gz"}}
	for name, code := range map[string]fault.Code{
		"a.csv": "", "A.CSV": "", "a.tar.gz": "", "a.gz": fault.ContentType, "a": fault.ContentType, "a.csv.exe": fault.ContentType, "csv": fault.ContentType, "nul.csv": fault.NameInvalid,
	} {
		err := checkRules(rules, name, 10)
		if err == nil && code != "" || err != nil && fault.CodeOf(err) != code {
			t.Errorf("%q: %v, want %q", name, err, code)
		}
	}
	if err := checkRules(rules, "a.csv", 11); fault.CodeOf(err) != fault.ContentTooLarge {
		t.Errorf("11 bytes: %v", err)
	}
}

// FuzzCheckName: a name that is accepted is one component inside of its directory,
// and what is made of it is too.
func FuzzCheckName(f *testing.F) {
	for _, name := range hostileNames() {
		f.Add(name)
	}
	f.Add("报表.csv")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil {
			return
		}
		for _, n := range []string{name, withMark(name, " (0123456789abcdef0123456789abcdef)"), withSuffix(name, reasonExt)} {
			if !filepath.IsLocal(n) || filepath.Base(n) != n || len(n) > maxName || !utf8.ValidString(n) || n[0] == '.' {
				t.Errorf("%q from %q", n, name)
			}
		}
	})
}
