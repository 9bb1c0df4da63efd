// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"

	"dukou.dev/dukou/internal/policy"
)

// Look is a turn of what Run does with publications.
func (d *Desk) Look(ctx context.Context) error { return d.look(ctx) }

// Merge puts a part into what is in force.
func Merge(base Folder, partner Partner, text string) (Folder, error) {
	return merge(base, partner, text)
}

// Masked is text without the hashes of passwords.
func Masked(text string) string { return masked(text) }

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
