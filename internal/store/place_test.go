// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"math"
	"testing"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

func TestPlace(t *testing.T) {
	p := store.PlaceOf(time.UnixMilli(1_790_000_000_123), "0a-B_9")
	if p.String() != "1790000000123.0a-B_9" {
		t.Error(p)
	}
	if got, err := store.ParsePlace(p.String()); err != nil || got != p {
		t.Error(got, err)
	}
	if got, err := store.ParsePlace(""); err != nil || got.Milli != math.MaxInt64 {
		t.Error(got, err)
	}
	for _, bad := range []string{".", "1.", ".a", "-1.a", "01.a", "1.a b", "1.a\n", "9999999999999999999.a", "1.é", "1"} {
		if got, err := store.ParsePlace(bad); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%q: %v %v", bad, got, err)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("")
	f.Add("1790000000123.0a1b")
	f.Add("0.a.b")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := store.ParsePlace(cursor)
		if err == nil && cursor != "" && p.String() != cursor {
			t.Errorf("%q is %q", cursor, p)
		}
	})
}
