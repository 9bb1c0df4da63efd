// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// UnmarshalMap decodes a map of names to values of any type, and accepts the
// canonical encoding only. It is Unmarshal for content, of which there is much: the
// bytes are looked at instead of being made again.
func UnmarshalMap(data []byte) (map[string]any, error) {
	var m map[string]any
	if err := mode.dec.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if rest, ok := canonical(data); !ok || len(rest) > 0 || m == nil {
		return nil, fmt.Errorf("decode: %w", ErrNotCanonical)
	}
	return m, nil
}

const text = 3 // major type

// canonical skips one item that the library has found well-formed, and tells whether
// it is in core deterministic encoding: shortest heads, keys in the order of their
// bytes, no tag, no undefined and no number with a fraction, which content has not.
func canonical(data []byte) (rest []byte, ok bool) {
	major, n, rest, ok := head(data)
	if !ok {
		return nil, false
	}
	switch major {
	case 0, 1: // integers
		return rest, true
	case 2, text: // strings
		if uint64(len(rest)) < n {
			return nil, false
		}
		return rest[n:], true
	case 4: // list
		for ; n > 0 && ok; n-- {
			rest, ok = canonical(rest)
		}
		return rest, ok
	case 5: // map
		return canonicalMap(rest, n)
	default: // null and truth
		return rest, major == 7 && n >= 20 && n <= 22
	}
}

func canonicalMap(rest []byte, n uint64) (_ []byte, ok bool) {
	var last []byte
	for i := range n {
		after, ok := canonical(rest)
		if !ok || rest[0]>>5 != text { // the library takes null for an empty name
			return nil, false
		}
		key := rest[:len(rest)-len(after)]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return nil, false
		}
		last = key
		if rest, ok = canonical(after); !ok {
			return nil, false
		}
	}
	return rest, true
}

// head reads the first bytes of an item, which give its major type and its number or
// length, and wants them to be the shortest that can.
func head(data []byte) (major byte, n uint64, rest []byte, ok bool) {
	if len(data) == 0 {
		return 0, 0, nil, false
	}
	major, n, rest = data[0]>>5, uint64(data[0]&31), data[1:]
	if n < 24 {
		return major, n, rest, true
	}
	size := 1 << (n - 24)
	if n > 27 || len(rest) < size || major == 7 {
		return 0, 0, nil, false
	}
	var wide [8]byte
	copy(wide[8-size:], rest)
	n = binary.BigEndian.Uint64(wide[:])
	least := uint64(24)
	if size > 1 {
		least = 1 << (8 * size / 2)
	}
	return major, n, rest[size:], n >= least
}
