// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"io"

	"dukou.dev/dukou/internal/fault"
)

// Finding is one attack of a rogue and what became of it. Rogues write one JSON object
// a line to standard output.
type Finding struct {
	Attack string     `json:"attack"`
	Want   fault.Code `json:"want,omitempty"` // empty for what must pass
	Got    fault.Code `json:"got,omitempty"`  // empty for what passed
	Detail string     `json:"detail,omitempty"`
}

// OK tells whether what must be refused was refused, for the reason that it must be.
func (f Finding) OK() bool { return f.Want == f.Got }

// ReadFindings reads what a rogue wrote.
func ReadFindings(r io.Reader) ([]Finding, error) {
	var list []Finding
	for d := json.NewDecoder(r); d.More(); {
		var f Finding
		if err := d.Decode(&f); err != nil {
			return list, err
		}
		list = append(list, f)
	}
	return list, nil
}
