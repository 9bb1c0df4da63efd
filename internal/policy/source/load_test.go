// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"dukou.dev/dukou/internal/policy/source"
)

// small is a policy of one flow of each kind, as short as it can be.
const small = `guard: g
categories: [personal, credit]
zones:
  - {name: out, class: {confidentiality: 3, integrity: 1, categories: [personal]}}
  - {name: in, inner: true, class: {confidentiality: 5, integrity: 3, categories: [personal, credit]}}
issuers:
  - {name: bureau, key-file: bureau.pub}
objects:
  - {id: in/o, groups: [things], class: {confidentiality: 5, integrity: 3}, aliases: {out: out/o}}
subjects:
  - id: out/a
    groups: [people]
    clearance: {confidentiality: 3}
    proxies: {in: in/a}
    credentials:
      - api-key: 0000000000000000000000000000000000000000000000000000000000000000
  - {id: in/b, clearance: {confidentiality: 3}, credentials: [{certificate: 1111111111111111111111111111111111111111111111111111111111111111}]}
flows:
  - name: ask
    from: out
    to: in
    protocol: http
    entry: {front: fo, listener: l}
    exit: {front: fi, target: t}
    object: out/o
    action: read
    purpose: test
    class: {confidentiality: 1}
    answer: {confidentiality: 1}
    raise: {integrity: 3, by: [form]}
    accept: [api-key]
    routes:
      - name: r
        method: POST
        path: /r/{id}
        path-parameters: {id: {max: 9}}
        query: {q: {type: integer, required: false}}
        header: {x-a: {}}
        body: {fields: {a: {}, n: {type: integer}, d: {type: decimal}, b: {type: bytes}, t: {type: boolean}, l: {items: {}}}}
        answers: [{status: 200, header: {x-level: {type: integer, classifies: true}}, body: {type: list, items: {type: integer, max: 3}}}]
  - name: give
    from: out
    to: in
    protocol: file
    entry: {front: fo, listener: l}
    exit: {front: fi, target: t}
    object: in/o
    action: give
    purpose: test
    class: {confidentiality: 1}
    accept: [component]
    files: {}
`

const permit = `permit (principal, action, resource);`

func folder(yaml, cedar string) fstest.MapFS {
	return fstest.MapFS{"p.yaml": {Data: []byte(yaml)}, "p.cedar": {Data: []byte(cedar)}}
}

func load(t testing.TB, yaml, cedar string) *source.Source {
	t.Helper()
	s, err := source.Load(folder(yaml, cedar))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLoadSmall(t *testing.T) { load(t, small, permit) }

// TestLoadRefuses changes one piece of the small policy and looks for the problem's
// line and words.
func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"guard: g", "gaurd: g", `p.yaml:1:1: unknown key "gaurd"; did you mean "guard"?`},
		{"guard: g", "", `.: no file has the key "guard"`},
		{"guard: g", "guard: g g", `p.yaml:1:8: "g g" is not a name`},
		{"guard: g", "guard: 7", `p.yaml:1:8: wants text: put 7 in quotes`},
		{"guard: g", "guard:", `p.yaml:1:7: wants text, and there is none`},
		{"guard: g", "guard: [g]", `wants text, not a list`},
		{"guard: g", "guard: [g", `p.yaml:2:1: ',' or ']' must be specified`},
		{"guard: g", "guard: &a g", `anchor or alias`},
		{"guard: g", "guard: !!str g", `tag, which policy files do not have`},
		{"guard: g", "guard: g\nterm: 0", `p.yaml:2:7: 0 is not within 1 to`},
		{"guard: g", "guard: g\nvalid: 30x", `p.yaml:2:8: wants a time such as`},
		{"guard: g", "guard: g\nvalid: 900d", `at most`},
		{"guard: g", "guard: g\nvalid: 0d", `more than 0`},
		{"guard: g", "guard: g\nguard: h", `p.yaml:2:1: key "guard" is there twice`},
		{"guard: g", "guard: g\n---\nguard: h", `a second document in one file`},
		{"guard: g", "1: g", `a key wants to be plain text`},
		{"guard: g", "guard: {a: {a: {a: " + strings.Repeat("[", 70), `p.yaml:1:1: nested deeper than 64`},
		{"[personal, credit]\n", "[personal, credit, credit]\n", `"credit" is there twice`},
		{"categories: [personal]}", "categories: [persnal]}", `p.yaml:4:72: no category "persnal"; did you mean "personal"?`},
		{"name: in,", "name: out,", `zone "out" is there already`},
		{"integrity: 1,", "integrity: 6,", `6 is not within 1 to 5`},
		{"confidentiality: 3, integrity: 1,", "integrity: 1,", `key "confidentiality" is missing`},
		{"key-file: bureau.pub", "key-file: ../bureau.pub", `is not a path below the folder`},
		{"{id: in/o,", "{id: in,", `"in" is not of the form zone/name`},
		{"{id: in/o,", "{id: inn/o,", `no zone "inn"; did you mean "in"?`},
		{"aliases: {out: out/o}", "aliases: {out: in/o}", `"in/o" is not in zone "out"`},
		{"proxies: {in: in/a}", "proxies: {in: in/a*}", `the proxy ends in "*"`},
		{"id: out/a\n", "id: out/a*\n", `a family of subjects has no credentials`},
		{"api-key: 00", "api-key: 0", `an API key is given as its SHA-256`},
		{"- api-key: 0000000000000000000000000000000000000000000000000000000000000000", "- {}", `a credential is one of`},
		{"- api-key: 0000000000000000000000000000000000000000000000000000000000000000", "- password: {user: u, hash: secret}", `argon2id`},
		{"{id: in/b,", "{id: out/a,", `subject "out/a" is there already`},
		{"to: in\n    protocol: http", "to: out\n    protocol: http", `does not cross the guard`},
		{"protocol: http", "protocol: htp", `did you mean "http"?`},
		{"object: out/o", "object: out/p", `no object "out/p"; did you mean "out/o"?`},
		{"listener: l}", "target: l}", `unknown key "target"; known: front, listener`},
		{"by: [form]", "by: []", `integrity rises by named checks only`},
		{"accept: [api-key]", "accept: []", `accepts nobody`},
		{"accept: [api-key]", "accept: [apikey]", `did you mean "api-key"?`},
		{"accept: [api-key]", "accept: [api-key+pasword]", `no method "pasword"; did you mean "password"?`},
		{"accept: [api-key]", "accept: [api-key+api-key]", `method "api-key" is there twice`},
		{"accept: [api-key]", "accept: [api-key+component]", `goes with nothing else`},
		{"accept: [api-key]", "accept: [api-key, certificate+api-key]", `p.yaml:31:23: "certificate+api-key" is never tried: "api-key" stands before it and wants less`},
		{"accept: [api-key]", "accept: [api-key, api-key]", `is never tried`},
		{"accept: [component]", "accept: [certificate+address]", `files come from a component or from a terminal by its certificate, not by "certificate+address"`},
		{"accept: [component]", "accept: [address]", `not by "address"`},
		{"proxies: {in: in/a}", "bind: {}", `binds to nothing`},
		{"proxies: {in: in/a}", "bind: {address: [10.0.0.1]}", `did you mean "addresses"?`},
		{"proxies: {in: in/a}", "bind: {addresses: [10.0.0.1/8]}", `has bits behind its length; is 10.0.0.0/8 meant?`},
		{"proxies: {in: in/a}", "bind: {addresses: [0.0.0.0/0]}", `every address`},
		{"proxies: {in: in/a}", "bind: {addresses: [example.org]}", `is not an address or prefix`},
		{"proxies: {in: in/a}", "bind: {addresses: ['fe80::1%eth0']}", `is not an address or prefix`},
		{"proxies: {in: in/a}", "bind: {addresses: ['::ffff:10.0.0.1']}", `write an IPv4 address as such`},
		{"proxies: {in: in/a}", "bind: {addresses: [10.0.0.1, 10.0.0.1/32]}", `"10.0.0.1/32" is there twice`},
		{"proxies: {in: in/a}", "bind: {hardware: ['01:00:5e:00:00:01']}", `is not the address of one network card`},
		{"proxies: {in: in/a}", "bind: {hardware: ['02:00:5e']}", `is not the address of one network card`},
		{"accept: [api-key]", "accept: [token]", `needs the key "issuer"`},
		{"accept: [api-key]", "accept: [token]\n    issuer: burau", `no issuer "burau"; did you mean "bureau"?`},
		{"accept: [api-key]", "accept: [api-key]\n    unknown: ignore", `known: drop, refuse`},
		{"accept: [api-key]", "accept: [api-key]\n    limits: {request: 64kb}", `wants a size such as`},
		{"accept: [api-key]", "accept: [api-key]\n    limits: {request: 1GiB}", `is not within`},
		{"accept: [api-key]", "accept: [api-key]\n    limits: {rate: 50}", `wants a rate such as`},
		{"accept: [api-key]", "accept: [api-key]\n    limits: {timeout: 10h}", `at most`},
		{"method: POST", "method: TRACE", `no method "TRACE"`},
		{"method: POST", "method: GET", `GET has no body`},
		{"path: /r/{id}", "path: r/{id}", `a path starts with /`},
		{"path: /r/{id}", "path: /r/{id}x", `segment "{id}x"`},
		{"path: /r/{id}", "path: /r/../{id}", `segment ".."`},
		{"path: /r/{id}", "path: /r//{id}", `segment ""`},
		{"path: /r/{id}", "path: /r/{id}/{id}", `{id} is there twice`},
		{"path: /r/{id}", "path: /r/{ix}", `the path has no {id}`},
		{"{id: {max: 9}}", "{id: {max: 9, required: false}}", `{id} is always there`},
		{"{id: {max: 9}}", "{id: {items: {}}}", `cannot be a list here`},
		{"header: {x-a: {}}", "header: {X-A: {}}", `write it in lower case`},
		{"header: {x-a: {}}", "header: {authorization: {}}", `belongs to the connection`},
		{"a: {},", "a: {maximum: 3},", `unknown key "maximum"`},
		{"a: {},", "a: {min: 9, max: 3},", `9 is not within 0 to 3`},
		{"a: {},", "a: {max: 1000000},", `is not within`},
		{"a: {},", "a: {pattern: '('},", `pattern: error parsing regexp`},
		{"a: {},", "a: {type: text},", `no type "text"`},
		{"a: {},", "a: {enum: []},", `allows nothing`},
		{"a: {},", "a: {type: integer, max: 1.5},", `wants a whole number`},
		{"a: {},", "a: {class: {confidentiality: 3, categories: [x]}},", `no category "x"`},
		{"classifies: true", "classifies: true, max: 9", `9 is not within 1 to 5`},
		{"l: {items: {}}", "l: {items: {required: false}}", `an item cannot be left out`},
		{"status: 200,", "status: 99,", `99 is not within 200 to 599`},
		{"answers: [", "answers: [{status: 200}, ", `status 200 is there already`},
		{"files: {}", "files: {extensions: [csv]}", `"csv" is not an extension`},
		{"files: {}", "files: {ready: soon}", `known: marker, rename, settled`},
		{"files: {}", "files: {max-size: 2TiB}", `is not within`},
		{"name: give", "name: ask", `flow "ask" is there already`},
	} {
		if !strings.Contains(small, test.old) {
			t.Fatalf("the small policy has no %q", test.old)
		}
		_, err := source.Load(folder(strings.Replace(small, test.old, test.new, 1), permit))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q instead of %q: got\n%v\nwant %s", test.new, test.old, err, test.want)
		}
		inBoth(t, source.Problems(err)...)
	}
}

func TestRoutesAreUnambiguous(t *testing.T) {
	second := strings.Replace(small, "      - name: r\n", `      - name: s
        method: POST
        path: /{any}/x
        path-parameters: {any: {}}
        answers: [{status: 200}]
      - name: r
`, 1)
	if _, err := source.Load(folder(second, permit)); err == nil || !strings.Contains(err.Error(), `POST /r/{id} fits route "s" of flow "ask" too`) {
		t.Error(err)
	}
	load(t, strings.Replace(second, "/{any}/x", "/{any}/x/y", 1), permit)
}

func TestCedarRefuses(t *testing.T) {
	for _, test := range []struct{ cedar, want string }{
		{"", "nothing would be permitted"},
		{"permit (principal, action resource);", "p.cedar:1:35: "},
		{permit + "\n" + `forbid (principal == Subject::"out/b", action, resource);`, `p.cedar:2:1: no Subject::"out/b"; did you mean "out/a"?`},
		{`permit (principal in Group::"peple", action, resource);`, `no Group::"peple"; did you mean "people"?`},
		{`permit (principal, action == Action::"raed", resource);`, `no Action::"raed"; did you mean "read"?`},
		{`permit (principal, action in [Action::"read", Action::"write"], resource);`, `no Action::"write"`},
		{`permit (principal, action, resource in Zone::"inn");`, `no Zone::"inn"`},
		{`permit (principal, action, resource == Thing::"x");`, `no entity type "Thing"`},
		{`permit (principal, action, resource) when { resource == Object::"out/o" };`, `no Object::"out/o"`},
		{`@id("a") permit (principal, action, resource); @id("a") permit (principal, action, resource);`, `policy "a" is in p.cedar already`},
		{permit + strings.Repeat("(", 70), "nested deeper"},
	} {
		_, err := source.Load(folder(small, test.cedar))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got\n%v\nwant %s", test.cedar, err, test.want)
		}
		inBoth(t, source.Problems(err)...)
	}
	load(t, small, `permit (principal in Zone::"out", action == Action::"read", resource in Group::"things") when { principal != Subject::"out/a" };`)
}

// FuzzLoad gives arbitrary text to the reader of YAML.
func FuzzLoad(f *testing.F) {
	f.Add(small)
	f.Add("guard: g\nzones: [{name: a}]\ncases: [{name: a, content: {a: [1, null, true, x]}}]")
	f.Add("a: &x {b: *x}\n<<: *x")
	f.Fuzz(func(t *testing.T, yaml string) {
		if s, err := source.Load(folder(yaml, permit)); (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}
