// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"encoding/base64"
	"regexp"
	"strconv"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// decimalForm is the form of policy.Decimal: a number of JSON without an exponent.
var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,18})?$`) //nolint:gochecknoglobals // a constant

func invalid(format string, args ...any) error {
	return fault.New(fault.ContentInvalid, format, args...)
}

// unfit says that what is somewhere is not of a schema's type.
func unfit(s *policy.Schema, where string) error {
	switch s.Type {
	case policy.Integer:
		return invalid("%s is not an integer of 64 bits", where)
	case policy.Bytes:
		return invalid("%s is not base64", where)
	default:
		return invalid("%s is not a %s", where, s.Type)
	}
}

// fromText reads the value of a path, query or header field.
func fromText(s *policy.Schema, text, where string) (any, error) {
	if err := plainText(text); err != nil {
		return nil, err
	}
	switch s.Type {
	case policy.Text:
		return text, nil
	case policy.Decimal:
		if decimalForm.MatchString(text) {
			return text, nil
		}
	case policy.Integer:
		if n, ok := parseInteger(text); ok {
			return n, nil
		}
	case policy.Boolean:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
	case policy.Bytes:
		if b, ok := parseBytes(text); ok {
			return b, nil
		}
	default:
	}
	return nil, unfit(s, where)
}

// parseInteger reads an integer of 64 bits in its one spelling.
func parseInteger(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	var again [20]byte
	return n, err == nil && string(strconv.AppendInt(again[:0], n, 10)) == text
}

// parseBytes reads base64 in its one spelling.
func parseBytes(text string) ([]byte, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return b, err == nil && base64.StdEncoding.EncodeToString(b) == text
}

// toText writes a value for a path, query or header field.
func toText(v any, where string) (string, error) {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case int64:
		text = strconv.FormatInt(v, 10)
	case bool:
		text = strconv.FormatBool(v)
	case []byte:
		text = base64.StdEncoding.EncodeToString(v)
	default:
		return "", invalid("%s: a %T has no place outside of a body", where, v)
	}
	if err := plainText(text); err != nil {
		return "", invalid("%s cannot be sent outside of a body", where)
	}
	return text, nil
}
