// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// sliced is the small policy with more that a policy can name: a second flow with the
// action and object of the first, groups of objects, and a group of both.
func sliced(cedar string) policy.Bundle {
	b := bundle()
	twin := b.Flows[0]
	twin.Name = "twin"
	b.Flows = append(b.Flows, twin)
	b.Objects[0].Groups, b.Objects[1].Groups = []string{"things", "both"}, []string{"things"}
	b.Subjects[1].Groups = []string{"people", "both", "people"}
	b.Cedar = []policy.CedarFile{{Name: "p.cedar", Text: cedar}}
	return b
}

func principals() []string {
	return []string{
		`principal`, `principal`, `principal in Group::"people"`, `principal in Group::"both"`, `principal in Group::"nobody"`,
		`principal == Subject::"out/p-1"`, `principal == Subject::"out/guest"`, `principal in Subject::"out/p-1"`, `principal == Group::"people"`,
		`principal in Zone::"out"`, `principal in Zone::"in"`, `principal is Subject`, `principal is Group`, `principal in Object::"in/files"`,
		`principal is Subject in Group::"people"`, `principal is Object in Group::"people"`, `principal is Subject in Zone::"in"`,
	}
}

func actions() []string {
	return []string{
		`action`, `action`, `action == Action::"read"`, `action == Action::"read"`, `action == Action::"deliver"`, `action in Action::"read"`,
		`action in [Action::"read", Action::"read"]`, `action in [Action::"deliver", Action::"read"]`, `action in []`, `action == Action::"no"`,
		`action in Group::"people"`,
	}
}

func resources() []string {
	return []string{
		`resource`, `resource`, `resource == Object::"in/reports"`, `resource == Object::"in/reports"`, `resource == Object::"in/files"`,
		`resource in Group::"things"`, `resource in Group::"both"`, `resource in Zone::"in"`, `resource in Zone::"out"`, `resource is Object`,
		`resource is Zone`, `resource is Object in Group::"things"`, `resource is Subject in Group::"things"`, `resource in Object::"in/files"`,
	}
}

// terms are conditions that hold, do not hold or err, by the query.
func terms() []string {
	return []string{
		`true`, `false`, `context.flow == "query"`, `context.flow == "twin"`, `"query" == context.flow`, `context.flow != "query"`,
		`context.flow == context.kind`, `context.flow == 7`, `context.kind == "answer"`, `context.kind like "a*"`, `context.protocol == "http"`,
		`context.purpose == "self"`, `context.assurance == "token"`, `context.confidentiality > 1`, `context.integrity + context.size > 4`,
		`context.size + 9223372036854775807 > 1`, `context has content`, `context has nothing`, `context.nothing`, `context == {"flow": "query"}`,
		`context.content has path`, `context.content has path && context.content.path has person`, `context.content.path.person == principal.name`,
		`context.content.path == {"person": "p-1"}`, `context.content.path.person.deeper`, `context.content.path has person`,
		`context.content.form == "report"`, `context.content.list.contains("a")`, `context.content.list.containsAny([1, {"a": 1}])`,
		`context.content.list.isEmpty()`, `context.content.list has a`, `context.content.data == 1`, `context.content has data`,
		`context.content.nothing`, `context.content.deep.deep has deep`, `context.content.deep == context.content.deep.deep`,
		`{"a": context}.a.content.form == "file"`, `[context.content].contains(context.content)`, `(if context has size then context else {"kind": "ask"}).kind == "ask"`,
		`principal has name`, `principal has clearance`, `principal.clearance > 2`, `principal.zone == "out"`, `principal.name like "p-*"`, `principal.nothing == 1`,
		`resource.confidentiality > 3`, `resource has name`, `resource.zone == "in"`, `action has name`, `action.name == "x"`,
		`Subject::"out/p-1".name == "p-1"`, `Subject::"out/p-1" has name`, `(if principal has name then principal else resource).clearance > 2`,
		`principal in Group::"people"`, `principal in [Group::"both", Zone::"in"]`, `resource in Group::"both"`, `principal in context.content.list`,
		`principal == Subject::"out/guest"`, `principal is Subject in Group::"people"`, `[principal, resource].contains(resource)`,
		`principal.hasTag("name")`, `principal.getTag("name") == "x"`, `ip(context.content.form).isLoopback()`, `{"name": principal}.name.zone == "out"`,
	}
}

func expression(t *rapid.T, depth int) string {
	term := func() string { return rapid.SampledFrom(terms()).Draw(t, "term") }
	if depth == 0 {
		return term()
	}
	below := func() string { return expression(t, depth-1) }
	switch rapid.IntRange(0, 7).Draw(t, "shape") {
	case 0, 1:
		return "(" + below() + " && " + below() + ")"
	case 2:
		return "(" + below() + " || " + below() + ")"
	case 3:
		return "!(" + below() + ")"
	case 4:
		return "(if " + below() + " then " + below() + " else " + below() + ")"
	default:
		return term()
	}
}

func policies(t *rapid.T) string {
	var text strings.Builder
	for range rapid.IntRange(0, 12).Draw(t, "policies") {
		fmt.Fprintf(&text, "%s (%s, %s, %s)", rapid.SampledFrom([]string{"permit", "permit", "forbid"}).Draw(t, "effect"),
			rapid.SampledFrom(principals()).Draw(t, "principal"), rapid.SampledFrom(actions()).Draw(t, "action"), rapid.SampledFrom(resources()).Draw(t, "resource"))
		for range rapid.IntRange(0, 2).Draw(t, "conditions") {
			fmt.Fprintf(&text, " %s { %s }", rapid.SampledFrom([]string{"when", "when", "unless"}).Draw(t, "condition"), expression(t, 2))
		}
		text.WriteString(";\n")
	}
	return text.String()
}

// content is a record that need not be one of a form: Discretion is held to its
// answers on what Decide would refuse before, too.
func content(t *rapid.T) parcel.Record {
	r := parcel.Record{}
	for _, name := range []string{"form", "path", "list", "data", "deep", "more", "note"} {
		if rapid.Bool().Draw(t, name) {
			r[name] = rapid.SampledFrom(values()).Draw(t, name)
		}
	}
	return r
}

// values has no list of mixed types: Cedar tells which of them it met first, and it
// meets them in no order.
func values() []any {
	return []any{
		nil, []byte("b"), true, int64(1), "p-1", "report", []any{}, []any{"a", nil, "b"}, []any{parcel.Record{"a": int64(1)}}, parcel.Record{},
		parcel.Record{"person": "p-1"}, parcel.Record{"person": "p-1", "x": nil}, parcel.Record{"person": int64(2)},
		parcel.Record{"deep": parcel.Record{"deep": "x", "other": []any{int64(1)}}}, parcel.Record{"a": "a", "b": "b", "c": "c", "d": "d", "deep": true},
	}
}

// same fails unless the slice says what all policies say.
func same(t interface{ Fatalf(string, ...any) }, p *policy.Policy, q policy.Query) (refusals []policy.Reason) {
	f, s := p.Flow(q.Header.Flow), p.Subject(q.Label.Subject)
	permits, refusals := p.Discretion(q, f, s, q.Label.Class)
	allPermits, allRefusals := p.Full(q, f, s, q.Label.Class)
	if !reflect.DeepEqual(permits, allPermits) || !reflect.DeepEqual(refusals, allRefusals) {
		t.Fatalf("%s\n%s on %s with %v\nslice: %v %v\nall:   %v %v",
			p.Cedar[0].Text, q.Label.Subject, q.Header.Flow, q.Content, permits, refusals, allPermits, allRefusals)
	}
	return refusals
}

// TestSliceOfEachTerm has each term alone, and before and behind one that a slice goes
// by, over every value.
func TestSliceOfEachTerm(t *testing.T) {
	for _, term := range terms() {
		for _, shape := range []string{`permit (principal, action, resource) when { %s };`, `forbid (principal, action, resource) unless { %s };`,
			`permit (principal, action, resource) when { (%s) && context.flow == "twin" };`,
			`permit (principal, action, resource) when { context.flow == "twin" && %s };`,
			`permit (principal, action, resource) when { context.flow == "twin" || %s };`,
			`permit (principal, action, resource) when { context.flow == "twin" } when { %s };`,
			`permit (principal, action, resource) when { %s } when { context.flow == "twin" };`,
		} {
			p := compile(t, sliced(fmt.Sprintf(shape, term)))
			for _, value := range values() {
				q := ask()
				q.Content = parcel.Record{"path": value, "list": value, "data": value, "deep": value, "form": "report"}
				same(t, p, q)
			}
			same(t, p, ask())
			same(t, p, answer())
		}
	}
}

// TestSliceIsAll: what a flow's slice says of what it looks at is what all policies say
// of everything: the verdict, each policy that made it, each error and its text.
func TestSliceIsAll(t *testing.T) {
	var permitted, denied, erred int
	rapid.Check(t, func(t *rapid.T) {
		text := policies(t)
		p, err := policy.Compile(sliced(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for range 4 {
			q := rapid.SampledFrom([]func() policy.Query{ask, answer, delivery}).Draw(t, "query")()
			if q.Header.Flow == "query" && rapid.Bool().Draw(t, "twin") {
				q.Header.Flow = "twin"
			}
			q.Label.Subject = rapid.SampledFrom([]string{"out/p-1", "out/p-2", "out/p-low", "out/guest", "in/clerk"}).Draw(t, "subject")
			if rapid.Bool().Draw(t, "any content") {
				q.Content = content(t)
			}
			refusals := same(t, p, q)
			if len(refusals) == 0 {
				permitted++
			} else if refusals[0].Rule == "cedar" || refusals[0].What == "forbids" {
				denied++
			} else {
				erred++
			}
		}
	})
	if permitted == 0 || denied == 0 || erred == 0 {
		t.Errorf("%d permitted, %d denied, %d errors: one was never tried", permitted, denied, erred)
	}
}

// TestSliceOfBank: so it is for the example's policy, in every case of it for each of
// its subjects, on each flow.
func TestSliceOfBank(t *testing.T) {
	loaded, err := source.Load(bank.Files())
	if err != nil {
		t.Fatal(err)
	}
	p, err := loaded.Draft()
	if err != nil {
		t.Fatal(err)
	}
	var outcomes [2]int
	for _, c := range loaded.Cases() {
		for _, other := range loaded.Cases() {
			for i := range p.Flows {
				q := policy.Query{Content: c.Content, Header: &parcel.Header{Kind: parcel.Ask, Flow: p.Flows[i].Name},
					Label: &label.Label{Class: p.Flows[i].Class, Subject: other.Subject, Purpose: p.Flows[i].Purpose}}
				if c.Answer {
					q.Header.Kind = parcel.Answer
				}
				if p.Subject(q.Label.Subject) != nil {
					outcomes[min(len(same(t, p, q)), 1)]++
				}
			}
		}
	}
	if outcomes[0] == 0 || outcomes[1] == 0 {
		t.Errorf("%d permitted, %d refused", outcomes[0], outcomes[1])
	}
}

// TestSubjectOfAnotherZone: who is in what goes by the label's subject, even where a
// family's name has no zone to go by.
func TestSubjectOfAnotherZone(t *testing.T) {
	b := sliced(`permit (principal in Zone::"out2", action, resource);`)
	b.Zones = append(b.Zones, policy.Zone{Name: "out2", Class: class(3, 1, 3)}, policy.Zone{Name: "out*", Class: class(3, 1, 3)})
	b.Subjects = append(b.Subjects, policy.Subject{ID: "out*", Clearance: class(3, 1, 3)})
	p, q := compile(t, b), ask()
	q.Label.Subject = "out2/x"
	if permits, refusals := p.Discretion(q, p.Flow("query"), p.Subject("out2/x"), q.Label.Class); len(permits) != 1 || len(refusals) != 0 {
		t.Errorf("%v %v", permits, refusals)
	}
}

// many is n policies as a large installation has them: for other flows, other
// people and groups, and a few for every flow. Ten of them are for this one.
func many(n int) string {
	var text strings.Builder
	text.WriteString(cedarText)
	for i := range n - 5 {
		switch i % 6 {
		case 0:
			fmt.Fprintf(&text, `permit (principal in Group::"people", action == Action::"a%d", resource == Object::"in/o%d");`, i, i)
		case 1:
			fmt.Fprintf(&text, `permit (principal in Group::"g%d", action == Action::"read", resource == Object::"in/reports") when { context.content.x%d == 1 };`, i, i)
		case 2:
			fmt.Fprintf(&text, `forbid (principal == Subject::"out/q-%d", action, resource);`, i)
		case 3:
			fmt.Fprintf(&text, `forbid (principal, action == Action::"a%d", resource) when { context.content has x%d };`, i, i)
		case 4:
			fmt.Fprintf(&text, `forbid (principal, action, resource in Group::"h%d") unless { context.purpose == "x" };`, i)
		default:
			fmt.Fprintf(&text, `forbid (principal, action, resource) when { context.flow == "f%d" && context.size > 1 };`, i)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// TestManyPolicies: a decision evaluates as many of ten thousand policies as of fifty.
func TestManyPolicies(t *testing.T) {
	few, lots := compile(t, sliced(many(50))), compile(t, sliced(many(10_000)))
	for _, q := range []policy.Query{ask(), delivery()} {
		a, b := few.Evaluated(few.Flow(q.Header.Flow), q.Label.Subject), lots.Evaluated(lots.Flow(q.Header.Flow), q.Label.Subject)
		if a != b || a > 5 {
			t.Errorf("%s: %d of 50, %d of 10000", q.Header.Flow, a, b)
		}
		if d := lots.Decide(q); !d.Allow {
			t.Errorf("%+v", d)
		}
	}
}

// TestDecisionAllocations: no more is allocated for ten thousand policies.
func TestDecisionAllocations(t *testing.T) {
	q := ask()
	measure := func(n int) float64 {
		p := compile(t, sliced(many(n)))
		return testing.AllocsPerRun(100, func() { p.Decide(q) })
	}
	if few, lots := measure(50), measure(10_000); lots > few {
		t.Errorf("%v allocations with 50 policies, %v with 10000", few, lots)
	}
}

func BenchmarkDiscretion(b *testing.B) {
	for _, n := range []int{50, 10_000} {
		p := compile(b, sliced(many(n)))
		for name, q := range map[string]policy.Query{"ask": ask(), "answer": answer()} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				f, s := p.Flow(q.Header.Flow), p.Subject(q.Label.Subject)
				for b.Loop() {
					if permits, _ := p.Discretion(q, f, s, q.Label.Class); len(permits) == 0 {
						b.Fatal("refused")
					}
				}
			})
		}
	}
}
