// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package description reads the description of the center's interface (OpenAPI 3.1, as
// the center writes it) as far as a command line needs it: for each call its verb, what
// it takes, and how. It is not a reader for descriptions of other origin.
package description

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Operation is one call of the interface.
type Operation struct {
	ID, Method, Path string // the path as it is called, with {names}
	Verb             string // of the command line: "account create"; empty for none
	Group            string
	Summary, Help    string
	May              []string // who may call: duties, "host", "anyone"
	Fresh            bool     // the second factor is asked again
	Conditional      bool     // it takes If-Match: the revision that was read

	Arguments []Value // names of the path, in their order
	Query     []Value
	Body      *Body // nil for none
}

// Body is what a call takes beside its address.
type Body struct {
	Type     string  // media type
	Fields   []Value // of a JSON object, sorted by name; nil for what is sent as it is
	Required bool
}

// Kind is what a value is, seen from a command line.
type Kind int

// The kinds.
const (
	Text  Kind = iota
	Whole      // an integer
	Real       // any number
	Yes        // true or false
	Time       // RFC 3339
	Texts      // a list of texts
	Pairs      // names with texts
	JSON       // anything else, as JSON
)

// Value is something that a call takes.
type Value struct {
	Name     string // as the call has it
	Help     string
	Kind     Kind
	Enum     []string
	Default  string
	Required bool
	Secret   bool // not to be seen on a command line
	Long     bool // a text that may come from a file
	Explode  bool // a list of a query: the name is repeated, else its texts are joined by commas
}

// Read reads a description.
func Read(text []byte) ([]Operation, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("description of the interface: %w", err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		return nil, fmt.Errorf("description of the interface: OpenAPI %q, not 3.1", d.OpenAPI)
	}
	var list []Operation
	for path, methods := range d.Paths {
		for method, o := range methods {
			operation, err := d.operation(method, path, &o)
			if err != nil {
				return nil, fmt.Errorf("description of %s %s: %w", method, path, err)
			}
			list = append(list, operation)
		}
	}
	slices.SortFunc(list, func(a, b Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return list, nil
}

// document is the part of OpenAPI 3.1 that is read.
type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string      `json:"operationId"`
	Summary    string      `json:"summary"`
	Help       string      `json:"description"`
	Tags       []string    `json:"tags"`
	Verb       string      `json:"x-dukou-verb"`
	May        []string    `json:"x-dukou-may"`
	Fresh      bool        `json:"x-dukou-fresh"`
	Parameters []parameter `json:"parameters"`
	Body       *struct {
		Required bool                  `json:"required"`
		Content  map[string]*mediaType `json:"content"`
	} `json:"requestBody"`
}

type parameter struct {
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Help     string  `json:"description"`
	Required bool    `json:"required"`
	Explode  bool    `json:"explode"`
	Schema   *schema `json:"schema"`
}

type mediaType struct {
	Schema *schema `json:"schema"`
}

func (d *document) operation(method, path string, o *operation) (Operation, error) {
	out := Operation{
		ID: o.ID, Method: strings.ToUpper(method), Path: path, Verb: strings.TrimSpace(o.Verb),
		Summary: o.Summary, Help: o.Help, May: o.May, Fresh: o.Fresh,
	}
	if len(o.Tags) > 0 {
		out.Group = o.Tags[0]
	}
	if o.ID == "" {
		return out, errors.New("it has no operationId")
	}
	for _, p := range o.Parameters {
		v, err := d.value(p.Name, p.Help, p.Required, p.Schema)
		if err != nil {
			return out, err
		}
		v.Explode = p.Explode
		switch {
		case p.In == "path":
			out.Arguments = append(out.Arguments, v)
		case p.In == "query":
			out.Query = append(out.Query, v)
		case p.In == "header" && http.CanonicalHeaderKey(p.Name) == "If-Match":
			out.Conditional = true
		}
	}
	slices.SortStableFunc(out.Arguments, func(a, b Value) int {
		return strings.Index(path, "{"+a.Name+"}") - strings.Index(path, "{"+b.Name+"}")
	})
	if o.Body == nil {
		return out, nil
	}
	var err error
	out.Body, err = d.body(o)
	return out, err
}

// body is a JSON object with its fields where the call takes one, else bytes.
func (d *document) body(o *operation) (*Body, error) {
	const asJSON = "application/json"
	b := &Body{Type: asJSON, Required: o.Body.Required}
	media, isJSON := o.Body.Content[asJSON]
	if !isJSON {
		for name := range o.Body.Content {
			b.Type = name
		}
		return b, nil
	}
	s, err := d.resolve(media.Schema)
	if err != nil {
		return nil, err
	}
	b.Fields = []Value{}
	for name, field := range s.Properties {
		v, err := d.value(name, "", slices.Contains(s.Required, name), field)
		if err != nil {
			return nil, err
		}
		b.Fields = append(b.Fields, guard(v))
	}
	slices.SortFunc(b.Fields, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return b, nil
}
