// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"regexp"

	"dukou.dev/dukou/internal/label"
)

// Type is the type of one value of the content.
type Type string

// The types. A decimal is text: digits with an optional sign and fraction.
const (
	Text    Type = "string"
	Integer Type = "integer"
	Decimal Type = "decimal"
	Boolean Type = "boolean"
	Bytes   Type = "bytes"
	List    Type = "list"
	Record  Type = "record"
)

// MaxDepth bounds how deep a schema nests.
const MaxDepth = 12

// Schema says which values of one place of the content may cross.
type Schema struct {
	Type     Type
	Min, Max int64  // of an integer: its range; of text (in characters), bytes and lists: the length
	Pattern  string // RE2 that the whole of a text must match; empty for any
	Enum     []string
	Nullable bool
	Items    *Schema      // of a list
	Fields   []Field      // of a record
	Class    *label.Class // least class of content that holds a value here
	// Classifies makes the value itself, 1 to 5, the least confidentiality of the content.
	Classifies bool
	// Secret keeps the value out of the records: passwords, tokens.
	Secret bool

	pattern *regexp.Regexp
}

// Field is one named value of a record.
type Field struct {
	Name     string
	Required bool
	Schema   Schema
}

// compile prepares patterns and refuses what cannot be checked.
func (s *Schema) compile(path string, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("%s: nested deeper than %d", path, MaxDepth)
	}
	if s.Min > s.Max {
		return fmt.Errorf("%s: min %d is above max %d", path, s.Min, s.Max)
	}
	if s.Class != nil && !s.Class.Valid() {
		return fmt.Errorf("%s: class %v", path, *s.Class)
	}
	if rule := s.idle(); rule != "" {
		return fmt.Errorf("%s: a %s has no %s", path, s.Type, rule)
	}
	if s.Pattern != "" {
		p, err := regexp.Compile(s.Pattern) // alone first: "a)|(?:b" would break out of the group
		if err == nil {
			p, err = regexp.Compile(`^(?:` + s.Pattern + `)$`)
		}
		if err != nil {
			return fmt.Errorf("%s: pattern: %w", path, err)
		}
		s.pattern = p
	}
	switch s.Type {
	case Text, Integer, Boolean, Bytes:
	case Decimal:
		s.pattern = decimalForm
	case List:
		if s.Items == nil {
			return fmt.Errorf("%s: a list without items", path)
		}
		return s.Items.compile(path+"[]", depth+1)
	case Record:
		return s.compileFields(path, depth)
	default:
		return fmt.Errorf("%s: unknown type %q", path, s.Type)
	}
	return nil
}

// idle names a rule that the schema states and its type does not look at: whoever
// approved it believes that it holds.
func (s *Schema) idle() string {
	switch {
	case s.Pattern != "" && s.Type != Text:
		return "pattern"
	case len(s.Enum) > 0 && s.Type != Text && s.Type != Decimal:
		return "enumeration"
	case s.Classifies && s.Type != Integer:
		return "value that classifies"
	case s.Items != nil && s.Type != List:
		return "items"
	case len(s.Fields) > 0 && s.Type != Record:
		return "fields"
	default:
		return ""
	}
}

func (s *Schema) compileFields(path string, depth int) error {
	names := map[string]bool{}
	for i := range s.Fields {
		f := &s.Fields[i]
		if names[f.Name] || f.Name == "" {
			return fmt.Errorf("%s: field %q is empty or named twice", path, f.Name)
		}
		names[f.Name] = true
		if err := f.Schema.compile(path+"."+f.Name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,18})?$`)

// Least is the least class that content which passed Check must have.
func (s *Schema) Least(v any) label.Class {
	least := label.Lowest()
	if v == nil {
		return least
	}
	if s.Class != nil {
		least = least.Join(*s.Class)
	}
	switch v := v.(type) {
	case int64:
		if s.Classifies {
			raised := min(max(v, int64(label.MinLevel)), int64(label.MaxLevel))
			least = least.Join(label.Class{Confidentiality: label.Level(raised), Integrity: label.MaxLevel})
		}
	case []any:
		for _, item := range v {
			least = least.Join(s.Items.Least(item))
		}
	case map[string]any:
		for i := range s.Fields {
			if item, ok := v[s.Fields[i].Name]; ok {
				least = least.Join(s.Fields[i].Schema.Least(item))
			}
		}
	}
	return least
}
