// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
)

// FuzzList holds what reads records against package canon: both take the same bytes, but
// for a time before 1970, and find the same in them.
func FuzzList(f *testing.F) {
	for _, name := range []string{"valid", "sealed"} {
		_, err := durable.Scan(durable.OS(), filepath.Join("testdata", name, logDir), 0, MaxRecord, func(_ uint64, raw []byte) error {
			s, ok := parseSealed(raw)
			if !ok {
				f.Fatal("a record of the vectors is not taken")
			}
			f.Add(bytes.Clone(raw))
			f.Add(bytes.Clone(s.Leaf))
			return nil
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	for _, n := range []int{23, 24, 255, 256, 1 << 16} { // heads of all lengths
		s := sealed{Version: uint64(n), Leaf: make([]byte, n), KeyID: strings.Repeat("k", n)}
		f.Add(canon.Must(s))
		f.Add(canon.Must(Leaf{Version: 1 << 40, Time: int64(n), Label: make([]byte, n)}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s sealed
		err := canon.Unmarshal(b, &s)
		if got, ok := parseSealed(b); ok != (err == nil) || ok && !bytes.Equal(canon.Must(got), b) {
			t.Fatalf("record %x: %v, %+v, %v", b, ok, got, err)
		}
		var l Leaf
		err = canon.Unmarshal(b, &l)
		if got, ok := parseLeaf(b); ok != (err == nil && l.Time >= 0) || ok && !bytes.Equal(canon.Must(got), b) {
			t.Fatalf("leaf %x: %v, %+v, %v", b, ok, got, err)
		}
	})
}

// TestListRefuses gives each way in which a head can be wrong.
func TestListRefuses(t *testing.T) {
	good, err := os.ReadFile("testdata/valid/tlog/checkpoint") // any bytes
	if err != nil {
		t.Fatal(err)
	}
	raw := canon.Must(sealed{Version: 1, Leaf: good, Salt: make([]byte, saltSize)})
	if _, ok := parseSealed(raw); !ok {
		t.Fatal("the good one is not taken")
	}
	change := func(at int, with ...byte) []byte {
		return append(append(bytes.Clone(raw[:at]), with...), raw[at+1:]...)
	}
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"four items":      change(0, 0x84),
		"six items":       change(0, 0x86),
		"a map":           change(0, 0xa5),
		"no end":          change(0, 0x9f),
		"a long number":   change(1, 0x18, 1),
		"a long length":   append([]byte{0x98, 5}, raw[1:]...),
		"other type":      change(2, 0x78),
		"reserved length": change(1, 0x1c),
		"bytes behind":    append(bytes.Clone(raw), 0),
		"cut":             raw[:len(raw)-1],
		"too long":        change(3, 0xff),
	} {
		if s, ok := parseSealed(b); ok {
			t.Errorf("%s: taken as %+v", name, s)
		}
	}
}
