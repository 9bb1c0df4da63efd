// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"os"
	"strings"
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

func TestCases(t *testing.T) {
	const request = "path: {id: x}, header: {x-a: y}, body: {a: x, n: 1, d: '1.5', b: x, t: true, l: []}"
	cases := `cases:
  - {name: bytes are no text, flow: ask, subject: out/a, ` + request + `, expect: content-invalid}
  - {name: answer, flow: ask, subject: out/a, answer: {status: 200, header: {x-level: 3}, body: [1, 2]}, expect: allow}
  - {name: level, flow: ask, subject: out/a, answer: {status: 200, header: {x-level: 4}, body: []}, expect: label-level}
  - {name: low, flow: ask, subject: out/a, answer: {status: 200, header: {x-level: 3}, body: []}, label: {confidentiality: 2}, expect: label-low}
  - {name: wrong on purpose, flow: ask, subject: out/a, answer: {status: 200, header: {x-level: 3}, body: [4]}, expect: allow}
  - {name: file, flow: give, subject: out/a, content: {name: a, size: 9, modified: 0}, expect: label-integrity}
  - {name: assurance, flow: ask, subject: out/a, assurance: password, answer: {status: 200, header: {x-level: 1}, body: []}, expect: allow}
`
	s := load(t, small+cases, permit)
	p, err := s.Draft()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range source.RunCases(p, s.Cases()) {
		if r.OK != (r.Case.Name != "wrong on purpose") {
			t.Errorf("%s: %s: got %q: %v", r.Case.Where, r.Case.Name, r.Got.Code, r.Got.Reasons)
		}
	}
}

func TestCasesRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"{flow: ask, subject: out/a, expect: allow}":                                 `key "name" is missing`,
		"{name: a, flow: ax, subject: out/a, expect: allow}":                         `no flow "ax"`,
		"{name: a, flow: ask, subject: out/a, expect: maybe}":                        `neither allow nor the code of a refusal`,
		"{name: a, flow: ask, subject: out/a, expect: allow, querry: {}}":            `unknown key "querry"; did you mean "query"?`,
		"{name: a, flow: ask, subject: out/a, expect: allow, answer: {statu: 1}}":    `unknown key "statu"`,
		"{name: a, flow: ask, subject: out/a, expect: allow, query: {q: 1.5}}":       `put 1.5 in quotes`,
		"{name: a, flow: ask, subject: out/a, expect: allow, label: {integrity: 9}}": `9 is not within 1 to 5`,
		"{name: a, flow: ask, route: x, subject: out/a, expect: allow}":              `no route "x"`,
	} {
		if _, err := source.Load(folder(small+"cases:\n  - "+text+"\n", permit)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got\n%v\nwant %s", text, err, want)
		}
	}
}
