// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"os"
	"testing"

	"dukou.dev/dukou/internal/policy/source"
)

const bankFolder = "../../../examples/bank/policy"

// TestBankPolicy holds the example to its own cases.
func TestBankPolicy(t *testing.T) {
	s, err := source.Load(os.DirFS(bankFolder))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Draft()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Cases()) == 0 {
		t.Fatal("no cases")
	}
	for _, r := range source.RunCases(p, s.Cases()) {
		if !r.OK {
			t.Errorf("%s: %s: want %q, got %q: %v", r.Case.Where, r.Case.Name, r.Case.Expect, r.Got.Code, r.Got.Reasons)
		}
	}
}
