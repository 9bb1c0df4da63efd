// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"testing"
	"time"
)

func TestSessionsAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newSessions(func() time.Time { return now })
	who := identity{Person: "person-000001", Expires: now.Add(time.Minute)}
	for range maxSessions {
		if _, ok := s.start(who); !ok {
			t.Fatal("no room before the bound")
		}
	}
	if _, ok := s.start(who); ok {
		t.Error("room past the bound")
	}
	now = now.Add(time.Minute)
	who.Expires = now.Add(time.Hour)
	id, ok := s.start(who)
	if !ok || len(s.byID) != 1 {
		t.Errorf("%d sessions after all have ended", len(s.byID))
	}
	now = now.Add(maxSession)
	if _, ok := s.find(id); ok {
		t.Error("a session outlived its bound, as its token does")
	}
}

func TestYuan(t *testing.T) {
	for fen, want := range map[int64]string{
		0: "¥0.00", 5: "¥0.05", 99_999: "¥999.99", 100_000: "¥1,000.00", 123_456_789: "¥1,234,567.89", -150: "-¥1.50",
	} {
		if got := yuan(fen); got != want {
			t.Errorf("yuan(%d) = %s, want %s", fen, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"": "", "123": "123", "11009919960804553X": "110099********553X", "110099****553X": "110099****553X"} {
		if got := mask(in, 6); got != want {
			t.Errorf("mask(%s) = %s, want %s", in, got, want)
		}
	}
}
