// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parcel_test

import (
	"fmt"
	"testing"

	"dukou.dev/dukou/internal/parcel"
)

// report is content of about 2 kB, as an application answers with.
func report() parcel.Record {
	loans := make([]any, 12)
	for i := range loans {
		loans[i] = map[string]any{
			"bank": fmt.Sprintf("bank %d", i), "opened": "2024-03-01", "amount": int64(120_000 + i), "currency": "CNY",
			"balance": int64(80_000), "state": "normal", "overdue": false,
		}
	}
	return parcel.Record{"form": "report", "status": int64(200), "header": map[string]any{"etag": "abc"}, "body": map[string]any{"level": int64(3), "person": "person-000001", "loans": loans}}
}

// BenchmarkDecodeRecord reads content of about 2 kB strictly.
func BenchmarkDecodeRecord(b *testing.B) {
	data, err := parcel.EncodeRecord(report())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parcel.DecodeRecord(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeRecord is the way back.
func BenchmarkEncodeRecord(b *testing.B) {
	r := report()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parcel.EncodeRecord(r); err != nil {
			b.Fatal(err)
		}
	}
}
