// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/label"
)

// Way is one way for a subject to prove itself: methods that must all hold, for one
// and the same subject.
type Way struct {
	Name      string // the methods joined by "+", as an administrator writes them
	Methods   []label.Assurance
	Assurance label.Assurance // what a label says of it: the strongest of the methods
}

// byStrength is every method, the weakest first. An address is what a network says, a
// key and a password what somebody knows, a certificate what somebody has; a token is
// verified again inside.
func byStrength() []label.Assurance {
	return []label.Assurance{
		label.ByComponent, label.ByAddress, label.ByHardware, label.ByAPIKey, label.ByPassword, label.ByCertificate, label.ByToken,
	}
}

// NewWay is a way of methods that must all hold.
func NewWay(methods ...label.Assurance) (Way, error) {
	w := Way{Methods: methods}
	names := make([]string, len(methods))
	strongest := -1
	for i, m := range methods {
		rank := slices.Index(byStrength(), m)
		switch {
		case rank < 0:
			return w, fmt.Errorf("no method %q", m)
		case slices.Contains(methods[:i], m):
			return w, fmt.Errorf("method %q is there twice", m)
		case m == label.ByComponent && len(methods) > 1:
			return w, fmt.Errorf("%q is a front's own word and goes with nothing else", m)
		}
		names[i] = string(m)
		if rank > strongest {
			strongest, w.Assurance = rank, m
		}
	}
	w.Name = strings.Join(names, "+")
	if strongest < 0 {
		return w, fmt.Errorf("a way without a method")
	}
	return w, nil
}

// Needs tells whether a method is one of the way's.
func (w *Way) Needs(m label.Assurance) bool { return slices.Contains(w.Methods, m) }

// Ways are the ways in which the flow takes subjects, in the order in which they are
// tried. They are there once the bundle was compiled.
func (f *Flow) Ways() []Way { return f.ways }

// compileWays makes the ways, and holds Accept to them: it is what the judges know.
func (f *Flow) compileWays() error {
	proofs := f.Proofs
	if len(proofs) == 0 {
		for _, a := range f.Accept {
			proofs = append(proofs, []label.Assurance{a})
		}
	}
	f.ways = make([]Way, 0, len(proofs))
	for _, methods := range proofs {
		w, err := NewWay(methods...)
		if err != nil {
			return err
		}
		f.ways = append(f.ways, w)
	}
	if accept := Assurances(f.ways); len(accept) != len(f.Accept) || slices.ContainsFunc(accept, func(a label.Assurance) bool { return !slices.Contains(f.Accept, a) }) {
		return fmt.Errorf("its labels may say %v, its ways give %v", f.Accept, accept)
	}
	return f.checkDeliveries()
}

// checkDeliveries: what watches a directory or takes a terminal's files looks at no
// address and no password, so a bundle must not say that it does.
func (f *Flow) checkDeliveries() error {
	for _, w := range f.ways {
		if f.Files != nil && len(f.Proofs) > 0 && w.Name != string(label.ByComponent) && w.Name != string(label.ByCertificate) {
			return fmt.Errorf("files come from a component or from a terminal by its certificate, not by %q", w.Name)
		}
	}
	return nil
}

// Assurances are what labels may say of subjects that came by these ways.
func Assurances(ways []Way) []label.Assurance {
	var list []label.Assurance
	for _, w := range ways {
		if !slices.Contains(list, w.Assurance) {
			list = append(list, w.Assurance)
		}
	}
	return list
}
