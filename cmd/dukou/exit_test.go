// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
)

// TestExitCodes: every code of the interface has its exit status, and the help names it.
func TestExitCodes(t *testing.T) {
	help := newExitCodesTopic().Long
	for _, code := range problem.Codes() {
		p := &remote.Problem{Document: *problem.Of(problem.New(code, "what"))}
		got := exitCode(fmt.Errorf("around it: %w", p))
		if got < 1 || got > 7 || (got == 1) != (code == problem.Internal) {
			t.Errorf("%s ends with %d", code, got)
		}
		if code != problem.Internal && !strings.Contains(strings.Join(strings.Fields(help), " "), string(code)) {
			t.Errorf("the help does not say with what %s ends", code)
		}
	}
	refused := &remote.Problem{Document: *problem.Of(fault.New(fault.PolicyUnsigned, "what"))}
	for want, err := range map[int]error{
		1: errors.New("anything"), 2: &exitError{fault.ExitUsage, errors.New("usage")}, 4: refused, 5: &remote.UnreachableError{},
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v ends with %d, not %d", err, got, want)
		}
	}
}
