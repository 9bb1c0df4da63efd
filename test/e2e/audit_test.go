// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/parcel"
)

// history is what a log says of one parcel: the indexes of its entries by verdict.
type history map[string][]uint64

// log reads the log of a component, by parcel.
func (r *rig) log(t *testing.T, name string) map[parcel.ID]history {
	t.Helper()
	all := map[parcel.ID]history{}
	err := reader.Show(filepath.Join(r.Installation.State(name), "audit"), reader.Filter{}, func(e reader.Entry) error {
		if e.Leaf.Class != audit.ClassDecision && e.Leaf.Class != audit.ClassDelivery {
			return nil
		}
		h := all[e.Leaf.Parcel]
		if h == nil {
			h = history{}
			all[e.Leaf.Parcel] = h
		}
		h[e.Leaf.Verdict] = append(h[e.Leaf.Verdict], e.Index)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantSoundLogs verifies every log, against what the center has witnessed of it, and
// gives their sizes.
func (r *rig) wantSoundLogs(t *testing.T) map[string]uint64 {
	t.Helper()
	sizes := map[string]uint64{}
	for _, name := range demo.Components() {
		report, err := r.VerifyLog(t.Context(), name)
		if err != nil {
			t.Fatalf("log of %s: %v", name, err)
		}
		if first, bad := report.First(); bad {
			t.Errorf("log of %s: %v", name, first)
		}
		if report.Unproven != (name == demo.Center) { // nobody witnesses the center's own yet
			t.Errorf("log of %s: tail unproven %t", name, report.Unproven)
		}
		t.Logf("%-15s %6d entries, %6d signed, %6d witnessed, %d bytes torn", name, report.Entries, report.Size, report.Witnessed, report.Torn)
		sizes[name] = report.Size
	}
	return sizes
}

// wantRecorded verifies all logs and holds, for each parcel that was released, that
// the inner half has decided and committed before.
func (r *rig) wantRecorded(t *testing.T, receipts []file.Receipt) {
	t.Helper()
	sizes := r.wantSoundLogs(t)
	inner := r.log(t, demo.GuardInner)
	for _, one := range receipts {
		id, err := parcel.ParseID(one.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantCommitted(t, id, inner[id], sizes[demo.GuardInner])
	}
	released, answered := 0, 0
	for _, front := range []string{demo.FrontInternet, demo.FrontIntranet} {
		for id, h := range r.log(t, front) {
			if len(h["received"]) > 0 {
				released++
				wantCommitted(t, id, inner[id], sizes[demo.GuardInner])
			}
			if len(h["answered"]) > 0 {
				answered++
				wantAllowed(t, id, inner[id], sizes[demo.GuardInner])
			}
		}
	}
	t.Logf("%d receipts, %d releases and %d answers recorded by fronts: the inner half decided on each", len(receipts), released, answered)
	if released < len(receipts)/2 {
		t.Errorf("only %d of %d releases are recorded by the fronts", released, len(receipts))
	}
}

func wantAllowed(t *testing.T, id parcel.ID, h history, size uint64) {
	t.Helper()
	if len(h["allow"]) == 0 || h["allow"][0] >= size {
		t.Errorf("parcel %s was answered, and the inner half's log, signed up to %d, says %v", id, size, h)
	}
}

// wantCommitted wants a decision, then a commit, and no release before the commit.
func wantCommitted(t *testing.T, id parcel.ID, h history, size uint64) {
	t.Helper()
	allow, commit, release := h["allow"], h["committed"], h["released"]
	switch {
	case len(allow) == 0 || len(commit) == 0:
		t.Errorf("parcel %s was released, and the inner half's log says %v", id, h)
	case commit[0] < allow[0] || commit[0] >= size:
		t.Errorf("parcel %s: committed before it was decided or after all that is signed (%d): %v", id, size, h)
	case len(release) > 0 && release[0] < commit[0]:
		t.Errorf("parcel %s: released before it was committed: %v", id, h)
	}
}
