// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// MarshalMap is the canonical encoding of a map of names to values as UnmarshalMap
// gives them: nil, bool, int64, string, []byte, []any and maps of such. It is Marshal
// for content, of which there is much: without reflection.
func MarshalMap(m map[string]any) ([]byte, error) { return appendItem(make([]byte, 0, 512), m) }

func appendItem(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, 7<<5|22), nil
	case bool:
		if v {
			return append(b, 7<<5|21), nil
		}
		return append(b, 7<<5|20), nil
	case int64:
		if v < 0 {
			return appendHead(b, 1, uint64(-1-v)), nil
		}
		return appendHead(b, 0, uint64(v)), nil
	case []byte:
		return append(appendHead(b, 2, uint64(len(v))), v...), nil
	case string:
		return append(appendHead(b, text, uint64(len(v))), v...), nil
	case []any:
		b = appendHead(b, 4, uint64(len(v)))
		var err error
		for i := 0; i < len(v) && err == nil; i++ {
			b, err = appendItem(b, v[i])
		}
		return b, err
	case map[string]any:
		return appendMap(b, v)
	default:
		return nil, fmt.Errorf("encode: a %T is no content", v)
	}
}

// appendMap writes the names in the order of their encoded bytes: a longer one has a
// larger head.
func appendMap(b []byte, m map[string]any) ([]byte, error) {
	var few [16]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	})
	b = appendHead(b, 5, uint64(len(names)))
	for _, name := range names {
		b = append(appendHead(b, text, uint64(len(name))), name...)
		var err error
		if b, err = appendItem(b, m[name]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendHead writes the first bytes of an item in the fewest that can hold n.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, major|27), n)
	}
}
