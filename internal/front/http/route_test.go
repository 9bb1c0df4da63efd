// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/policy"
)

// tableOf compiles a flow with a form for each "METHOD template".
func tableOf(t *testing.T, routes []string) *table {
	t.Helper()
	field := func(name string, s policy.Schema) policy.Field {
		return policy.Field{Name: name, Required: true, Schema: s}
	}
	p, err := policy.Compile(fronttest.Bundle(1, fronttest.Permit, func(f *policy.Flow) {
		f.Protocol = "http"
		for _, route := range routes {
			method, template, _ := strings.Cut(route, " ")
			var path []policy.Field
			for part := range strings.SplitSeq(template, "/") {
				if name, ok := strings.CutPrefix(part, "{"); ok {
					path = append(path, field(strings.TrimSuffix(name, "}"), policy.Schema{Type: policy.Text, Max: 9}))
				}
			}
			s := policy.Schema{Type: policy.Record}
			if path != nil {
				s.Fields = append(s.Fields, field("path", policy.Schema{Type: policy.Record, Fields: path}))
			}
			f.Forms = append(f.Forms, policy.Form{Name: route, Request: s})
			f.Routes = append(f.Routes, policy.Route{Form: route, Method: method, Path: template})
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return newTable(p, fronttest.Front, slog.New(slog.DiscardHandler))
}

// TestRoutes shows which of several routes a path finds, in whatever order the
// bundle lists them.
func TestRoutes(t *testing.T) {
	routes := []string{"GET /{a}/{b}", "GET /{a}/y", "GET /x/{b}", "GET /x/y", "GET /{a}", "GET /", "PUT /x/{b}", "DELETE /x/w"}
	for turn := range routes {
		order := slices.Concat(routes[turn:], routes[:turn])
		table := tableOf(t, order)
		for ask, want := range map[string]string{
			"GET /x/y": "GET /x/y", "GET /x/z": "GET /x/{b}", "GET /z/y": "GET /{a}/y", "GET /z/z": "GET /{a}/{b}",
			"GET /z": "GET /{a}", "GET /": "GET /", "GET /x/y/z": "", "PUT /x/y": "PUT /x/{b}", "GET /x/w": "GET /x/{b}", "PUT /z/z": "GET",
			"PATCH /x/w": "DELETE GET PUT", "GET /X/y": "GET /{a}/y",
		} {
			method, target, _ := strings.Cut(ask, " ")
			path, _, err := splitTarget(target)
			if err != nil {
				t.Fatal(err)
			}
			s, allow := table.find(fronttest.Listener, method, path)
			got := strings.Join(allow, " ")
			if s != nil {
				got = s.form.Name
			}
			if got != want {
				t.Errorf("%v: %s finds %q, want %q", order, ask, got, want)
			}
		}
		if s, _ := table.find("another", "GET", nil); s != nil {
			t.Error("another listener has the routes too")
		}
	}
}

// TestRoutesThatCannotBe shows that a route is left out where HTTP cannot carry it.
func TestRoutesThatCannotBe(t *testing.T) {
	for _, route := range []string{
		"CONNECT /x", "HEAD /x", "get /x", "GET x", "GET /x//y", "GET /../x", "GET /%78", "GET /x y", "GET /{a", "GET /x?y=1",
	} {
		if table := tableOf(t, []string{route}); len(table.routes[fronttest.Listener]) != 0 {
			t.Errorf("%q is served", route)
		}
	}
	for _, name := range []string{"host", "Content-Length", "transfer-encoding", "authorization", "x-subject", "X-Forwarded-For", "cookie", "a b", ""} {
		s := typed(t, "drop")
		s.header.Fields[0].Name = name
		if err := s.compile(); err == nil {
			t.Errorf("header %q may cross", name)
		}
	}
	for _, name := range []string{"set-cookie", "server", "transfer-encoding"} {
		s := typed(t, "drop")
		s.form.Answers[0].Schema.Fields[2].Schema.Fields[0].Name = name
		if err := s.compile(); err == nil {
			t.Errorf("header %q may come back", name)
		}
	}
}
