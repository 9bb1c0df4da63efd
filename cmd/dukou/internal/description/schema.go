// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package description

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// schema is the part of JSON Schema that is read.
type schema struct {
	Type       types              `json:"type"`
	Ref        string             `json:"$ref"`
	Help       string             `json:"description"`
	Format     string             `json:"format"`
	Encoding   string             `json:"contentEncoding"`
	Items      *schema            `json:"items"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Enum       []any              `json:"enum"`
	Default    any                `json:"default"`
	MaxLength  int                `json:"maxLength"`
	WriteOnly  bool               `json:"writeOnly"`
	Additional json.RawMessage    `json:"additionalProperties"` // a schema, or true or false
}

// types is one type or several, of which "null" says that nothing may stand there.
type types []string

// UnmarshalJSON reads a name or a list of names.
func (t *types) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func (t types) name() string {
	for _, name := range t {
		if name != "null" {
			return name
		}
	}
	return ""
}

// longText is from how many characters on a text may be wanted from a file.
const longText = 1024

// maxReferences bounds how often one schema may refer to another one.
const maxReferences = 8

func (d *document) resolve(s *schema) (*schema, error) {
	for range maxReferences {
		if s == nil {
			return &schema{}, nil
		}
		if s.Ref == "" {
			return s, nil
		}
		name := strings.TrimPrefix(s.Ref, "#/components/schemas/")
		next, ok := d.Components.Schemas[name]
		if !ok {
			return nil, fmt.Errorf("it refers to %q, which is not there", s.Ref)
		}
		if next.Help == "" && s.Help != "" {
			named := *next
			named.Help = s.Help
			next = &named
		}
		s = next
	}
	return nil, fmt.Errorf("%q refers on and on", s.Ref)
}

func (d *document) value(name, help string, required bool, s *schema) (Value, error) {
	s, err := d.resolve(s)
	if err != nil {
		return Value{}, err
	}
	v := Value{Name: name, Help: help, Required: required}
	if v.Help == "" {
		v.Help = s.Help
	}
	if v.Kind, err = d.kind(s); err != nil {
		return Value{}, err
	}
	enum := s.Enum
	if v.Kind == Texts {
		if items, err := d.resolve(s.Items); err == nil {
			enum = items.Enum
		}
	}
	for _, e := range enum {
		v.Enum = append(v.Enum, fmt.Sprint(e))
	}
	if s.Default != nil && v.Kind != JSON && v.Kind != Texts && v.Kind != Pairs {
		v.Default = fmt.Sprint(s.Default)
	}
	v.Long = v.Kind == Text && s.MaxLength >= longText
	v.Secret = v.Kind == Text && (s.WriteOnly || s.Format == "password")
	return v, nil
}

func (d *document) kind(s *schema) (Kind, error) {
	switch s.Type.name() {
	case "string":
		if s.Format == "date-time" {
			return Time, nil
		}
		return Text, nil
	case "integer":
		return Whole, nil
	case "number":
		return Real, nil
	case "boolean":
		return Yes, nil
	case "array":
		items, err := d.resolve(s.Items)
		if err != nil {
			return JSON, err
		}
		if items.Type.name() == "string" && items.Encoding == "" {
			return Texts, nil
		}
		return JSON, nil
	default:
		return d.objectKind(s)
	}
}

func (d *document) objectKind(s *schema) (Kind, error) {
	var additional schema
	if len(s.Properties) > 0 || json.Unmarshal(s.Additional, &additional) != nil {
		return JSON, nil //nolint:nilerr // true and false are no schemas
	}
	values, err := d.resolve(&additional)
	if err == nil && values.Type.name() == "string" {
		return Pairs, nil
	}
	return JSON, err
}

// guard marks values of a body that are secrets by their name, whatever else the
// description says: a command line is read by every user of the host.
func guard(v Value) Value {
	v.Secret = v.Secret || v.Kind == Text && secretName(v.Name)
	return v
}

func secretName(name string) bool {
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
	return slices.Contains([]string{"code", "totp", "otp", "secret", "passphrase"}, name) ||
		strings.HasSuffix(name, "password") || strings.HasSuffix(name, "secret") || strings.HasSuffix(name, "token")
}
