// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// rules are the checks under a bundle, in the order of docs/formats/label.md.
func rules() []step {
	return []step{
		{"force", "label", inForce},
		{"term", "label", inTerm},
		{"flow", "flow", findFlow},
		{"place", "flow", place},
		{"body", "flow", bodySize},
		{"dimensions", "flow", dimensions},
		{"asker", "flow", asker},
		{"subject", "flow", findSubject},
		{"form", "content", findForm},
		{"content", "content", fitting},
		{"size", "content", sameSize},
		{"least", "lattice", notLow},
		{"claim", "lattice", notClaimed},
		{"leaves", "lattice", leaves},
		{"enters", "lattice", enters},
		{"reaches", "lattice", reaches},
		{"discretion", "cedar", discretion},
	}
}

func inForce(t *trial) *fault.Error {
	if t.policy == nil || t.now < t.policy.NotBefore {
		return fault.New(fault.PolicyMissing, "no bundle is in force")
	}
	if t.policy.NotAfter <= t.now {
		return fault.New(fault.PolicyExpired, "bundle version %d ended at %d", t.policy.Version, t.policy.NotAfter)
	}
	var err error
	if t.plan, err = t.judge.read(t.policy); err != nil {
		return fault.Wrap(fault.PolicyMalformed, err, "bundle version %d", t.policy.Version)
	}
	return nil
}

func inTerm(t *trial) *fault.Error {
	if t.policy.Term > t.Header.Term {
		return fault.New(fault.LabelTerm, "term %d is over, it is %d", t.Header.Term, t.policy.Term)
	}
	return nil
}

func findFlow(t *trial) *fault.Error {
	if t.way = t.plan.flows[t.Header.Flow]; t.way == nil {
		return fault.New(fault.FlowUnknown, "flow %q", t.Header.Flow)
	}
	return nil
}

// back says that the parcel is an answer.
func (t *trial) back() bool { return t.Header.Kind == parcel.Answer }

// place holds the header against how the flow goes, or goes back.
func place(t *trial) *fault.Error {
	f := t.way.flow
	type route struct {
		from, to, source, destination string
		kind                          parcel.Kind
	}
	want := route{f.From, f.To, f.Entry, f.Exit, parcel.Ask}
	switch {
	case f.Kind == "deliver" && t.back():
		return fault.New(fault.FlowDirection, "flow %q has no answers", f.Name)
	case f.Kind == "deliver":
		want.kind = parcel.Deliver
	case t.back():
		want = route{f.To, f.From, f.Exit, f.Entry, parcel.Answer}
	}
	h := t.Header
	if want != (route{h.FromZone, h.ToZone, h.Source, h.Destination, h.Kind}) || h.Guard != t.policy.Guard {
		return fault.New(fault.FlowDirection, "%s from %s (%s) to %s (%s), flow %q", h.Kind, h.FromZone, h.Source, h.ToZone, h.Destination, f.Name)
	}
	return nil
}

func bodySize(t *trial) *fault.Error {
	var most uint64
	if files := t.way.flow.Files; files != nil {
		most = files.MaxSize
	}
	if t.Header.Body.Size > most {
		return fault.New(fault.ContentTooLarge, "a body of %d bytes, at most %d", t.Header.Body.Size, most)
	}
	return nil
}

func dimensions(t *trial) *fault.Error {
	type what struct{ object, action, protocol, purpose, maker string }
	f, l := t.way.flow, t.Label
	got := what{l.Object, l.Action, l.Protocol, l.Purpose, l.Maker}
	if got != (what{f.Object, f.Action, f.Protocol, f.Purpose, t.Header.Source}) {
		return fault.New(fault.LabelDimension, "%s on %s by %s for %s, made by %s", l.Action, l.Object, l.Protocol, l.Purpose, l.Maker)
	}
	return nil
}

func asker(t *trial) *fault.Error {
	f, l := t.way.flow, t.Label
	if ofZone(l.Subject, f.From) && (t.back() || accepts(f, l.Assurance)) {
		return nil
	}
	return fault.New(fault.LabelDimension, "subject %q by %s", l.Subject, l.Assurance)
}

func findSubject(t *trial) *fault.Error {
	if t.subject = t.plan.subject(t.Label.Subject); t.subject == nil {
		return fault.New(fault.SubjectUnknown, "subject %q", t.Label.Subject)
	}
	return nil
}

func findForm(t *trial) *fault.Error {
	name, _ := t.Content["form"].(string)
	form := t.way.forms[name]
	if form == nil {
		return fault.New(fault.ContentInvalid, "form %q", name)
	}
	if t.shape = form.request; t.back() {
		status, _ := t.Content["status"].(int64)
		if t.shape = form.answers[status]; t.shape == nil {
			return fault.New(fault.ContentInvalid, "status %d of form %q", status, name)
		}
	}
	return nil
}

func fitting(t *trial) (err *fault.Error) {
	t.least, err = follow(t.Header.Fields, t.shape)
	return err
}

func sameSize(t *trial) *fault.Error {
	told, ok := t.Content["size"].(int64)
	if t.way.flow.Files != nil && ok && (told < 0 || uint64(told) != t.Header.Body.Size) {
		return fault.New(fault.ContentInvalid, "a size of %d, the body has %d bytes", told, t.Header.Body.Size)
	}
	return nil
}

// notLow also places the parcel in the lattice for what follows.
func notLow(t *trial) *fault.Error {
	t.claimed = pointOf(t.Label.Class)
	t.released = t.claimed
	base := t.way.base[0]
	if t.back() {
		base = t.way.base[1]
	} else if t.way.flow.Raise != 0 {
		t.released = t.claimed.trusted(t.way.flow.Raise)
	}
	t.least = t.least.with(base)
	if !t.claimed.hides(t.least) {
		return fault.New(fault.LabelLow, "label %v, the content needs %v", t.Label.Class, t.least.class())
	}
	return nil
}

// notClaimed holds the integrity that the label claims against what its zone vouches
// for and what the content has.
func notClaimed(t *trial) *fault.Error {
	source, _ := t.ends()
	if most := source.with(t.least); !t.claimed.doubts(most) {
		return fault.New(fault.LabelIntegrity, "label %v claims integrity above %d", t.Label.Class, most.class().Integrity)
	}
	return nil
}

// ends are the zones that the parcel leaves and enters.
func (t *trial) ends() (source, destination point) {
	if t.back() {
		return t.way.to, t.way.from
	}
	return t.way.from, t.way.to
}

func leaves(t *trial) *fault.Error {
	source, _ := t.ends()
	return into(source, t.claimed, fault.LabelLevel, "the zone that it leaves")
}

func enters(t *trial) *fault.Error {
	_, destination := t.ends()
	return into(destination, t.released, fault.LabelLevel, "the zone that it enters")
}

func reaches(t *trial) *fault.Error {
	if t.back() {
		return into(pointOf(t.subject.Clearance), t.released, fault.SubjectLevel, "the subject")
	}
	return into(t.way.object, t.released, fault.LabelLevel, "the object")
}

// into says whether information may flow to a place, else with code or LabelIntegrity
// why not.
func into(ceiling, p point, code fault.Code, where string) *fault.Error {
	switch {
	case !ceiling.hides(p):
		return fault.New(code, "%v is above %v of %s", p.class(), ceiling.class(), where)
	case !ceiling.doubts(p):
		return fault.New(fault.LabelIntegrity, "%v has less integrity than %v of %s", p.class(), ceiling.class(), where)
	default:
		return nil
	}
}

// discretion asks Cedar, in the one part that both judges share.
func discretion(t *trial) *fault.Error {
	q := policy.Query{Header: t.Header, Label: t.Label, Content: t.Content}
	permits, refusals := t.policy.Discretion(q, t.way.flow, t.subject, t.released.class())
	if len(refusals) > 0 {
		t.forbids = refusals
		return fault.New(refusals[0].Code, "%s", refusals[0].What)
	}
	t.permits = permits
	return nil
}
