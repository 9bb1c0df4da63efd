// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"math/bits"

	"dukou.dev/dukou/internal/label"
)

// point is a class as the set of what makes information heavier: a step of secrecy
// for each level of confidentiality, a step of doubt for each level of integrity that
// is lacking, and the categories. One class dominates another if its set contains the
// other's; the least class above two is the union of their sets.
type point struct {
	secrecy    uint8 // bit n: confidentiality above n
	doubt      uint8 // bit n: integrity below 5-n
	categories uint64
}

func pointOf(c label.Class) point {
	return point{
		secrecy: steps(int64(c.Confidentiality)), doubt: steps(5 - int64(c.Integrity)), categories: uint64(c.Categories),
	}
}

// steps is the set of the first n, 0 to 5.
func steps(n int64) uint8 { return 1<<min(max(n, 0), 5) - 1 }

func (p point) with(q point) point {
	return point{p.secrecy | q.secrecy, p.doubt | q.doubt, p.categories | q.categories}
}

// hides says that p has all the secrecy and categories of q.
func (p point) hides(q point) bool {
	return q.secrecy&^p.secrecy == 0 && q.categories&^p.categories == 0
}

// doubts says that p has all the doubt of q.
func (p point) doubts(q point) bool { return q.doubt&^p.doubt == 0 }

// trusted is p with no more doubt than a level of integrity leaves.
func (p point) trusted(level label.Level) point {
	p.doubt &= steps(5 - int64(level))
	return p
}

func (p point) class() label.Class {
	return label.Class{
		Confidentiality: label.Level(bits.OnesCount8(p.secrecy)),
		Integrity:       label.Level(5 - bits.OnesCount8(p.doubt)),
		Categories:      label.Categories(p.categories),
	}
}
