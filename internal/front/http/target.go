// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"dukou.dev/dukou/internal/fault"
)

// Limits of a request target.
const (
	maxTarget   = 8 << 10 // bytes
	maxSegments = 64
	maxPairs    = 128 // of the query
)

func malformed(format string, args ...any) error {
	return fault.New(fault.RequestMalformed, format, args...)
}

// splitTarget reads a request target in origin form, /path?query, into unescaped
// segments and the raw query. It takes the one spelling of a path only, so that no
// other party can read it as another path.
func splitTarget(target string) ([]string, string, error) {
	if len(target) > maxTarget {
		return nil, "", malformed("target of %d bytes, at most %d", len(target), maxTarget)
	}
	raw, query, _ := strings.Cut(target, "?")
	rest, ok := strings.CutPrefix(raw, "/")
	if !ok {
		return nil, "", malformed("target is not a path")
	}
	if rest == "" {
		return nil, query, nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) > maxSegments {
		return nil, "", malformed("path of %d segments, at most %d", len(parts), maxSegments)
	}
	for i, part := range parts {
		var err error
		if parts[i], err = decodeSegment(part); err != nil {
			return nil, "", err
		}
	}
	return parts, query, nil
}

// decodeSegment unescapes one segment of a path and refuses what is not its one
// spelling (an escaped unreserved character, RFC 3986 section 6.2.2.2) and what a
// server behind may take for another path.
func decodeSegment(raw string) (string, error) {
	if raw == "" {
		return "", malformed("path has an empty segment")
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			if !pathChar(raw[i]) {
				return "", malformed("path has byte %#x unescaped", raw[i])
			}
			continue
		}
		if i+2 < len(raw) && unreserved(unhex(raw[i+1])<<4|unhex(raw[i+2])) {
			return "", malformed("path escapes a character that needs no escape")
		}
	}
	text, err := url.PathUnescape(raw)
	if err != nil {
		return "", malformed("path has a broken escape")
	}
	if err := plainText(text); err != nil {
		return "", err
	}
	if text == "." || text == ".." || strings.ContainsAny(text, "/\\") {
		return "", malformed("path has a dot segment or an escaped separator")
	}
	return text, nil
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// pathChar tells what may stand unescaped in a segment, RFC 3986 section 3.3.
func pathChar(c byte) bool { return unreserved(c) || strings.IndexByte("!$&'()*+,;=:@", c) >= 0 }

// unhex is the value of a hexadecimal digit; of anything else, something that
// PathUnescape refuses afterwards.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	default:
		return 0
	}
}

// plainText refuses what is not UTF-8 and control characters.
func plainText(text string) error {
	if !utf8.ValidString(text) {
		return malformed("text is not UTF-8")
	}
	for _, r := range text {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return malformed("text has control character %#x", r)
		}
	}
	return nil
}

// pair is one key and value of a query.
type pair struct{ key, value string }

// splitQuery reads a query of application/x-www-form-urlencoded pairs.
func splitQuery(raw string) ([]pair, error) {
	if raw == "" {
		return nil, nil
	}
	parts := strings.Split(raw, "&")
	if len(parts) > maxPairs {
		return nil, malformed("query of %d pairs, at most %d", len(parts), maxPairs)
	}
	pairs := make([]pair, len(parts))
	for i, part := range parts {
		key, value, _ := strings.Cut(part, "=")
		var err error
		if pairs[i].key, err = decodeQuery(key); err != nil {
			return nil, err
		}
		if pairs[i].value, err = decodeQuery(value); err != nil {
			return nil, err
		}
		if pairs[i].key == "" {
			return nil, malformed("query has a pair without a key")
		}
	}
	return pairs, nil
}

func decodeQuery(raw string) (string, error) {
	for i := range len(raw) {
		// A semicolon separates pairs for some servers and not for others.
		if c := raw[i]; c == ';' || c != '%' && !pathChar(c) && c != '/' && c != '?' {
			return "", malformed("query has byte %#x unescaped", c)
		}
	}
	text, err := url.QueryUnescape(raw)
	if err != nil {
		return "", malformed("query has a broken escape")
	}
	return text, plainText(text)
}
