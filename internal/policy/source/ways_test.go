// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// bound is the small policy with subjects that are bound, and a way of two methods.
func bound() string {
	s := strings.Replace(small, "    proxies: {in: in/a}\n", `    proxies: {in: in/a}
    bind: {addresses: [10.1.2.0/24, '2001:DB8::1'], hardware: ['02-00-5E-10-00-01']}
`, 1)
	return strings.Replace(s, "accept: [api-key]", "accept: [token, api-key + hardware, address]\n    issuer: bureau", 1)
}

// TestBindings: what is written is what the bundle says, in one form.
func TestBindings(t *testing.T) {
	s, o := load(t, bound(), permit), options()
	var d policy.Directory
	o.Seal = func(component string, plaintext []byte) ([]byte, error) {
		if component == "fo" {
			return nil, canon.Unmarshal(plaintext, &d)
		}
		return nil, nil
	}
	b, err := s.Bundle(o)
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Binding{{Subject: "out/a", Addresses: []string{"10.1.2.0/24", "2001:db8::1/128"}, Hardware: []string{"02:00:5e:10:00:01"}}}
	if diff := cmp.Diff(want, d.Bindings); diff != "" {
		t.Error(diff)
	}
	if f := b.Flows[0]; fmt.Sprint(f.Accept, f.Proofs) != "[token api-key address] [[token] [api-key hardware] [address]]" {
		t.Errorf("accept %v, proofs %v", f.Accept, f.Proofs)
	}
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	if ways := p.Flow("ask").Ways(); len(ways) != 3 || ways[1].Name != "api-key+hardware" || ways[1].Assurance != label.ByAPIKey {
		t.Errorf("%+v", ways)
	}
}

// TestWarnings: what can hardly be meant is said, with its place, and is no error.
func TestWarnings(t *testing.T) {
	const class, out, answer = "class: {confidentiality: 1}\n    answer", "integrity: 1, categories: [personal]}}", "answer: {confidentiality: 1}"
	type edit struct{ old, new string }
	for name, test := range map[string]struct {
		edits []edit
		want  string
	}{
		"nothing to say":           {nil, ""},
		"no audience":              {[]edit{{", audience: us", ""}}, `p.yaml:7:5: issuer "bureau" has no audience`},
		"the class of the zone":    {[]edit{{out, strings.Replace(out, "1", "2", 1)}}, ""}, // which a flow has that states none
		"integrity below the zone": {[]edit{{out, strings.Replace(out, "1", "2", 1)}, {class, "class: {confidentiality: 1, integrity: 1}\n    answer"}}, `p.yaml:20:5: flow "ask" can never pass: its class has integrity 1, below the 2 of zone "out"`},
		"too confidential":         {[]edit{{class, "class: {confidentiality: 4}\n    answer"}}, `flow "ask" can never pass: its class is more confidential than what comes from zone out may be`},
		"not raised enough":        {[]edit{{"raise: {integrity: 3, by: [form]}", "raise: {integrity: 2, by: [form]}"}}, `flow "ask" can never pass: its class has less integrity than zone in wants`},
		"an answer too high":       {[]edit{{answer, "answer: {confidentiality: 4}"}}, `flow "ask" can never pass: its class is more confidential than zone out may be`},
		"too much integrity":       {[]edit{{class, "class: {confidentiality: 1, integrity: 2}\n    answer"}}, `flow "ask" can never pass: it claims more integrity than zone "out"`},
		"of an answer":             {[]edit{{answer, "answer: {confidentiality: 1, integrity: 4}"}}, `flow "ask" can never pass: it claims more integrity than`},
		"an answer's category":     {[]edit{{answer, "answer: {confidentiality: 1, categories: [credit]}"}}, `flow "ask" can never pass: its class has a category that zone out may not have`},
		"a way that nobody can go": {[]edit{{"address]", "certificate]"}}, `p.yaml:32:41: flow "ask": no subject of zone "out" has what "certificate" wants`},
		"bound to no card":         {[]edit{{", hardware: ['02-00-5E-10-00-01']", ""}}, `no subject of zone "out" has what "api-key+hardware" wants`},
		"component":                {[]edit{{"address]", "component]"}}, `flow "ask": nobody asks by "component"`},
		"two for one field":        {[]edit{{"[token, api-key + hardware, address]", "[password+token]"}}, `carries a password or a token, not both`},
		"two at one address": {[]edit{{"subjects:\n", "subjects:\n  - {id: out/c, clearance: {confidentiality: 3}, bind: {addresses: [10.1.2.0/24]}}\n"}},
			`by "address" nobody is known at 10.1.2.0/24, which is "out/c"'s and "out/a"'s`},
	} {
		text := strings.Replace(bound(), "key-file: bureau.pub", "key-file: bureau.pub, audience: us", 1)
		text = strings.Replace(text, "name: give", "name: give\n    raise: {integrity: 3, by: [form]}", 1)
		for _, e := range test.edits {
			if !strings.Contains(text, e.old) {
				t.Fatalf("%s: the policy has no %q", name, e.old)
			}
			text = strings.Replace(text, e.old, e.new, 1)
		}
		var lines []string
		for _, w := range load(t, text, permit).Warnings() {
			inBoth(t, w)
			lines = append(lines, w.Error())
		}
		got := strings.Join(lines, "\n")
		if !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
