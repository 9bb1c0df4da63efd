// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command probe stands in the place of a component and tries to reach beyond its
// walls; see package isolation. Whatever its arguments are, it writes findings as JSON
// lines to standard output and exits 0 when it got through all of them.
package main

import (
	"fmt"
	"os"

	"dukou.dev/dukou/test/isolation"
)

// targets is for a launcher that passes no environment on; set it when building, with
// -ldflags "-X 'main.targets={...}'".
var targets string

func main() {
	if err := isolation.Probe(os.Stdout, targets); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}
