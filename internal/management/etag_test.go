// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"math"
	"testing"

	"dukou.dev/dukou/internal/problem"
)

// TestIfMatch: what was given is taken, and nothing else.
func TestIfMatch(t *testing.T) {
	for _, n := range []int64{0, 1, math.MaxInt64} {
		if got, err := ifMatch(etag(n)); err != nil || got != n {
			t.Errorf("%d: %d, %v", n, got, err)
		}
	}
	for header, code := range map[string]problem.Code{
		"": problem.Unconditional, "*": problem.Malformed, "1": problem.Malformed, `"01"`: problem.Malformed, `"-1"`: problem.Malformed,
		`"1", "2"`: problem.Malformed, `W/"1"`: problem.Malformed, `"9223372036854775808"`: problem.Malformed,
	} {
		if n, err := ifMatch(header); problem.CodeOf(err) != code {
			t.Errorf("%q: %d, %v", header, n, err)
		}
	}
}

func FuzzIfMatch(f *testing.F) {
	f.Add(`"1"`)
	f.Add("*")
	f.Fuzz(func(t *testing.T, header string) {
		if n, err := ifMatch(header); err == nil && (n < 0 || etag(n) != header) {
			t.Fatalf("%q is taken as %d", header, n)
		}
	})
}
