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

var (
	integerForm = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,18})$`) //nolint:gochecknoglobals // a constant
	// The form of policy.Decimal: a number of JSON without an exponent.
	decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,18})?$`) //nolint:gochecknoglobals // a constant
)

func invalid(format string, args ...any) error {
	return fault.New(fault.ContentInvalid, format, args...)
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
		return parseInteger(text, where)
	case policy.Boolean:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
	case policy.Bytes:
		return parseBytes(text, where)
	default:
	}
	return nil, invalid("%s is not a %s", where, s.Type)
}

func parseInteger(text, where string) (any, error) {
	if !integerForm.MatchString(text) {
		return nil, invalid("%s is not an integer", where)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, invalid("%s is not an integer of 64 bits", where)
	}
	return n, nil
}

func parseBytes(text, where string) (any, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(b) != text {
		return nil, invalid("%s is not base64", where)
	}
	return b, nil
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
