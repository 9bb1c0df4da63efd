// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"os"
	"strings"
)

const (
	tailBytes = 8 << 10
	tailLines = 12
)

// Tail is the last lines that a process wrote.
func (l Layout) Tail(name string) string {
	data, err := os.ReadFile(l.Log(name))
	if err != nil {
		return err.Error()
	}
	data = data[max(0, len(data)-tailBytes):]
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-tailLines):], "\n  ")
}
