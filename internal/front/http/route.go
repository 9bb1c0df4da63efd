// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"cmp"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/policy"
)

// segment is one part of a path template: a literal text or the name of a field.
type segment struct {
	literal string // unescaped
	name    string // empty for a literal
}

// shape is a form as HTTP sees it. A part that the form does not have is nil.
type shape struct {
	flow     *policy.Flow
	form     *policy.Form
	method   string
	segments []segment
	path     *policy.Schema
	query    *policy.Schema
	header   *policy.Schema
	body     *policy.Schema
}

// methods are those that a route may have: what has no answer body, opens a tunnel
// or asks the server about itself does not cross.
func methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// shapeOf finds the route of a form and checks that both fit HTTP.
func shapeOf(f *policy.Flow, name string) (*shape, error) {
	s := &shape{flow: f, form: f.Form(name)}
	if s.form == nil {
		return nil, fmt.Errorf("no form %q", name)
	}
	routes := 0
	for i := range f.Routes {
		if f.Routes[i].Form != name {
			continue
		}
		routes++
		s.method = f.Routes[i].Method
		var err error
		if s.segments, err = parseTemplate(f.Routes[i].Path); err != nil {
			return nil, err
		}
	}
	if routes != 1 || !slices.Contains(methods(), s.method) {
		return nil, fmt.Errorf("form %q has %d routes, the last by method %q; it needs one by %v", name, routes, s.method, methods())
	}
	return s, s.compile()
}

var templateName = regexp.MustCompile(`^\{[A-Za-z_][A-Za-z0-9_-]*\}$`) //nolint:gochecknoglobals // a constant

// parseTemplate reads a path template such as /reports/{person}.
func parseTemplate(template string) ([]segment, error) {
	rest, ok := strings.CutPrefix(template, "/")
	if !ok {
		return nil, fmt.Errorf("path template %q does not start with /", template)
	}
	if rest == "" {
		return nil, nil
	}
	var segments []segment
	for part := range strings.SplitSeq(rest, "/") {
		if templateName.MatchString(part) {
			segments = append(segments, segment{name: part[1 : len(part)-1]})
			continue
		}
		literal, err := decodeSegment(part)
		if err != nil {
			return nil, fmt.Errorf("path template %q: %w", template, err)
		}
		segments = append(segments, segment{literal: literal})
	}
	return segments, nil
}

// compile takes the form's schema apart into the parts of a request.
func (s *shape) compile() error {
	if s.form.Request.Type != policy.Record {
		return fmt.Errorf("form %q is a %s, not a record", s.form.Name, s.form.Request.Type)
	}
	for i := range s.form.Request.Fields {
		f := &s.form.Request.Fields[i]
		switch f.Name {
		case "form":
		case "path":
			s.path = &f.Schema
		case "query":
			s.query = &f.Schema
		case "header":
			s.header = &f.Schema
		case "body":
			s.body = &f.Schema
		default:
			return fmt.Errorf("form %q has %q, which is no part of a request", s.form.Name, f.Name)
		}
	}
	return s.check()
}

func (s *shape) check() error {
	for _, part := range []*policy.Schema{s.path, s.query, s.header} {
		if part != nil && part.Type != policy.Record {
			return fmt.Errorf("form %q: path, query and header are records", s.form.Name)
		}
	}
	if s.header != nil {
		for i := range s.header.Fields {
			if name := s.header.Fields[i].Name; !validName(name) || reserved(name) {
				return fmt.Errorf("form %q: header %q cannot cross", s.form.Name, name)
			}
		}
	}
	// Here and not when an answer comes: by then the application has been asked.
	for i := range s.form.Answers {
		if _, err := answerParts(&s.form.Answers[i].Schema, s.form.Answers[i].Status); err != nil {
			return fmt.Errorf("form %q: %w", s.form.Name, err)
		}
	}
	return s.checkPath()
}

// checkPath wants exactly the template's names, since the exit fills it from them.
func (s *shape) checkPath() error {
	var names []string
	for _, seg := range s.segments {
		if seg.name != "" {
			names = append(names, seg.name)
		}
	}
	fields := 0
	if s.path != nil {
		fields = len(s.path.Fields)
	}
	if fields != len(names) {
		return fmt.Errorf("form %q has %d path fields, its route %d", s.form.Name, fields, len(names))
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) || field(s.path, name) == nil || !field(s.path, name).Required {
			return fmt.Errorf("form %q: path field %q must be there, once, and required", s.form.Name, name)
		}
	}
	return nil
}

// field is the field of a record schema, nil where there is none.
func field(s *policy.Schema, name string) *policy.Field {
	if s == nil {
		return nil
	}
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

func (s *shape) matches(path []string) bool {
	if len(path) != len(s.segments) {
		return false
	}
	for i, seg := range s.segments {
		if seg.name == "" && seg.literal != path[i] {
			return false
		}
	}
	return true
}

// before orders routes: where two templates first differ in kind, the literal is
// first; then by text, method, flow and form, so that the order never depends on
// how the bundle lists them.
func (s *shape) before(o *shape) int {
	for i := range min(len(s.segments), len(o.segments)) {
		a, b := s.segments[i], o.segments[i]
		if (a.name == "") != (b.name == "") {
			if a.name == "" {
				return -1
			}
			return 1
		}
		if c := cmp.Compare(a.literal, b.literal); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(s.segments), len(o.segments)), cmp.Compare(s.method, o.method),
		cmp.Compare(s.flow.Name, o.flow.Name), cmp.Compare(s.form.Name, o.form.Name))
}

// table is the routes of one bundle, by listener.
type table struct {
	policy *policy.Policy
	routes map[string][]*shape
}

// newTable compiles the routes of every http flow that enters by a front. A route
// that cannot be served is logged and left out: it is refused as unknown.
func newTable(p *policy.Policy, front string, log *slog.Logger) *table {
	t := &table{policy: p, routes: map[string][]*shape{}}
	if p == nil {
		return t
	}
	for i := range p.Flows {
		f := &p.Flows[i]
		if f.Entry != front || f.Protocol != "http" {
			continue
		}
		for _, r := range f.Routes {
			s, err := shapeOf(f, r.Form)
			if err != nil {
				log.Warn("a route cannot be served", "flow", f.Name, "form", r.Form, "bundle", p.Version, "error", err)
				continue
			}
			t.routes[f.Listener] = append(t.routes[f.Listener], s)
		}
	}
	for _, routes := range t.routes {
		slices.SortStableFunc(routes, (*shape).before)
	}
	return t
}

// find is the route of a request, or nil and the methods that its path has.
func (t *table) find(listener, method string, path []string) (*shape, []string) {
	var allow []string
	for _, s := range t.routes[listener] {
		if !s.matches(path) {
			continue
		}
		if s.method == method {
			return s, nil
		}
		if !slices.Contains(allow, s.method) {
			allow = append(allow, s.method)
		}
	}
	slices.Sort(allow)
	return nil, allow
}
