// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"fmt"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/policy"
)

// grown is the policy of the example with n policies, most of them for other objects,
// people and groups.
func grown(t testing.TB, p *policy.Policy, n int) *policy.Policy {
	t.Helper()
	var text strings.Builder
	for i := range n - 7 {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&text, "permit (principal in Group::\"persons\", action == Action::\"a%d\", resource == Object::\"intranet/o%d\");\n", i, i)
		case 1:
			fmt.Fprintf(&text, "permit (principal in Group::\"g%d\", action == Action::\"read-report\", resource) when { context.content.x%d == 1 };\n", i, i)
		default:
			fmt.Fprintf(&text, "forbid (principal == Subject::\"internet/q-%d\", action, resource);\n", i)
		}
	}
	b := p.Bundle
	b.Cedar = append(b.Cedar[:len(b.Cedar):len(b.Cedar)], policy.CedarFile{Name: "many.cedar", Text: text.String()})
	out, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// BenchmarkManyPolicies judges the questions and answers of the example by fifty policies
// and by ten thousand, of which as many concern them.
func BenchmarkManyPolicies(b *testing.B) {
	w, small, cases := example(b)
	var batch []judge.Case
	for n := range uint64(2048) {
		for i := range cases {
			if c := &cases[i]; c.Expect == "" && small.Flow(c.Flow).Kind == "ask" {
				batch = append(batch, w.parcel(small, c, uint64(len(cases))*n+uint64(i)+1))
			}
		}
	}
	for _, n := range []int{50, 10_000} {
		p := grown(b, small, n)
		for _, which := range []string{"first", "second"} {
			b.Run(fmt.Sprintf("%s/%d", which, n), func(b *testing.B) {
				b.ReportAllocs()
				var j verifier
				for i := 0; b.Loop(); i++ {
					if i%len(batch) == 0 { // a label passes a judge once
						j = map[string]verifier{"first": newPair(w).first, "second": newPair(w).second}[which]
					}
					if _, err := j.Judge(p, batch[i%len(batch)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
