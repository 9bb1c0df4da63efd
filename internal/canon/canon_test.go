// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package canon_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/canon"
)

type sample struct {
	A uint8
	B []byte
	C []string
}

// TestVectors fixes bytes: other implementations read them too.
func TestVectors(t *testing.T) {
	for want, v := range map[string]any{
		"a3614101614240614380": sample{A: 1},
		"a2616101626161f6":     map[string]any{"aa": nil, "a": int64(1)},
		"1903e8":               int64(1000),
		"20":                   int64(-1),
		"3b7fffffffffffffff":   int64(-1 << 63),
		"f5":                   true,
		"66e6b8a1e58fa3":       "渡口",
	} {
		if got := hex.EncodeToString(canon.Must(v)); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// TestRefuses lists every way in which bytes can decode and not be canonical, or
// hold what nothing of ours holds.
func TestRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"long integer":       "1801",
		"long length":        "780161",
		"indefinite list":    "9f01ff",
		"indefinite text":    "7f6161ff",
		"unsorted keys":      "a2626161f6616101",
		"key twice":          "a2616101616101",
		"undefined":          "f7",
		"tag":                "c101",
		"half float is long": "fb3ff0000000000000",
		"bad UTF-8":          "61ff",
		"bytes as key":       "a1416101",
		"integer as key":     "a10101",
		"bytes behind":       "0101",
		"cut":                "62",
		"nothing":            "",
		"above int64":        "1bffffffffffffffff",
	} {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := canon.Unmarshal(data, &v); err == nil {
			t.Errorf("%s: %s is taken as %#v", name, text, v)
		}
		for _, inside := range [][]byte{data, append([]byte{0xa1, 0x61, 0x61}, data...), append([]byte{0xa1, 0x61, 0x61, 0x81}, data...)} {
			if m, err := canon.UnmarshalMap(inside); err == nil {
				t.Errorf("%s: %x is taken as %#v", name, inside, m)
			}
		}
	}
	for _, text := range []string{"f6", "01", "80", "60", "a161f6", "a16161fb3ff8000000000000"} {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := canon.UnmarshalMap(data); err == nil {
			t.Errorf("%s is taken as %#v", text, m)
		}
	}
	var s sample
	for name, text := range map[string]string{
		"unknown field":    "a461410161424061438061440 1",
		"field missing":    "a26141016142 40",
		"other case":       "a3616101614240614380",
		"null for a list":  "a36141016142406143f6",
		"integer too wide": "a3614119010061424061438 0",
	} {
		data, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(text), []byte(" "), nil)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := canon.Unmarshal(data, &s); err == nil {
			t.Errorf("%s: taken as %+v", name, s)
		}
	}
	if err := canon.Unmarshal([]byte{0x18, 0x01}, new(int)); !errors.Is(err, canon.ErrNotCanonical) {
		t.Errorf("a long integer: %v", err)
	}
}

func TestDepth(t *testing.T) {
	for depth, ok := range map[int]bool{40: true, 60: false, 1 << 20: false} {
		data := append(bytes.Repeat([]byte{0x81}, depth), 0x01)
		var v any
		if err := canon.Unmarshal(data, &v); (err == nil) != ok {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

func TestNilIsEmpty(t *testing.T) {
	if !bytes.Equal(canon.Must(sample{}), canon.Must(sample{B: []byte{}, C: []string{}})) {
		t.Error("nil and empty have two encodings")
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := sample{
			A: rapid.Uint8().Draw(t, "a"), B: rapid.SliceOf(rapid.Byte()).Draw(t, "b"), C: rapid.SliceOf(rapid.String()).Draw(t, "c"),
		}
		data := canon.Must(want)
		var got sample
		if err := canon.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(canon.Must(got), data) {
			t.Fatalf("%+v came back as %+v", want, got)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(canon.Must(sample{A: 1, B: []byte{2}, C: []string{"3"}}))
	f.Add(canon.Must(map[string]any{"a": []any{int64(1), nil, "x", true, []byte{1}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if canon.Unmarshal(data, &v) == nil && !bytes.Equal(canon.Must(v), data) {
			t.Fatal("taken, and encodes differently")
		}
		var s sample
		if canon.Unmarshal(data, &s) == nil && !bytes.Equal(canon.Must(s), data) {
			t.Fatal("taken, and encodes differently")
		}
	})
}

// FuzzUnmarshalMap holds what looks at bytes against what makes them again.
func FuzzUnmarshalMap(f *testing.F) {
	f.Add(canon.Must(map[string]any{"a": []any{int64(1), nil, "x", true, []byte{1}}, "b": map[string]any{"": int64(-300)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var slow map[string]any
		err := canon.Unmarshal(data, &slow)
		fast, ferr := canon.UnmarshalMap(data)
		if ferr == nil && err != nil {
			t.Fatalf("taken as %#v, and %v", fast, err)
		}
		if ferr != nil && err == nil && !fraction(slow) {
			t.Fatalf("not taken, and encodes to the same: %#v", slow)
		}
		if ferr == nil && !bytes.Equal(canon.Must(fast), data) {
			t.Fatal("taken, and encodes differently")
		}
	})
}

// fraction finds what canonical bytes may hold and content may not.
func fraction(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, fraction)
	case map[string]any:
		for _, item := range v {
			if fraction(item) {
				return true
			}
		}
		return false
	case nil, bool, int64, string, []byte:
		return false
	default:
		return true
	}
}
