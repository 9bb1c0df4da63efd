// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/audit"
)

// FuzzSyslog: whatever comes, frames end, entries can be recorded, and what a sender
// chose is one line of UTF-8 within its limits.
func FuzzSyslog(f *testing.F) {
	for _, seed := range []string{
		"36 <86>1 2026-11-22T16:00:00Z h a p m - x<34>Oct 11 22:14:15 mymachine su: x\n", "5 <1>ab", "<14>\n", "0", "9", "1 ",
		"<191>1 2026-11-22T16:00:00.123456+08:00 h a p m [a@1 b=\"\\]\\\"\"][c d=\"e\"] \xEF\xBB\xBF用户\n", "<13>Feb 29 99:99:99 x y[1]: z", "\x00\x00<1>", "17000 <14>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReader(bytes.NewReader(data))
		for n := 0; ; n++ {
			text, _, err := readFrame(r)
			if err != nil {
				break
			}
			if n > len(data) || len(text) > MaxText {
				t.Fatalf("frame %d of %d bytes", n, len(text))
			}
			wantEntry(t, readSyslog(text, time.Unix(1_795_334_400, 0)))
		}
	})
}

// FuzzLines is FuzzSyslog for JSON.
func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"message":"a","level":"\u0000","time":"2026-11-22T16:00:00Z"}`))
	f.Add([]byte("{}\r\n{\"msg\":1}\n\n"))
	f.Add([]byte(strings.Repeat("[", 10000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := readLines(data)
		if (err == nil) == (len(all) == 0) || len(all) > MaxLines {
			t.Fatalf("%d lines, %v", len(all), err)
		}
		for _, one := range all {
			wantEntry(t, one)
		}
	})
}

func wantEntry(t *testing.T, one told) {
	t.Helper()
	e := (&Source{Settings: Settings{Name: "core", Zone: "z"}}).entry(one)
	for _, s := range []string{e.Subject, e.Action, e.Object, e.Reason} {
		if len(s) > audit.MaxString || !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00\x1b\x7f") {
			t.Errorf("%q of %+v", s, one)
		}
	}
	if e.Class != audit.ClassForeign || len(e.Detail) > audit.MaxDetail || one.Time < 0 {
		t.Errorf("%+v", e)
	}
}
