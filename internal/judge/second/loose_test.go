// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// loose encodes a tree of values in CBOR as the canonical form does, but for one
// node, where it does something else.
type loose struct {
	*rand.Rand

	out []byte
	at  int // nodes until the one
}

// spoil encodes what data holds with one deviation from the canonical form.
func spoil(r *rand.Rand, data []byte) []byte {
	var v any
	if cbor.Unmarshal(data, &v) != nil {
		return append(data, 0)
	}
	count := loose{Rand: r, at: -1}
	count.value(v)
	l := loose{Rand: r, at: r.IntN(-count.at)}
	l.value(v)
	return l.out
}

// head writes a first byte and its number in at least 1<<wide bytes; wide -1 is the
// shortest.
func (l *loose) head(major byte, n uint64, wide int) {
	need := 0
	for i, least := range []uint64{24, 1 << 8, 1 << 16, 1 << 32} {
		if n >= least {
			need = i + 1
		}
	}
	switch size := max(need, wide+1); size {
	case 0:
		l.out = append(l.out, major<<5|byte(n))
	default:
		l.out = append(l.out, major<<5|byte(23+size))
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], n)
		l.out = append(l.out, b[8-1<<(size-1):]...)
	}
}

// The deviations.
const (
	longer = iota
	indefinite
	tagged
	float
	simple
	null
	otherType
	badText
	twice
	swapped
	gone
	extra
	deep
	deviations
)

func (l *loose) value(v any) {
	how := -1
	if l.at--; l.at == -1 {
		how = l.IntN(deviations)
	}
	wide := -1
	switch how {
	case longer:
		wide = l.IntN(4)
	case tagged:
		l.head(6, uint64(l.IntN(70)), -1)
	case float:
		l.out = append(l.out, []byte{0xf9, 0x3c, 0x00}...)
		return
	case simple:
		l.out = append(l.out, [][]byte{{0xf7}, {0xe0}, {0xf8, 0xff}, {0xff}, {0x1c}, {0xf3}}[l.IntN(6)]...)
		return
	case null:
		l.out = append(l.out, simpleNull)
		return
	case otherType:
		v = []any{uint64(1) << 63, int64(-5), "text", []byte("bytes"), true, []any{}, map[any]any{}, uint64(300), "", []byte{}}[l.IntN(10)]
	case deep:
		for range 40 + l.IntN(12) {
			l.head(4, 1, -1)
		}
	}
	l.plain(v, how, wide)
}

func (l *loose) plain(v any, how, wide int) {
	switch v := v.(type) {
	case uint64:
		l.head(0, v, wide)
	case int64:
		if v >= 0 {
			l.head(0, uint64(v), wide)
		} else {
			l.head(1, uint64(-1-v), wide)
		}
	case []byte:
		l.str(2, string(v), how, wide)
	case string:
		l.str(3, v, how, wide)
	case bool:
		l.out = append(l.out, map[bool]byte{false: simpleFalse, true: simpleTrue}[v])
	case []any:
		l.list(v, how, wide)
	case map[any]any:
		l.mapping(v, how, wide)
	default:
		l.out = append(l.out, simpleNull)
	}
}

func (l *loose) str(major byte, v string, how, wide int) {
	switch how {
	case badText:
		v += []string{"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}[l.IntN(4)]
	case extra:
		v += "x"
	case gone:
		v = v[:len(v)/2]
	case indefinite:
		l.out = append(l.out, major<<5|31)
		l.head(major, uint64(len(v)), wide)
		l.out = append(append(l.out, v...), 0xff)
		return
	case swapped: // a length that is not there
		l.head(major, uint64(len(v))+1<<l.IntN(63), wide)
		l.out = append(l.out, v...)
		return
	}
	l.head(major, uint64(len(v)), wide)
	l.out = append(l.out, v...)
}

func (l *loose) list(v []any, how, wide int) {
	switch how {
	case extra, twice:
		v = append(slices.Clone(v), uint64(0))
	case gone:
		v = v[:len(v)/2]
	}
	if how == indefinite {
		l.out = append(l.out, 4<<5|31)
	} else {
		l.head(4, uint64(len(v)), wide)
	}
	for _, item := range v {
		l.value(item)
	}
	if how == indefinite {
		l.out = append(l.out, 0xff)
	}
}

func (l *loose) mapping(v map[any]any, how, wide int) {
	keys := slices.SortedFunc(maps.Keys(v), func(a, b any) int {
		x, okX := a.(string)
		y, okY := b.(string)
		if !okX || !okY || before(x, y) {
			return -1
		}
		return 1
	})
	switch {
	case how == twice && len(keys) > 0:
		i := l.IntN(len(keys))
		keys = slices.Insert(keys, i, keys[i])
	case how == swapped && len(keys) > 1:
		i := 1 + l.IntN(len(keys)-1)
		keys[0], keys[i] = keys[i], keys[0]
	case how == gone && len(keys) > 0:
		keys = keys[1:]
	}
	if how == indefinite {
		l.out = append(l.out, 5<<5|31)
	} else {
		l.head(5, uint64(len(keys)), wide)
	}
	for _, k := range keys {
		l.value(k)
		l.value(v[k])
	}
	if how == indefinite {
		l.out = append(l.out, 0xff)
	}
}
