// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package table_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/cmd/dukou/internal/table"
)

func shown(t *testing.T, text string) string {
	t.Helper()
	v, err := table.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := table.Show(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestShow(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	local := at.Local().Format("2006-01-02 15:04:05 -07:00")
	for name, c := range map[string]struct{ in, want string }{
		"a list, wide letters, a column that nobody has": {
			`{"accounts":[{"name":"zhang","person":"张三","duty":null},{"name":"li","person":"Li","notAfter":"` + at.Format(time.RFC3339) + `"}],"next":"x"}`,
			"NAME   PERSON  NOT AFTER\nzhang  张三\nli     Li      " + local + "\n",
		},
		"an empty list": {`{"items":[]}`, "none\n"},
		"a thing with a block and parts": {
			`{"id":"7","open":true,"n":3,"difference":"one\ntwo\n","votes":[{"name":"a","yes":false}],"tags":["x","y"],"at":{"b":1}}`,
			"id    7\nopen  yes\nn     3\ntags  x, y\n\nDIFFERENCE\none\ntwo\n\nVOTES\nNAME  YES\na     no\n\nAT\nb  1\n",
		},
		"codes beside sentences": {
			`{"title":"Admit a","about":{"code":"admit"},"lacks":[{"code":"drift","text":"it differs","at":"x"}],"ends":[{"what":"a key","of":{"code":"key"}}],"reasons":[{"code":"c","what":"w"}]}`,
			"title  Admit a\nlacks  it differs\n\nENDS\nWHAT\na key\n\nREASONS\nCODE  WHAT\nc     w\n",
		},
		"what two persons sign over, in both languages": {
			`{"id":"7","difference":"root: 1\tRoot：1\n\n+ it is\t它是\n--- a\n+++ b\n@@ -1 +1 @@\n+\ta\tb\n"}`,
			"id  7\n\nDIFFERENCE\nroot: 1\n  Root：1\n\n+ it is\n  它是\n--- a\n+++ b\n@@ -1 +1 @@\n+ a b\n",
		},
		"one line of it": {`{"id":"7","difference":"it is\t它是"}`, "id  7\n\nDIFFERENCE\nit is\n  它是\n"},
		"sentences in both languages": {
			`{"from":1,"changes":[{"area":"flow","effect":"wider","text":"it is","chinese":"它是"}],"notes":[{"text":"a","chinese":"甲"}]}`,
			"from  1\n\nCHANGES\nAREA  EFFECT  TEXT\nflow  wider   it is\n              它是\n\nNOTES\nTEXT\na\n甲\n",
		},
		"long ones, whole": {
			`{"wrong":[{"file":"a.yaml","line":3,"text":"` + strings.Repeat("wrong ", 20) + `","chinese":"` + strings.Repeat("错", 50) + `"}],"issuers":[]}`,
			"FILE    LINE  TEXT\na.yaml  3     " + strings.TrimSpace(strings.Repeat("wrong ", 20)) + "\n              " + strings.Repeat("错", 50) + "\n",
		},
		"plain values":        {`["a","b"]`, "a\nb\n"},
		"what moves a cursor": {`{"name":"a\u001b[2Jb\u202ec"}`, "name  a\\u001b[2Jb\\u202ec\n"},
		"nothing":             {`null`, "\n"},
	} {
		if diff := cmp.Diff(c.want, shown(t, c.in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{``, `{`, `{"a":1}}`, `[1 2]`, strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if v, err := table.Parse([]byte(text)); err == nil {
			t.Errorf("%.20q is %v", text, v)
		}
	}
}

func TestDifferences(t *testing.T) {
	before, _ := table.Parse([]byte(`{"name":"a","person":"Li","revision":1}`))
	after, _ := table.Parse([]byte(`{"name":"a","person":"","revision":2,"new":"x"}`))
	want := []string{"person: Li → nothing", "revision: 1 → 2", "new: nothing → x"}
	if got := table.Differences(before, after); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzShow(f *testing.F) {
	f.Add([]byte(`{"items":[{"a":1},{"b":[1,{"c":null}]}],"next":"x"}`))
	f.Add([]byte(`[1,{"a":2}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := table.Parse(text)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := table.Show(&b, v); err != nil {
			t.Error(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\x00\x07\u202e") {
			t.Errorf("it can move a cursor: %q", b.String())
		}
	})
}
