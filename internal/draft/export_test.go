// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/policy"
)

// Look is a turn of what Run does with publications.
func (d *Desk) Look(ctx context.Context) error { return d.look(ctx) }

// Merge puts a part into what is in force.
func Merge(base Folder, partner Partner, text string) (Folder, error) {
	return merge(base, partner, text)
}

// Recorded is the detail of a decision as the guard writes it.
func Recorded(header []byte, bundle uint64, reasons []policy.Reason) []byte {
	r := record{Header: header, Bundle: bundle}
	for _, reason := range reasons {
		r.Reasons = append(r.Reasons, recordReason{Code: reason.Code, Rule: reason.Rule, What: reason.What})
	}
	return canon.Must(r)
}

// Replayable tells whether a recorded decision can be made anew.
func Replayable(detail, label []byte) bool {
	var r record
	if canon.Unmarshal(detail, &r) != nil {
		return false
	}
	_, found := query(&r, &audit.Leaf{Label: label})
	return found == decided
}

// Shortened is text without the hashes of passwords.
func Shortened(text string) string { return shortened(text) }

// Lapse is what Run does each hour.
func (d *Desk) Lapse(ctx context.Context) error { return d.lapse(ctx) }

// CompareForms is the difference of a flow's forms that match one pattern, and another.
func CompareForms(before, after string) Difference {
	form := func(pattern string) *policy.Flow {
		return &policy.Flow{Name: "f", Routes: []policy.Route{{Form: "r", Method: "GET", Path: pattern}},
			Forms: []policy.Form{{Name: "r", Request: policy.Schema{Type: "string", Pattern: pattern}}}}
	}
	w := words{}
	w.flow(form(before), form(after))
	w.flowAdded(form(after))
	return Difference{Changes: w.sorted()}
}
