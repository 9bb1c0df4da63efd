// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package canon_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/canon"
)

// value draws content with values at the edges of the lengths of heads.
func value(depth int) *rapid.Generator[any] {
	edges := []int{0, 1, 23, 24, 255, 256, 65535, 65536}
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.String().AsAny(), rapid.SliceOfN(rapid.Byte(), 0, 300).AsAny(),
		rapid.SampledFrom([]any{
			int64(math.MinInt64), int64(math.MaxInt64), int64(math.MinInt32), int64(-1), int64(-24), int64(-25), int64(23), int64(24),
			int64(255), int64(256), int64(-256), int64(-257), int64(math.MaxUint16), int64(math.MaxUint16 + 1), int64(math.MaxUint32), int64(math.MaxUint32 + 1),
			[]byte(nil), []any(nil), map[string]any(nil),
		}),
		rapid.Map(rapid.SampledFrom(edges), func(n int) any { return strings.Repeat("x", n) }),
	}
	if depth > 0 {
		kinds = append(kinds, rapid.SliceOfN(value(depth-1), 0, 30).AsAny(), content(depth-1).AsAny())
	}
	return rapid.OneOf(kinds...)
}

func content(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[ab]{0,30}`)), value(depth), 0, 30)
}

// TestMarshalMap: content has one encoding, whichever function makes it.
func TestMarshalMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := content(3).Draw(t, "content")
		got, err := canon.MarshalMap(m)
		if err != nil {
			t.Fatal(err)
		}
		want, err := canon.Marshal(m)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, want %x, %v", got, want, err)
		}
		if _, err := canon.UnmarshalMap(got); err != nil {
			t.Fatal(err)
		}
	})
	for _, v := range []any{1, uint64(1), 1.5, struct{}{}, []string{"a"}, map[any]any{}, []any{[]any{int32(1)}}} {
		if got, err := canon.MarshalMap(map[string]any{"a": v}); err == nil {
			t.Errorf("%T is encoded as %x", v, got)
		}
	}
}
