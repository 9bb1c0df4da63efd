// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package label holds the mandatory part of the policy: levels, categories, the
// lattice they form, and the label that binds them, with subject, object, action,
// protocol, purpose and time, to one parcel. The byte form is in
// docs/formats/label.md.
package label

import (
	"fmt"
	"math/bits"
)

// Level is a degree of confidentiality or integrity, 1 (lowest) to 5.
type Level uint8

// The ends of the scale (JR/T 0197 grades data 1 to 5).
const (
	MinLevel Level = 1
	MaxLevel Level = 5
)

// Valid tells whether the level is on the scale.
func (l Level) Valid() bool { return l >= MinLevel && l <= MaxLevel }

// Categories is a set of up to 64 compartments; the bundle names the bits.
type Categories uint64

// Contains tells whether every category of other is in c.
func (c Categories) Contains(other Categories) bool { return other&^c == 0 }

// Count is the number of categories in the set.
func (c Categories) Count() int { return bits.OnesCount64(uint64(c)) }

// Class is a point of the lattice: how secret, how trustworthy, which compartments.
// Information may flow from a lower to a dominating class: to the same or more
// confidentiality and categories, to the same or less integrity (Bell and LaPadula
// 1973, Biba 1977, as one product order).
type Class struct {
	_               struct{} `cbor:",toarray"`
	Confidentiality Level
	Integrity       Level
	Categories      Categories
}

// Lowest is the class that every class dominates: public, and of highest integrity.
func Lowest() Class { return Class{Confidentiality: MinLevel, Integrity: MaxLevel} }

// Highest is the class that dominates every class.
func Highest() Class {
	return Class{Confidentiality: MaxLevel, Integrity: MinLevel, Categories: ^Categories(0)}
}

// Valid tells whether both levels are on the scale.
func (c Class) Valid() bool { return c.Confidentiality.Valid() && c.Integrity.Valid() }

// Dominates tells whether information of class other may flow to c.
func (c Class) Dominates(other Class) bool {
	return c.Confidentiality >= other.Confidentiality && c.Integrity <= other.Integrity &&
		c.Categories.Contains(other.Categories)
}

// Join is the least class that dominates both: the class of a mixture.
func (c Class) Join(other Class) Class {
	return Class{
		Confidentiality: max(c.Confidentiality, other.Confidentiality),
		Integrity:       min(c.Integrity, other.Integrity),
		Categories:      c.Categories | other.Categories,
	}
}

// Meet is the greatest class that both dominate.
func (c Class) Meet(other Class) Class {
	return Class{
		Confidentiality: min(c.Confidentiality, other.Confidentiality),
		Integrity:       max(c.Integrity, other.Integrity),
		Categories:      c.Categories & other.Categories,
	}
}

// String is for people: C3 I2 and the category bits.
func (c Class) String() string {
	if c.Categories == 0 {
		return fmt.Sprintf("C%d I%d", c.Confidentiality, c.Integrity)
	}
	return fmt.Sprintf("C%d I%d {%x}", c.Confidentiality, c.Integrity, uint64(c.Categories))
}
