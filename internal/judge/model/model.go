// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package model is the mandatory part of the policy for a small lattice, straight from
// its definitions: three levels of confidentiality, three of integrity, two categories.
// It knows single steps along which information becomes heavier, and finds everything
// else by search: what dominates is what steps lead to, a join is the one least of all
// upper bounds. It is slow and has no cleverness that could be wrong; the judges are
// held against it. Nothing but tests uses it.
package model

import (
	"slices"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// Levels are those of the small lattice, for both scales: the ends and the middle.
func Levels() []label.Level { return []label.Level{1, 3, 5} }

// Lattice is the small lattice.
type Lattice struct {
	classes  []label.Class
	index    map[label.Class]int
	dominate [][]bool // [higher][lower]
	joins    [][]label.Class
	meets    [][]label.Class
}

// New enumerates the classes and what dominates what.
func New() *Lattice {
	l := &Lattice{index: map[label.Class]int{}}
	for _, c := range Levels() {
		for _, i := range Levels() {
			for _, set := range []label.Categories{0, 1, 2, 3} {
				l.index[label.Class{Confidentiality: c, Integrity: i, Categories: set}] = len(l.classes)
				l.classes = append(l.classes, label.Class{Confidentiality: c, Integrity: i, Categories: set})
			}
		}
	}
	l.dominate = make([][]bool, len(l.classes))
	for i := range l.dominate {
		l.dominate[i] = make([]bool, len(l.classes))
	}
	for i := range l.classes {
		l.climb(i, i)
	}
	l.joins = l.pairs(func(a, b label.Class) label.Class {
		return l.extreme(func(c label.Class) bool { return l.Dominates(c, a) && l.Dominates(c, b) }, l.Dominates)
	})
	l.meets = l.pairs(func(a, b label.Class) label.Class {
		return l.extreme(func(c label.Class) bool { return l.Dominates(a, c) && l.Dominates(b, c) },
			func(x, y label.Class) bool { return l.Dominates(y, x) })
	})
	return l
}

// pairs writes down what a search finds for every two classes.
func (l *Lattice) pairs(find func(a, b label.Class) label.Class) [][]label.Class {
	table := make([][]label.Class, len(l.classes))
	for i, a := range l.classes {
		for _, b := range l.classes {
			table[i] = append(table[i], find(a, b))
		}
	}
	return table
}

// climb marks all that steps lead to from a class.
func (l *Lattice) climb(from, at int) {
	if l.dominate[at][from] {
		return
	}
	l.dominate[at][from] = true
	for next := range l.classes {
		if step(l.classes[at], l.classes[next]) {
			l.climb(from, next)
		}
	}
}

// step says that b is heavier than a by one thing: a level more of confidentiality, a
// level less of integrity, or one category.
func step(a, b label.Class) bool {
	up := map[label.Level]label.Level{1: 3, 3: 5}
	down := map[label.Level]label.Level{5: 3, 3: 1}
	more, less, joined := a, a, a
	more.Confidentiality = up[a.Confidentiality]
	less.Integrity = down[a.Integrity]
	for _, one := range []label.Categories{1, 2} {
		joined.Categories = a.Categories | one
		if joined != a && b == joined {
			return true
		}
	}
	return b == more || b == less
}

// Classes are all of the lattice.
func (l *Lattice) Classes() []label.Class { return slices.Clone(l.classes) }

// Dominates says whether information of class b may flow to a.
func (l *Lattice) Dominates(a, b label.Class) bool { return l.dominate[l.index[a]][l.index[b]] }

// Join is the one class above both that every class above both dominates.
func (l *Lattice) Join(a, b label.Class) label.Class { return l.joins[l.index[a]][l.index[b]] }

// Meet is the one class below both that dominates every class below both.
func (l *Lattice) Meet(a, b label.Class) label.Class { return l.meets[l.index[a]][l.index[b]] }

// extreme is the one bound that all bounds are beyond. That there is exactly one makes
// it a lattice: otherwise it panics.
func (l *Lattice) extreme(bound func(label.Class) bool, beyond func(x, y label.Class) bool) label.Class {
	var found []label.Class
	for _, c := range l.classes {
		if !bound(c) {
			continue
		}
		if !slices.ContainsFunc(l.classes, func(other label.Class) bool { return bound(other) && !beyond(other, c) }) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		panic("not a lattice")
	}
	return found[0]
}

// Case is all that the mandatory rules look at in one parcel.
type Case struct {
	Leaves, Enters label.Class // the zones
	Reaches        label.Class // the object's class, or of an answer the asker's clearance
	Base, Content  label.Class // of the flow in this direction, and of a value in the content
	Label          label.Class
	Raise          label.Level // by the flow's checks, zero for none
	Answer         bool
}

// Decide gives the first reason that the mandatory rules refuse a case for, empty for
// none. It says in classes what docs/formats/label.md says in rows 10 to 14.
func (l *Lattice) Decide(c Case) fault.Code {
	least := l.Join(c.Base, c.Content)
	if !l.Dominates(doubtful(c.Label), least) {
		return fault.LabelLow // heavier by integrity alone, it would still be too low
	}
	vouched := label.Class{Confidentiality: 1, Integrity: c.Leaves.Integrity}
	if !l.Dominates(c.Label, least) || !l.Dominates(c.Label, vouched) {
		return fault.LabelIntegrity
	}
	if code := l.flow(c.Label, c.Leaves, fault.LabelLevel); code != "" {
		return code
	}
	released := c.Label
	if !c.Answer {
		released.Integrity = max(released.Integrity, c.Raise)
	}
	if code := l.flow(released, c.Enters, fault.LabelLevel); code != "" {
		return code
	}
	if c.Answer {
		return l.flow(released, c.Reaches, fault.SubjectLevel)
	}
	return l.flow(released, c.Reaches, fault.LabelLevel)
}

// doubtful is a class of no integrity.
func doubtful(c label.Class) label.Class {
	c.Integrity = 1
	return c
}

// flow gives why information may not flow to a place: for its integrity, where without
// regard to that it could.
func (l *Lattice) flow(c, to label.Class, code fault.Code) fault.Code {
	switch {
	case l.Dominates(to, c):
		return ""
	case l.Dominates(doubtful(to), c):
		return fault.LabelIntegrity
	default:
		return code
	}
}
