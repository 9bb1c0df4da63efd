// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"os"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// seeds returns records of all shapes.
func seeds(f *testing.F) [][]byte {
	j := journalOf(f, 3, 1)
	j.Append(audit.Entry{Class: audit.ClassHealth, Verdict: "info"})
	if err := j.Flush(); err != nil {
		f.Fatal(err)
	}
	records, err := j.Read(0, 10)
	if err != nil {
		f.Fatal(err)
	}
	hidden := sealedJournal(f, crashdisk.New(1))
	hidden.Append(detailed(20_000*oneDay, "detail"))
	raw, _ := contents(f, hidden)
	for _, r := range records {
		raw = append(raw, r.Raw)
	}
	return raw
}

// FuzzRecord: what is accepted has a leaf that is accepted, and stays in its limits.
func FuzzRecord(f *testing.F) {
	for _, raw := range seeds(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := audit.DecodeRecord(raw)
		if err != nil {
			return
		}
		if _, err := audit.DecodeLeaf(c.Bytes); err != nil || len(c.Detail) > audit.MaxDetail || (len(c.Salt) != 16) != sealed(&c) {
			t.Fatalf("accepted %x: %v", raw, err)
		}
		_ = c.CheckDetail()
	})
}

func sealed(c *audit.Content) bool {
	_, is := c.Sealed()
	return is
}

// FuzzLeaf: what is accepted is within the limits.
func FuzzLeaf(f *testing.F) {
	for _, raw := range seeds(f) {
		c, err := audit.DecodeRecord(raw)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := audit.DecodeLeaf(b)
		if err == nil && (!l.Class.Valid() || len(l.Subject) > audit.MaxString || len(l.Label) > audit.MaxLabel || l.Time < 0) {
			t.Fatalf("accepted %+v", l)
		}
	})
}

// FuzzCheckpoint: only what the key has signed opens.
func FuzzCheckpoint(f *testing.F) {
	good, err := os.ReadFile("testdata/valid/tlog/checkpoint") // the same in every worker
	if err != nil {
		f.Fatal(err)
	}
	want, err := audit.OpenCheckpoint(good, keys(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, msg []byte) {
		if c, err := audit.OpenCheckpoint(msg, keys(t)); err == nil && c != want {
			t.Fatalf("opened %+v from %q", c, msg)
		}
	})
}
