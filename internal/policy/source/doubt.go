// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"slices"
	"strings"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// doubts looks for what is whole and yet can never work: it refuses safely, but its
// author believes that it does something.
func (l *loader) doubts() {
	for i := range l.draft.Flows {
		l.doubtClass(l.places[i], &l.draft.Flows[i])
	}
	for _, d := range l.accepted {
		if d.flow < len(l.draft.Flows) {
			l.doubtWay(d, &l.draft.Flows[d.flow])
		}
	}
}

// doubtClass warns of a flow whose base class some ceiling on the way never lets pass.
func (l *loader) doubtClass(at node, f *policy.Flow) {
	from, to := l.zone(f.From), l.zone(f.To)
	object := slices.IndexFunc(l.draft.Objects, func(o policy.Object) bool { return o.ID == f.Object })
	if from == nil || to == nil || object < 0 {
		return // an error already
	}
	if f.Class.Integrity < from.Class.Integrity {
		l.warn(at, "flow %q can never pass: its class has integrity %d, below the %d of zone %q", f.Name, f.Class.Integrity, from.Class.Integrity, from.Name)
		return
	}
	if f.Class.Integrity > from.Class.Integrity || f.Kind == "ask" && f.Answer.Integrity > to.Class.Integrity {
		l.warn(at, "flow %q can never pass: it claims more integrity than zone %q (its answers: %q) vouches for", f.Name, from.Name, to.Name)
		return
	}
	raised := f.Class
	raised.Integrity = max(raised.Integrity, f.Raise)
	ceilings := []ceiling{
		{"what comes from zone " + from.Name, from.Class, f.Class}, {"zone " + to.Name, to.Class, raised},
		{"object " + f.Object, l.draft.Objects[object].Class, raised},
	}
	if f.Kind == "ask" {
		ceilings = append(ceilings, ceiling{"what comes from zone " + to.Name, to.Class, f.Answer}, ceiling{"zone " + from.Name, from.Class, f.Answer})
	}
	for _, ceiling := range ceilings {
		if why := ceiling.refuses(); why != "" {
			l.warn(at, "flow %q can never pass: %s", f.Name, why)
			return
		}
	}
}

// ceiling is a class that bounds another.
type ceiling struct {
	where       string
	most, class label.Class
}

func (c ceiling) refuses() string {
	switch {
	case c.class.Confidentiality > c.most.Confidentiality:
		return "its class is more confidential than " + c.where + " may be"
	case !c.most.Categories.Contains(c.class.Categories):
		return "its class has a category that " + c.where + " may not have"
	case c.class.Integrity < c.most.Integrity:
		return "its class has less integrity than " + c.where + " wants, and no check raises it enough"
	default:
		return ""
	}
}

// doubtWay warns of a way that no subject can go.
func (l *loader) doubtWay(d declared, f *policy.Flow) {
	component := d.way.Needs(label.ByComponent)
	switch {
	case f.Kind == "ask" && component:
		l.warn(d.node, `flow %q: nobody asks by "component", which is for files`, f.Name)
	case f.Kind == "deliver":
		return // by the front's own word, or by the key of an admitted terminal
	case d.way.Needs(label.ByPassword) && d.way.Needs(label.ByToken):
		l.warn(d.node, "flow %q: one request carries a password or a token, not both: HTTP has one field for them", f.Name)
	case !slices.ContainsFunc(l.draft.Subjects, func(s policy.Subject) bool { return l.canGo(&s, f, &d.way) }):
		l.warn(d.node, "flow %q: no subject of zone %q has what %q wants", f.Name, f.From, d.way.Name)
	}
	if d.way.Needs(label.ByAddress) || d.way.Needs(label.ByHardware) {
		l.doubtOwners(d, f)
	}
}

// canGo tells whether a subject has a credential or binding for every method of a way.
func (l *loader) canGo(s *policy.Subject, f *policy.Flow, w *policy.Way) bool {
	if !strings.HasPrefix(s.ID, f.From+"/") || strings.HasSuffix(s.ID, "*") && !w.Needs(label.ByToken) {
		return false
	}
	bound := policy.Binding{}
	if i := slices.IndexFunc(l.bindings, func(b policy.Binding) bool { return b.Subject == s.ID }); i >= 0 {
		bound = l.bindings[i]
	}
	return !slices.ContainsFunc(w.Methods, func(m label.Assurance) bool {
		switch m {
		case label.ByToken:
			return false
		case label.ByAddress:
			return len(bound.Addresses) == 0
		case label.ByHardware:
			return len(bound.Hardware) == 0
		default:
			return !slices.ContainsFunc(l.credentials, func(c policy.Credential) bool { return c.Subject == s.ID && c.Method == m })
		}
	})
}

// doubtOwners warns where the address alone is to say who asks, and two subjects of
// the zone have the same one.
func (l *loader) doubtOwners(d declared, f *policy.Flow) {
	if slices.ContainsFunc(d.way.Methods, func(m label.Assurance) bool { return m != label.ByAddress && m != label.ByHardware }) {
		return
	}
	owners := map[string]string{}
	for _, b := range l.bindings {
		places := b.Addresses
		if d.way.Needs(label.ByHardware) {
			places = b.Hardware
		}
		if !strings.HasPrefix(b.Subject, f.From+"/") || strings.HasSuffix(b.Subject, "*") {
			continue
		}
		for _, place := range places {
			if other := owners[place]; other != "" {
				l.warn(d.node, "flow %q: by %q nobody is known at %s, which is %q's and %q's", f.Name, d.way.Name, place, other, b.Subject)
			}
			owners[place] = b.Subject
		}
	}
}
