// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/policy"
)

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
