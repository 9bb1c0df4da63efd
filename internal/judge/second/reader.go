// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// Limits of the canonical form (docs/formats/label.md).
const (
	maxDepth = 48
	maxItems = 1 << 17
	maxPairs = 1 << 12
)

// The major types of CBOR, in the three high bits of a first byte.
const (
	majorUint   = 0
	majorNegint = 1
	majorBytes  = 2
	majorText   = 3
	majorList   = 4
	majorMap    = 5
)

// The simple values that content may have, as whole first bytes.
const (
	simpleFalse = 0xf4
	simpleTrue  = 0xf5
	simpleNull  = 0xf6
)

// reader walks canonical CBOR and nothing else: the first byte that a canonical
// encoder would not have written makes it bad for good, and everything that it gives
// after that is zero. So nothing has to be encoded again.
type reader struct {
	data []byte
	text string // data, or its beginning, once as text: what is read is cut from it
	at   int
	bad  bool
}

func (r *reader) fail() { r.bad = true }

// whole says that all was read, and all of it was good.
func (r *reader) whole() bool { return !r.bad && r.at == len(r.data) }

// peek is the next first byte, zero at the end.
func (r *reader) peek() byte {
	if r.bad || r.at >= len(r.data) {
		return 0
	}
	return r.data[r.at]
}

// argument reads a first byte and the number with it, in its shortest form.
func (r *reader) argument() (major byte, n uint64) {
	if r.bad || r.at >= len(r.data) {
		r.fail()
		return 0, 0
	}
	first := r.data[r.at]
	r.at++
	major, info := first>>5, first&31
	if info < 24 {
		return major, uint64(info)
	}
	if info > 27 { // reserved, or of indefinite length
		r.fail()
		return 0, 0
	}
	size := 1 << (info - 24)
	if len(r.data)-r.at < size {
		r.fail()
		return 0, 0
	}
	var wide [8]byte
	copy(wide[8-size:], r.data[r.at:])
	r.at += size
	n = binary.BigEndian.Uint64(wide[:])
	if n < shortest[info-24] {
		r.fail()
		return 0, 0
	}
	return major, n
}

// shortest are the least numbers that need 1, 2, 4 and 8 bytes.
var shortest = [4]uint64{24, 1 << 8, 1 << 16, 1 << 32} //nolint:gochecknoglobals // a constant table

// of reads the argument of an item that must be of a major type.
func (r *reader) of(want byte) uint64 {
	major, n := r.argument()
	if major != want {
		r.fail()
		return 0
	}
	return n
}

func (r *reader) uint() uint64 { return r.of(majorUint) }

// small reads a number that fits a byte.
func (r *reader) small() uint8 {
	n := r.uint()
	if n > math.MaxUint8 {
		r.fail()
		return 0
	}
	return uint8(n)
}

// integer reads a number of 64 bits with sign.
func (r *reader) integer() int64 {
	major, n := r.argument()
	if major > majorNegint || n > math.MaxInt64 {
		r.fail()
		return 0
	}
	if major == majorNegint {
		return -1 - int64(n)
	}
	return int64(n)
}

// span reads a string of a major type and gives where it lies.
func (r *reader) span(major byte) (from, to int) {
	n := r.of(major)
	if r.bad || n > uint64(len(r.data)-r.at) {
		r.fail()
		return 0, 0
	}
	from = r.at
	r.at += int(n)
	return from, r.at
}

// octets reads a byte string; it is a part of the data, not a copy.
func (r *reader) octets() []byte {
	from, to := r.span(majorBytes)
	return r.data[from:to:to]
}

// fixed reads a byte string of exactly the length of out.
func (r *reader) fixed(out []byte) {
	from, to := r.span(majorBytes)
	if to-from != len(out) {
		r.fail()
		return
	}
	copy(out, r.data[from:to])
}

// textSpan reads text, which must be UTF-8.
func (r *reader) textSpan() (from, to int) {
	from, to = r.span(majorText)
	if !utf8.Valid(r.data[from:to]) {
		r.fail()
		return 0, 0
	}
	return from, to
}

func (r *reader) string() string {
	from, to := r.textSpan()
	if to <= len(r.text) {
		return r.text[from:to]
	}
	return string(r.data[from:to])
}

// list reads the head of a list of exactly n items.
func (r *reader) list(n uint64) {
	if r.of(majorList) != n {
		r.fail()
	}
}

// count reads the head of a list or map of at most limit items, each of which takes
// at least size bytes.
func (r *reader) count(major byte, limit, size int) int {
	n := r.of(major)
	if r.bad || n > uint64(limit) || n > uint64((len(r.data)-r.at)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// before is the order of keys in a map: as their encodings compare, which is the
// shorter first.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// record reads a whole map of text to values.
func (r *reader) record(depth int) map[string]any {
	if depth > maxDepth {
		r.fail()
		return nil
	}
	n := r.count(majorMap, maxPairs, 2)
	m := make(map[string]any, n)
	last := ""
	for i := range n {
		key := r.string()
		if i > 0 && !before(last, key) {
			r.fail()
		}
		last = key
		value := r.value(depth + 1)
		if r.bad {
			return nil
		}
		m[key] = value
	}
	return m
}

// value reads one value of the kinds that content may have. A list or map in it is
// at depth.
func (r *reader) value(depth int) any {
	switch first := r.peek(); first >> 5 {
	case majorUint, majorNegint:
		return r.integer()
	case majorBytes:
		return r.octets()
	case majorText:
		return r.string()
	case majorList:
		return r.items(depth)
	case majorMap:
		return r.record(depth)
	default:
		return r.simple(first)
	}
}

func (r *reader) simple(first byte) any {
	r.at++
	switch first {
	case simpleFalse:
		return false
	case simpleTrue:
		return true
	case simpleNull:
		return nil
	default: // a tag, a float, or another simple value
		r.fail()
		return nil
	}
}

func (r *reader) items(depth int) any {
	if depth > maxDepth {
		r.fail()
		return nil
	}
	n := r.count(majorList, maxItems, 1)
	list := make([]any, 0, n)
	for range n {
		if list = append(list, r.value(depth+1)); r.bad {
			return nil
		}
	}
	return list
}
