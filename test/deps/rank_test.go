// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package deps

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// ranks is the order of the code: the first folder below internal/, and its rank.
func ranks() map[string]int {
	return map[string]int{
		"fault": 0, "durable": 0, "daemon": 0, "canon": 0, "neighbour": 0, "vault": 0, "confine": 0, "bilingual": 0, // what all build on
		"label": 1, "envelope": 1, "problem": 1, // the mandatory part; signed documents; what callers are told
		"parcel": 2,                                              // what crosses
		"policy": 3, "pki": 3, "audit": 3, "wire": 3, "store": 3, // decide, be someone, record, carry, keep
		"manifest": 4, "exchange": 4, "judge": 4, "control": 4, "account": 4, // between neighbours; who administers
		"guard": 5, "front": 5, "authority": 5, // the parts
		"proposal": 5, "draft": 5, "quarantine": 5, "evidence": 5, "finding": 5, "report": 5, "export": 5, // of the center
		"intake": 5, "retention": 5, "monitor": 5, "notify": 5, "inventory": 5,
		"rehearsal": 6, "center": 6, "doctor": 6, // the whole of the center
		"cell": 7, "management": 7, "console": 7, // processes of a trial installation; the administrators' interface, and its face
		"demo": 8, // all of it on one machine
	}
}

func TestRanks(t *testing.T) {
	ranks := ranks()
	for path, p := range list(t, "./...") {
		for _, imported := range p.Imports {
			if complaint := judge(ranks, path, imported); complaint != "" {
				t.Errorf("%s imports %s: %s", path, imported, complaint)
			}
		}
	}
}

// judge says why a package of this module may not import another one, or nothing.
func judge(ranks map[string]int, from, to string) string {
	from, ours := inside(from)
	if !ours {
		return ""
	}
	to, ours = inside(to)
	if !ours {
		return ""
	}
	if strings.HasPrefix(from, "examples/") {
		if strings.HasPrefix(to, "examples/") {
			return ""
		}
		return "the example's applications know nothing of Dukou, or they would show nothing"
	}
	lower, internal := strings.CutPrefix(from, "internal/")
	if !internal {
		return "" // cmd, test and web put things together
	}
	upper, internal := strings.CutPrefix(to, "internal/")
	if top(lower) == "demo" && strings.HasPrefix(to, "examples/") {
		return "" // the demonstration shows the example: it carries its policy
	}
	if top(lower) == "demo" && to == "test/isolation" {
		return "" // it looks for a way through the walls with what the tests use
	}
	if !internal {
		return "what lies below internal/ is put together by cmd and test, and does not import them"
	}
	return compare(ranks, lower, upper)
}

// compare judges an import between two packages below internal/.
func compare(ranks map[string]int, from, to string) string {
	if strings.HasPrefix(from, to+"/") {
		return "" // a child may import its parent
	}
	high, low := top(from), top(to)
	if high == low {
		return "children do not import one another, nor a parent its child: cmd joins them"
	}
	for _, name := range []string{high, low} {
		if _, ok := ranks[name]; !ok {
			return fmt.Sprintf("%s has no rank: give it one here, in .golangci.yml and in ARCHITECTURE.md", name)
		}
	}
	if ranks[high] <= ranks[low] {
		return fmt.Sprintf("%s is of rank %d and %s of rank %d; imports point to lower ranks, "+
			"so that one package can be read, tested and replaced without those above it", high, ranks[high], low, ranks[low])
	}
	return ""
}

func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"internal/label", "internal/fault", true},
		{"internal/fault", "internal/label", false},
		{"internal/policy", "internal/pki", false},
		{"internal/front/http", "internal/front", true},
		{"internal/front/http", "internal/front/file", false},
		{"internal/front", "internal/front/http", false},
		{"internal/front/http", "internal/parcel", true},
		{"internal/frontier", "internal/fault", false},
		{"internal/guard", "cmd/dukou", false},
		{"internal/demo", "examples/bank/policy", true},
		{"internal/front", "examples/bank/policy", false},
		{"internal/demo/rogue/cmd", "test/isolation", true},
		{"internal/cell", "test/isolation", false},
		{"examples/bank", "internal/label", false},
		{"examples/bank", "examples/bank/internal/people", true},
		{"cmd/dukou-guard", "internal/guard", true},
	} {
		complaint := judge(ranks(), module+c.from, module+c.to)
		if (complaint == "") != c.allowed {
			t.Errorf("%s imports %s: got complaint %q", c.from, c.to, complaint)
		}
	}
	if complaint := judge(ranks(), module+"internal/fault", "net/http"); complaint != "" {
		t.Errorf("an import from elsewhere is not a matter of rank: %s", complaint)
	}
}

// TestLinterRanks holds the linter's copy of the ranks, which an editor shows while
// one writes, to the table here.
func TestLinterRanks(t *testing.T) {
	data, err := os.ReadFile("../../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						Files []string
						Allow []string
						Deny  []struct{ Pkg, Desc string }
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	rules := config.Linters.Settings.Depguard.Rules
	for name, rank := range ranks() {
		rule := rules[fmt.Sprintf("rank-%d", rank)]
		if !slices.Contains(rule.Files, "**/internal/"+name+"/**") {
			t.Errorf("%s: not among the files of rule rank-%d", name, rank)
		}
		if len(rule.Deny) != 1 || rule.Deny[0].Pkg+"/" != module || rule.Deny[0].Desc == "" {
			t.Errorf("rule rank-%d does not deny all of %s with a reason", rank, module)
		}
		for other, theirs := range ranks() {
			allowed := slices.Contains(rule.Allow, module+"internal/"+other)
			if allowed != (theirs <= rank) {
				t.Errorf("rule rank-%d: allows %s of rank %d: %t", rank, other, theirs, allowed)
			}
		}
	}
}
