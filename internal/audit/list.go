// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// The major types of CBOR that a record is made of.
const (
	cborUint  = 0
	cborBytes = 2
	cborText  = 3
	cborList  = 4
)

// list reads the canonical encoding of a list of numbers and strings, and nothing else.
// There are many records, and package canon makes each again to compare. What it gives
// shares memory with what it reads. Errors stick: see end.
type list struct {
	rest []byte
	bad  bool
}

// newList reads the head of a list of n items.
func newList(b []byte, n uint64) list {
	l := list{rest: b}
	l.bad = l.head(cborList) != n || l.bad
	return l
}

// head reads the head of an item: its number, or length, in its shortest form.
func (l *list) head(major byte) uint64 {
	if l.bad || len(l.rest) == 0 || l.rest[0]>>5 != major {
		l.bad = true
		return 0
	}
	info := l.rest[0] & 31
	if info < 24 {
		l.rest = l.rest[1:]
		return uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(l.rest) < 1+size {
		l.bad = true
		return 0
	}
	var word [8]byte
	copy(word[8-size:], l.rest[1:1+size])
	n := binary.BigEndian.Uint64(word[:])
	least := uint64(24)
	if size > 1 {
		least = 1 << (4 * size)
	}
	l.bad = n < least
	l.rest = l.rest[1+size:]
	return n
}

func (l *list) uint() uint64 { return l.head(cborUint) }

// time reads a number that fits an int64.
func (l *list) time() int64 {
	n := l.uint()
	l.bad = l.bad || n > math.MaxInt64
	return int64(n)
}

func (l *list) bytes() []byte { return l.string(cborBytes) }

func (l *list) text() string {
	b := l.string(cborText)
	l.bad = l.bad || !utf8.Valid(b)
	return string(b)
}

func (l *list) string(major byte) []byte {
	n := l.head(major)
	if l.bad || n > uint64(len(l.rest)) {
		l.bad = true
		return nil
	}
	b := l.rest[:n:n]
	l.rest = l.rest[n:]
	return b
}

// fixed reads a string of just len(into) bytes.
func (l *list) fixed(into []byte) {
	b := l.bytes()
	l.bad = l.bad || len(b) != len(into)
	copy(into, b)
}

// end says whether all was read, and was in its one form.
func (l *list) end() bool { return !l.bad && len(l.rest) == 0 }
