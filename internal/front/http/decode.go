// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"dukou.dev/dukou/internal/policy"
)

// Limits of a JSON text, beside its size.
const (
	maxDepth  = policy.MaxDepth + 4
	maxValues = 1 << 17
)

// decodeJSON reads one JSON text by a schema. Fields that the schema does not name
// are refused or dropped; of what is dropped the form is checked too. Errors are
// RequestMalformed for what is not good JSON, ContentInvalid for another type.
func decodeJSON(s *policy.Schema, data []byte, refuse bool, where string) (any, error) {
	// Decoder.Token is laxer than Valid and repairs broken text without a word.
	if !utf8.Valid(data) || !json.Valid(data) || loneSurrogate(data) {
		return nil, malformed("%s is not JSON in UTF-8", where)
	}
	d := decoder{Decoder: json.NewDecoder(bytes.NewReader(data)), refuse: refuse}
	d.UseNumber()
	return d.value(s, where, 0)
}

type decoder struct {
	*json.Decoder
	refuse bool
	values int
}

// value reads one value; a nil schema drops it.
func (d *decoder) value(s *policy.Schema, where string, depth int) (any, error) {
	if d.values++; depth > maxDepth || d.values > maxValues {
		return nil, malformed("%s is deeper than %d or of more than %d values", where, maxDepth, maxValues)
	}
	t, err := d.Token()
	if err != nil {
		return nil, malformed("%s is not JSON", where)
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return d.record(s, where, depth)
		}
		return d.list(s, where, depth)
	case json.Number:
		return number(s, string(t), where)
	case string:
		return textValue(s, t, where)
	case bool:
		if s == nil || s.Type == policy.Boolean {
			return t, nil
		}
	case nil:
		return nil, nil // Check refuses it where the schema does not allow it
	}
	return nil, invalid("%s is not a %s", where, s.Type)
}

func number(s *policy.Schema, text, where string) (any, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.Type == policy.Integer:
		return parseInteger(text, where)
	case s.Type == policy.Decimal && decimalForm.MatchString(text):
		return text, nil
	default:
		return nil, invalid("%s is not a %s", where, s.Type)
	}
}

func textValue(s *policy.Schema, text, where string) (any, error) {
	switch {
	case s == nil || s.Type == policy.Text:
		return text, nil
	case s.Type == policy.Bytes:
		return parseBytes(text, where)
	default:
		return nil, invalid("%s is not a %s", where, s.Type)
	}
}

func (d *decoder) list(s *policy.Schema, where string, depth int) (any, error) {
	if s != nil && s.Type != policy.List {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	items := []any{}
	var schema *policy.Schema
	if s != nil {
		schema = s.Items
	}
	for d.More() {
		item, err := d.value(schema, where+"["+strconv.Itoa(len(items))+"]", depth+1)
		if err != nil {
			return nil, err
		}
		if s != nil {
			items = append(items, item)
		}
	}
	_, err := d.Token()
	return items, err
}

func (d *decoder) record(s *policy.Schema, where string, depth int) (any, error) {
	if s != nil && s.Type != policy.Record {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	fields, seen := map[string]any{}, map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, malformed("%s is not JSON", where)
		}
		name, _ := t.(string)
		if seen[name] {
			return nil, malformed("%s has field %.64q twice", where, name)
		}
		seen[name] = true
		if err := d.field(s, fields, name, where, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return fields, err
}

func (d *decoder) field(s *policy.Schema, into map[string]any, name, where string, depth int) error {
	f := field(s, name)
	if f == nil {
		if s != nil && d.refuse {
			return invalid("%s: field %.64q is not one that crosses", where, name)
		}
		_, err := d.value(nil, where, depth+1)
		return err
	}
	v, err := d.value(&f.Schema, where+"."+name, depth+1)
	into[name] = v
	return err
}

// loneSurrogate finds an escaped half of a UTF-16 pair in valid JSON: encoding/json
// would put another character in its place.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		unit := escapedUnit(data[i:])
		if unit < 0xd800 || unit > 0xdfff {
			continue
		}
		if unit >= 0xdc00 || len(data) < i+11 || data[i+5] != '\\' {
			return true
		}
		if low := escapedUnit(data[i+6:]); low < 0xdc00 || low > 0xdfff {
			return true
		}
		i += 10
	}
	return false
}

// escapedUnit is the unit of uXXXX, -1 for another escape.
func escapedUnit(b []byte) int {
	if len(b) < 5 || b[0] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
