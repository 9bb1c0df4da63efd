// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label_test

import (
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/label"
)

func classes() *rapid.Generator[label.Class] {
	return rapid.Custom(func(t *rapid.T) label.Class {
		return label.Class{
			Confidentiality: label.Level(rapid.IntRange(1, 5).Draw(t, "confidentiality")),
			Integrity:       label.Level(rapid.IntRange(1, 5).Draw(t, "integrity")),
			Categories:      label.Categories(rapid.Uint64().Draw(t, "categories")),
		}
	})
}

// lattice states every law on three points; fail is called with the name of a broken one.
func lattice(a, b, c label.Class, fail func(law string)) {
	laws := []struct {
		name string
		ok   bool
	}{
		{"reflexive", a.Dominates(a)},
		{"antisymmetric", !a.Dominates(b) || !b.Dominates(a) || a == b},
		{"transitive", !a.Dominates(b) || !b.Dominates(c) || a.Dominates(c)},
		{"join is an upper bound", a.Join(b).Dominates(a) && a.Join(b).Dominates(b)},
		{"join is the least upper bound", !c.Dominates(a) || !c.Dominates(b) || c.Dominates(a.Join(b))},
		{"meet is a lower bound", a.Dominates(a.Meet(b)) && b.Dominates(a.Meet(b))},
		{"meet is the greatest lower bound", !a.Dominates(c) || !b.Dominates(c) || a.Meet(b).Dominates(c)},
		{"join absorbs meet", a.Join(a.Meet(b)) == a},
		{"meet absorbs join", a.Meet(a.Join(b)) == a},
		{"join commutes", a.Join(b) == b.Join(a)},
		{"meet commutes", a.Meet(b) == b.Meet(a)},
		{"join associates", a.Join(b.Join(c)) == a.Join(b).Join(c)},
		{"meet associates", a.Meet(b.Meet(c)) == a.Meet(b).Meet(c)},
		{"order is join", a.Dominates(b) == (a.Join(b) == a)},
		{"order is meet", a.Dominates(b) == (a.Meet(b) == b)},
		{"lowest is the bottom", a.Dominates(label.Lowest()) && a.Join(label.Lowest()) == a},
		{"highest is the top", label.Highest().Dominates(a) && a.Meet(label.Highest()) == a},
		{"valid points stay valid", a.Join(b).Valid() && a.Meet(b).Valid()},
	}
	for _, l := range laws {
		if !l.ok {
			fail(l.name)
		}
	}
}

func TestLatticeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := classes().Draw(t, "a"), classes().Draw(t, "b"), classes().Draw(t, "c")
		lattice(a, b, c, func(law string) { t.Fatalf("%s: %v, %v, %v", law, a, b, c) })
	})
}

// TestLatticeExhaustive holds the laws on every triple of the lattice with two
// levels of each kind and two categories, and the order on every pair with all levels.
func TestLatticeExhaustive(t *testing.T) {
	small := points(2, 2)
	for _, a := range small {
		for _, b := range small {
			for _, c := range small {
				lattice(a, b, c, func(law string) { t.Fatalf("%s: %v, %v, %v", law, a, b, c) })
			}
		}
	}
	all := points(5, 2)
	for _, a := range all {
		for _, b := range all {
			want := a.Confidentiality >= b.Confidentiality && a.Integrity <= b.Integrity && a.Categories|b.Categories == a.Categories
			if a.Dominates(b) != want {
				t.Fatalf("%v dominates %v: %t", a, b, !want)
			}
		}
	}
}

func points(levels label.Level, categories int) []label.Class {
	var all []label.Class
	for c := label.Level(1); c <= levels; c++ {
		for i := label.Level(1); i <= levels; i++ {
			for k := range label.Categories(1 << categories) {
				all = append(all, label.Class{Confidentiality: c, Integrity: i, Categories: k})
			}
		}
	}
	return all
}

func TestLevels(t *testing.T) {
	for l := range label.Level(8) {
		if l.Valid() != (l >= 1 && l <= 5) {
			t.Errorf("level %d", l)
		}
	}
	if (label.Class{Confidentiality: 6, Integrity: 1}).Valid() || (label.Class{Confidentiality: 1}).Valid() {
		t.Error("a class off the scale is valid")
	}
	if n := label.Highest().Categories.Count(); n != 64 {
		t.Errorf("highest has %d categories", n)
	}
}
