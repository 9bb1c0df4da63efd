// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package rogue is what an attacker would run in the place of a captured component:
// it has that component's keys, leases and connections, and uses them to send what
// must not pass. A demonstration and the end-to-end tests run it; it is no part of
// what is installed. Its findings go to standard output, one JSON object a line.
package rogue

import (
	"encoding/json"
	"io"

	"dukou.dev/dukou/internal/fault"
)

// Finding is one attack and what became of it.
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
