// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// row is a line of docs/requirements.md: id, what is asked for, state, by what, shown by.
var row = regexp.MustCompile(`(?m)^\| ([XAS]-[0-9]{2}) \|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|$`)

var testName = regexp.MustCompile("`[a-z][a-z0-9/]*\\.(Test|Fuzz)[A-Z]\\w*`")

func TestRequirements(t *testing.T) {
	seen := map[string]int{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/requirements.md"), -1) {
		id, state, shown := m[1], strings.TrimSpace(m[3]), m[5]
		seen[id]++
		switch state {
		case "done", "in part":
			if !testName.MatchString(shown) {
				t.Errorf("%s is said to be %s, and no test is named", id, state)
			}
		case "not yet":
			if testName.MatchString(shown) {
				t.Errorf("%s is said to be not yet there, and a test is named", id)
			}
		default:
			t.Errorf("%s is said to be %q, not done, in part or not yet", id, state)
		}
	}
	for letter, count := range map[string]int{"X": 39, "A": 15, "S": 19} {
		for n := 1; n <= count; n++ {
			if id := fmt.Sprintf("%s-%02d", letter, n); seen[id] != 1 {
				t.Errorf("%s has %d rows", id, seen[id])
			}
		}
	}
}
