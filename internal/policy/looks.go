// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"dukou.dev/dukou/internal/label"
)

// part is what policies look at in a value: all of it, or in a record some fields.
// With neither they ask only whether it is there.
type part struct {
	all    bool
	fields map[string]*part
}

func (p *part) at(name string) *part {
	if p.fields == nil {
		p.fields = map[string]*part{}
	}
	if p.fields[name] == nil {
		p.fields[name] = &part{}
	}
	return p.fields[name]
}

// looks is what the policies of a slice look at. Cedar has no names that are made while
// it runs, so what no policy spells out is not looked at, and is not built.
type looks struct {
	query part            // the context
	names map[string]bool // attributes of anything else, as of an entity
}

func (l *looks) bucket(b *bucket) {
	l.entries(b.anyone)
	for _, list := range b.of {
		l.entries(list)
	}
}

func (l *looks) entries(list []entry) {
	for _, e := range list {
		for _, c := range e.policy.AST().Conditions {
			ast.Inspect(ast.NewNode(c.Body), l.node)
		}
	}
}

// node takes down what a node looks at, and says whether to go on below it.
func (l *looks) node(n ast.IsNode) bool {
	switch n := n.(type) {
	case ast.NodeTypeHas:
		if path, ok := contextPath(n.Arg); ok {
			l.descend(path).at(string(n.Value))
			return false
		}
		l.name(n.Value)
	case ast.NodeTypeAccess:
		if path, ok := contextPath(n); ok {
			l.descend(path).all = true
			return false
		}
		l.name(n.Value)
	case ast.NodeTypeVariable:
		if n.Name == "context" {
			l.query.all = true
		}
	}
	return true
}

func (l *looks) name(name cedar.String) {
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[string(name)] = true
}

func (l *looks) descend(path []string) *part {
	at := &l.query
	for _, name := range path {
		at = at.at(name)
	}
	return at
}

// contextPath is b, c of context.b.c; an empty one is the context itself.
func contextPath(n ast.IsNode) (path []string, ok bool) {
	switch n := n.(type) {
	case ast.NodeTypeVariable:
		return nil, n.Name == "context"
	case ast.NodeTypeAccess:
		path, ok = contextPath(n.Arg)
		return append(path, string(n.Value)), ok
	default:
		return nil, false
	}
}

// principal is the attributes of a subject that are looked at.
func (l *looks) principal(name, zone string, clearance label.Level) cedar.Record {
	var m cedar.RecordMap
	set := func(key string, value cedar.Value) {
		if m == nil {
			m = cedar.RecordMap{}
		}
		m[cedar.String(key)] = value
	}
	if l.names["name"] {
		set("name", cedar.String(name))
	}
	if l.names["zone"] {
		set("zone", cedar.String(zone))
	}
	if l.names["clearance"] {
		set("clearance", cedar.Long(clearance))
	}
	return cedar.NewRecord(m)
}

// context is what is looked at of a query on flow f in a class.
func (l *looks) context(q Query, f *Flow, class label.Class) cedar.Record {
	var m cedar.RecordMap
	for _, name := range [...]string{"flow", "kind", "protocol", "purpose", "assurance", "confidentiality", "integrity", "content", "size"} {
		at := l.query.fields[name]
		if l.query.all {
			at = &part{all: true}
		}
		if at == nil {
			continue
		}
		if m == nil {
			m = cedar.RecordMap{}
		}
		m[cedar.String(name)] = contextField(name, at, q, f, class)
	}
	return cedar.NewRecord(m)
}

func contextField(name string, at *part, q Query, f *Flow, class label.Class) cedar.Value {
	switch name {
	case "flow":
		return cedar.String(f.Name)
	case "kind":
		return cedar.String(q.Header.Kind.String())
	case "protocol":
		return cedar.String(q.Label.Protocol)
	case "purpose":
		return cedar.String(q.Label.Purpose)
	case "assurance":
		return cedar.String(q.Label.Assurance)
	case "confidentiality":
		return cedar.Long(class.Confidentiality)
	case "integrity":
		return cedar.Long(class.Integrity)
	case "content":
		return cedarRecord(q.Content, at)
	default: // size
		return cedar.Long(int64(min(q.Header.Body.Size, 1<<62)))
	}
}
