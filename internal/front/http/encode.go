// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"dukou.dev/dukou/internal/policy"
)

// appendJSON writes a value of a schema: fields in the schema's order, no spaces,
// text unescaped but for quotes, backslashes and control characters. The same
// content gives the same bytes.
func appendJSON(b []byte, s *policy.Schema, v any, where string) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case []byte:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"'), nil
	case string:
		if s.Type == policy.Decimal {
			if !decimalForm.MatchString(v) {
				return nil, invalid("%s is not a decimal", where)
			}
			return append(b, v...), nil
		}
		return appendText(b, v, where)
	case []any:
		return appendList(b, s, v, where)
	case map[string]any:
		return appendRecord(b, s, v, where)
	default:
		return nil, invalid("%s: a %T does not cross", where, v)
	}
}

func appendList(b []byte, s *policy.Schema, v []any, where string) ([]byte, error) {
	if s.Type != policy.List {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	b = append(b, '[')
	for i, item := range v {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, s.Items, item, where); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendRecord(b []byte, s *policy.Schema, v map[string]any, where string) ([]byte, error) {
	if s.Type != policy.Record {
		return nil, invalid("%s is not a %s", where, s.Type)
	}
	b = append(b, '{')
	first := true
	for i := range s.Fields {
		f := &s.Fields[i]
		item, ok := v[f.Name]
		if !ok {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		var err error
		if b, err = appendText(b, f.Name, where); err != nil {
			return nil, err
		}
		b = append(b, ':')
		if b, err = appendJSON(b, &f.Schema, item, where+"."+f.Name); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendText(b []byte, text, where string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, invalid("%s is not UTF-8", where)
	}
	const hex = "0123456789abcdef"
	b = append(b, '"')
	plain := 0 // where what needs no escape begins
	for i := range len(text) {
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
			continue
		}
		b = append(b, text[plain:i]...)
		plain = i + 1
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, text[plain:]...)
	return append(b, '"'), nil
}
