// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bufio"
	"bytes"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// typed is a route whose form has every type in every place where it may be.
func typed(t testing.TB, unknown string) *shape {
	t.Helper()
	text := policy.Schema{Type: policy.Text, Max: 40}
	number := policy.Schema{Type: policy.Integer, Min: -1000, Max: 1 << 62}
	decimal := policy.Schema{Type: policy.Decimal}
	flag := policy.Schema{Type: policy.Boolean}
	raw := policy.Schema{Type: policy.Bytes, Max: 40}
	maybe := text
	maybe.Nullable = true
	f := func(name string, s policy.Schema) policy.Field { return policy.Field{Name: name, Schema: s} }
	must := func(name string, s policy.Schema) policy.Field {
		return policy.Field{Name: name, Required: true, Schema: s}
	}
	list := func(of policy.Schema) policy.Schema { return policy.Schema{Type: policy.List, Max: 5, Items: &of} }
	record := func(fields ...policy.Field) policy.Schema { return policy.Schema{Type: policy.Record, Fields: fields} }
	body := record(must("text", text), f("number", number), f("decimal", decimal), f("flag", flag), f("raw", raw), f("maybe", maybe),
		f("list", list(number)), f("records", list(record(must("x", text), f("d", decimal)))))
	form := policy.Form{
		Name: "typed",
		Request: record(must("form", text), must("path", record(must("id", text), must("n", number))),
			f("query", record(f("q", text), f("n", number), f("d", decimal), f("flag", flag), f("raw", raw), f("list", list(number)))),
			f("header", record(f("x-text", text), f("x-number", number))), f("body", body)),
		Answers: []policy.AnswerForm{
			{Status: 200, Schema: record(must("form", text), must("status", number), f("header", record(f("x-text", text))), must("body", body))},
			{Status: 204, Schema: record(must("form", text), must("status", number))},
			{Status: 404, Schema: record(must("form", text), must("status", number), f("body", record(must("error", text))))},
		},
	}
	class := label.Class{Confidentiality: 1, Integrity: 1}
	p, err := policy.Compile(policy.Bundle{
		Format: policy.Format, Version: 1, NotAfter: 1, Guard: "g",
		Zones:   []policy.Zone{{Name: "a", Class: class}, {Name: "b", Class: class, Inner: true}},
		Objects: []policy.Object{{ID: "b/o", Class: class}},
		Flows: []policy.Flow{{
			Name: "typed", From: "a", To: "b", Kind: "ask", Protocol: "http", Entry: "front", Exit: "exit", Listener: "l", Object: "b/o",
			Class: class, Answer: class, Unknown: unknown, Limits: policy.Limits{RequestBytes: 1 << 20}, Forms: []policy.Form{form},
			Routes: []policy.Route{{Form: "typed", Method: "POST", Path: "/things/{id}/parts/{n}"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := shapeOf(p.Flow("typed"), "typed")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read takes a request apart as the entry does after its parser.
func (s *shape) read(r *nethttp.Request) (parcel.Record, error) {
	if err := admit(r, "http"); err != nil {
		return nil, err
	}
	path, query, err := splitTarget(target(r))
	if err != nil {
		return nil, err
	}
	if !s.matches(path) {
		return nil, fault.Wrap(fault.RouteUnknown, &routeError{}, "")
	}
	return s.content(httptest.NewRecorder(), r, path, query)
}

// again builds the request of a content and takes that apart.
func (s *shape) again(t *testing.T, content parcel.Record) parcel.Record {
	t.Helper()
	wire, err := s.build(front.Call{Flow: s.flow, Proxy: "b/proxy", Content: content}, "h", "http")
	if err != nil {
		t.Fatalf("build of %v: %v", content, err)
	}
	r, err := nethttp.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		t.Fatalf("%q: %v", wire, err)
	}
	for _, name := range []string{"X-Dukou-Id", "X-Subject"} {
		if len(r.Header[name]) != 1 {
			t.Fatalf("%s: %q", name, r.Header[name])
		}
		r.Header.Del(name)
	}
	got, err := s.read(r)
	if err != nil {
		t.Fatalf("%q: %v", wire, err)
	}
	return got
}

func request(target, header, body string) *nethttp.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.RequestURI = target
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for line := range strings.SplitSeq(header, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Add(name, value)
		}
	}
	return r
}

func TestContent(t *testing.T) {
	const at, minimal = "/things/a/parts/1", `{"text":""}`
	for _, c := range []struct {
		name, target, header, body string
		drop                       bool
		code                       fault.Code // empty for content
	}{
		{name: "least", target: at, body: minimal},
		{name: "all", target: "/things/%E5%BE%81%20;=&+/parts/-7?q=a+b%26&n=0&d=-1.50&flag=true&raw=AAE%3D&list=1&list=2",
			header: "x-text: caf\u00e9 x\nx-number: 12\nAccept: */*\nUser-Agent: z\nX-Forwarded-For: 1\nSec-Fetch-Mode: cors\nIf-None-Match: x",
			body:   ` {"text":"\u00e9\ud83d\udea2\"\\\/\u0000","number":-3,"decimal":0.10,"flag":false,"raw":"AAE=","maybe":null,"list":[1,2],"records":[{"x":"y","d":-2}]} `},
		{name: "no body", target: at},
		{name: "unknown query", target: at + "?z=1", body: minimal, code: fault.ContentInvalid},
		{name: "unknown query dropped", target: at + "?z=1&z=2", body: minimal, drop: true},
		{name: "unknown header", target: at, header: "X-Other: 1", body: minimal, code: fault.ContentInvalid},
		{name: "precondition", target: at, header: "If-Match: x", body: minimal, code: fault.ContentInvalid},
		{name: "unknown header dropped", target: at, header: "X-Other: 1", body: minimal, drop: true},
		{name: "unknown field", target: at, body: `{"text":"","z":1}`, code: fault.ContentInvalid},
		{name: "unknown field below", target: at, body: `{"text":"","records":[{"x":"","z":[]}]}`, code: fault.ContentInvalid},
		{name: "unknown field dropped", target: at, body: `{"z":{"a":[1e9,null,{"b":"c"}]},"text":""}`, drop: true},
		{name: "twice in what is dropped", target: at, body: `{"z":{"a":1,"a":2},"text":""}`, drop: true, code: fault.RequestMalformed},
		{name: "field twice", target: at, body: `{"text":"","text":"a"}`, code: fault.RequestMalformed},
		{name: "field twice, escaped", target: at, body: `{"text":"","\u0074ext":"a"}`, code: fault.RequestMalformed},
		{name: "field in capitals", target: at, body: `{"Text":""}`, code: fault.ContentInvalid},
		{name: "query twice", target: at + "?q=1&q=2", body: minimal, code: fault.RequestMalformed},
		{name: "query twice, escaped", target: at + "?q=1&%71=2", body: minimal, code: fault.RequestMalformed},
		{name: "list too long", target: at + "?list=1&list=1&list=1&list=1&list=1&list=1", body: minimal, code: fault.ContentInvalid},
		{name: "header twice", target: at, header: "X-Text: a\nX-Text: b", body: minimal, code: fault.RequestMalformed},
		{name: "integer with a fraction", target: at, body: `{"text":"","number":1.0}`, code: fault.ContentInvalid},
		{name: "integer with an exponent", target: at, body: `{"text":"","number":1e1}`, code: fault.ContentInvalid},
		{name: "integer as text", target: at, body: `{"text":"","number":"1"}`, code: fault.ContentInvalid},
		{name: "integer minus zero", target: at, body: `{"text":"","number":-0}`, code: fault.ContentInvalid},
		{name: "integer too large", target: at, body: `{"text":"","number":9223372036854775808}`, code: fault.ContentInvalid},
		{name: "integer out of range", target: at, body: `{"text":"","number":-1001}`, code: fault.ContentInvalid},
		{name: "integer in path, leading zero", target: "/things/a/parts/01", body: minimal, code: fault.ContentInvalid},
		{name: "integer in path, plus", target: "/things/a/parts/+1", body: minimal, code: fault.ContentInvalid},
		{name: "integer in query, space", target: at + "?n=%201", body: minimal, code: fault.ContentInvalid},
		{name: "decimal as text", target: at, body: `{"text":"","decimal":"1.5"}`, code: fault.ContentInvalid},
		{name: "decimal with an exponent", target: at, body: `{"text":"","decimal":1.5e3}`, code: fault.ContentInvalid},
		{name: "boolean in query", target: at + "?flag=1", body: minimal, code: fault.ContentInvalid},
		{name: "boolean as number", target: at, body: `{"text":"","flag":1}`, code: fault.ContentInvalid},
		{name: "boolean for text", target: at, body: `{"text":true}`, code: fault.ContentInvalid},
		{name: "base64 not canonical", target: at, body: `{"text":"","raw":"AAF="}`, code: fault.ContentInvalid},
		{name: "base64 with a line end", target: at, body: `{"text":"","raw":"AA\nE="}`, code: fault.ContentInvalid},
		{name: "null", target: at, body: `{"text":null}`, code: fault.ContentInvalid},
		{name: "null body", target: at, body: `null`, code: fault.ContentInvalid},
		{name: "list for record", target: at, body: `[]`, code: fault.ContentInvalid},
		{name: "missing", target: at, body: `{}`, code: fault.ContentInvalid},
		{name: "text too long", target: at, body: `{"text":"` + strings.Repeat("x", 41) + `"}`, code: fault.ContentInvalid},
		{name: "two values", target: at, body: minimal + minimal, code: fault.RequestMalformed},
		{name: "cut", target: at, body: `{"text":"`, code: fault.RequestMalformed},
		{name: "comma behind", target: at, body: `{"text":"",}`, code: fault.RequestMalformed},
		{name: "comment", target: at, body: `{"text":""/**/}`, code: fault.RequestMalformed},
		{name: "mark of byte order", target: at, body: "\ufeff" + minimal, code: fault.RequestMalformed},
		{name: "not UTF-8", target: at, body: "{\"text\":\"\xff\"}", code: fault.RequestMalformed},
		{name: "half of a pair", target: at, body: `{"text":"\ud800"}`, code: fault.RequestMalformed},
		{name: "second half first", target: at, body: `{"text":"\udc00\ud800"}`, code: fault.RequestMalformed},
		{name: "half before another escape", target: at, body: `{"text":"\ud800\u0041"}`, code: fault.RequestMalformed},
		{name: "backslash before a u", target: at, body: `{"text":"\\ud800"}`},
		{name: "too deep", target: at, body: `{"text":"","z":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, drop: true, code: fault.RequestMalformed},
		{name: "too many", target: at, body: `{"text":"","z":[` + strings.Repeat("0,", maxValues) + `0]}`, drop: true, code: fault.RequestMalformed},
		{name: "too large", target: at, body: `{"text":"` + strings.Repeat("x", maxBytes) + `"}`, code: fault.ContentTooLarge},
		{name: "control character in the query", target: at + "?q=%0a", body: minimal, code: fault.RequestMalformed},
		{name: "pair without key", target: at + "?=1", body: minimal, code: fault.RequestMalformed},
		{name: "empty pair", target: at + "?q=1&", body: minimal, code: fault.RequestMalformed},
		{name: "another type", target: at, header: "Content-Encoding: gzip", body: minimal, code: fault.ContentType},
	} {
		t.Run(c.name, func(t *testing.T) {
			unknown := "refuse"
			if c.drop {
				unknown = "drop"
			}
			s := typed(t, unknown)
			got, err := s.read(request(c.target, c.header, c.body))
			if c.code != "" || err != nil {
				if err == nil || fault.CodeOf(err) != c.code {
					t.Fatalf("%v, %v, want code %q", got, err, c.code)
				}
				return
			}
			if diff := cmp.Diff(got, s.again(t, got)); diff != "" {
				t.Errorf("the request that the exit builds differs: %s", diff)
			}
		})
	}
}

func TestMediaTypes(t *testing.T) {
	s := typed(t, "drop")
	for kind, good := range map[string]bool{
		"application/json": true, "application/json; charset=UTF-8": true, "Application/JSON;charset=utf-8": true,
		"application/json; charset=gbk": false, "application/json; x=y": false, "text/json": false, "application/xml": false,
		"application/json, text/plain": false, "": false, "application/problem+json": false,
	} {
		r := request("/things/a/parts/1", "", `{"text":""}`)
		r.Header.Set("Content-Type", kind)
		if _, err := s.read(r); (err == nil) != good || err != nil && fault.CodeOf(err) != fault.ContentType {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

// FuzzContent takes anything for a request: what comes out passes the form, and
// survives the way through the exit's request unchanged.
func FuzzContent(f *testing.F) {
	f.Add("/things/a/parts/1", "q=1&list=2&list=3&d=1.5&flag=true&raw=AAE%3D", "x", `{"text":"a","number":1,"decimal":1.5,"records":[{"x":"\ud83d\udea2"}]}`, true)
	f.Add("/things/%E5%BE%81/parts/-7", "n=0", "", `{"text":"","z":{"a":[1]},"maybe":null,"raw":"AAE="}`, false)
	f.Add("/things/../parts/1", "q=%zz;", "\u00a0", "{\"text\":\"\x7f\\u0000\"}", true)
	f.Fuzz(func(t *testing.T, path, query, header, body string, drop bool) {
		unknown := "refuse"
		if drop {
			unknown = "drop"
		}
		s := typed(t, unknown)
		r := request(path+"?"+query, "", body)
		if header = strings.Trim(header, " "); header != "" {
			r.Header.Set("X-Text", header)
		}
		content, err := s.read(r)
		if err != nil {
			if code := fault.CodeOf(err); code == fault.InternalError {
				t.Fatalf("%v has no code", err)
			}
			return
		}
		if err := s.form.Request.Check(content, "content"); err != nil {
			t.Fatal(err)
		}
		if _, err := parcel.EncodeRecord(content); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(content, s.again(t, content)); diff != "" {
			t.Fatalf("differs: %s", diff)
		}
	})
}

// FuzzAnswer takes anything for an application's answer: what comes out passes the
// form and can be written to the client.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Text: a\r\nContent-Length: 10\r\n\r\n{\"text\":1}"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"text\":\"\"}\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 103 Early\r\n\r\nHTTP/1.0 404 No\r\nContent-Type: application/json\r\n\r\n{\"error\":\"x\"}"))
	f.Add([]byte("HTTP/1.1 204 None\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := typed(t, "drop")
		in := &bound{r: bytes.NewReader(raw)}
		c := &conn{in: in, br: bufio.NewReader(in)}
		got, _, err := c.read(question{method: s.method, limit: 4 << 10})
		if err != nil {
			return
		}
		content, err := s.take(got)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.TargetFailed && code != fault.ContentInvalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if _, err := parcel.EncodeRecord(content); err != nil {
			t.Fatal(err)
		}
		if _, err := s.rebuild(front.Reply{Content: content}); err != nil {
			t.Fatal(err)
		}
	})
}
