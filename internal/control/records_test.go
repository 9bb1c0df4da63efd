// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
)

func TestCountRecords(t *testing.T) {
	for _, n := range []int{0, 1, 23, 24, 255, 256, control.MaxRecords} {
		got := control.CountRecords(canon.Must(control.GotRecords{Records: make([][]byte, n), Checkpoint: []byte("c")}))
		if got != uint64(n) {
			t.Errorf("%d counted of %d", got, n)
		}
	}
	for _, b := range [][]byte{nil, {0x83}, {0x84, 0x80, 0, 0}, {0x83, 0x40, 0, 0}} {
		if n := control.CountRecords(b); n != 0 {
			t.Errorf("%d counted in %x", n, b)
		}
	}
}

// FuzzCountRecords: what is counted is what is decoded.
func FuzzCountRecords(f *testing.F) {
	f.Add(canon.Must(control.GotRecords{Records: [][]byte{{1}, {2}}}))
	f.Fuzz(func(t *testing.T, answer []byte) {
		n := control.CountRecords(answer)
		var got control.GotRecords
		if err := canon.Unmarshal(answer, &got); err == nil && len(got.Records) <= control.MaxRecords && n != uint64(len(got.Records)) {
			t.Fatalf("%d counted, %d decoded", n, len(got.Records))
		}
		if n > control.MaxRecords {
			t.Fatalf("%d counted", n)
		}
	})
}
