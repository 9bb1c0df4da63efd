// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// Query is everything that a decision depends on, beside the bundle.
type Query struct {
	Header  *parcel.Header
	Label   *label.Label
	Content parcel.Record // the header's fields, decoded
}

// Decision is the verdict with every reason for it.
type Decision struct {
	Allow   bool
	Code    fault.Code  // of the first reason, in the order of docs/formats/label.md; empty when allowed
	Reasons []Reason    // of a refusal: every rule that refused; of a permission: the policies that permitted
	Class   label.Class // of the parcel after the flow's checks raised its integrity
}

// Reason is one rule and what it found.
type Reason struct {
	_    struct{}   `cbor:",toarray"`
	Code fault.Code // empty for a permission
	Rule string     // "flow", "content", "lattice", or the id of a Cedar policy
	What string
}

// Decide judges one parcel, whose label was verified, by the bundle. It is pure and
// refuses whatever is not permitted. It looks at every rule, so that a refusal
// names all that would have to change, but where a rule needs what an earlier one
// found missing it stops there.
func (p *Policy) Decide(q Query) Decision {
	d := decider{policy: p, query: q}
	if d.flow = p.Flow(q.Header.Flow); d.flow == nil {
		d.refuse(fault.FlowUnknown, "flow", "no flow %q", q.Header.Flow)
		return d.decision()
	}
	d.place()
	d.dimensions()
	if d.subject = p.Subject(q.Label.Subject); d.subject == nil {
		d.refuse(fault.SubjectUnknown, "flow", "no subject %q", q.Label.Subject)
		return d.decision()
	}
	schema := d.form()
	if schema == nil {
		return d.decision()
	}
	if err := schema.Check(q.Content, "content"); err != nil {
		d.refuse(fault.CodeOf(err), "content", "%v", err)
		return d.decision()
	}
	if size, ok := q.Content["size"].(int64); ok && d.flow.Files != nil && uint64(size) != q.Header.Body.Size {
		d.refuse(fault.ContentInvalid, "content", "the fields tell of %d bytes, the body has %d", size, q.Header.Body.Size)
	}
	d.lattice(schema.Least(q.Content))
	permits, refusals := p.Discretion(q, d.flow, d.subject, d.class)
	d.granted, d.refused = permits, append(d.refused, refusals...)
	return d.decision()
}

type decider struct {
	policy  *Policy
	query   Query
	flow    *Flow
	subject *Subject
	class   label.Class
	refused []Reason
	granted []Reason
}

func (d *decider) refuse(code fault.Code, rule, format string, args ...any) {
	d.refused = append(d.refused, Reason{Code: code, Rule: rule, What: fmt.Sprintf(format, args...)})
}

func (d *decider) decision() Decision {
	if len(d.refused) > 0 {
		return Decision{Code: d.refused[0].Code, Reasons: d.refused, Class: d.class}
	}
	return Decision{Allow: true, Reasons: d.granted, Class: d.class}
}

// answer tells the direction: an answer goes from To to From.
func (d *decider) answer() bool { return d.query.Header.Kind == parcel.Answer }

// place holds the header's zones and components against the flow's.
func (d *decider) place() {
	h, f := d.query.Header, d.flow
	from, to, source, destination := f.From, f.To, f.Entry, f.Exit
	if d.answer() {
		from, to, source, destination = to, from, destination, source
	}
	kind := map[string]parcel.Kind{"ask": parcel.Ask, "deliver": parcel.Deliver}[f.Kind]
	if d.answer() && kind == parcel.Ask {
		kind = parcel.Answer
	}
	if h.FromZone != from || h.ToZone != to || h.Source != source || h.Destination != destination || h.Kind != kind || h.Guard != d.policy.Guard {
		d.refuse(fault.FlowDirection, "flow", "%s %s from %s (%s) to %s (%s) is not how flow %q goes",
			h.Kind, h.ID, h.FromZone, h.Source, h.ToZone, h.Destination, f.Name)
	}
	if h.Body.Size > 0 && (f.Files == nil || h.Body.Size > f.Files.MaxSize) {
		d.refuse(fault.ContentTooLarge, "flow", "a body of %d bytes", h.Body.Size)
	}
}

// dimensions holds the label's dimensions against the flow's.
func (d *decider) dimensions() {
	l, f := d.query.Label, d.flow
	if l.Object != f.Object || l.Action != f.Action || l.Protocol != f.Protocol || l.Purpose != f.Purpose || l.Maker != d.query.Header.Source {
		d.refuse(fault.LabelDimension, "flow", "label for %s on %s by %s for %s is not the flow's", l.Action, l.Object, l.Protocol, l.Purpose)
	}
	if zoneOf(l.Subject) != f.From || (!d.answer() && !slices.Contains(f.Accept, l.Assurance)) {
		d.refuse(fault.LabelDimension, "flow", "subject %q by %s is not accepted", l.Subject, l.Assurance)
	}
}

// form finds the schema of the content.
func (d *decider) form() *Schema {
	name, _ := d.query.Content["form"].(string)
	form := d.flow.Form(name)
	if form == nil {
		d.refuse(fault.ContentInvalid, "content", "no form %q", name)
		return nil
	}
	if !d.answer() {
		return &form.Request
	}
	status, _ := d.query.Content["status"].(int64)
	schema := form.Answer(status)
	if schema == nil {
		d.refuse(fault.ContentInvalid, "content", "form %q has no answer with status %d", name, status)
	}
	return schema
}

// lattice applies the mandatory rules. The class of what crosses must dominate the
// least class of its content, be dominated by where it goes, and by what the
// receiving object or subject is cleared for.
func (d *decider) lattice(content label.Class) {
	from, to := d.policy.Zone(d.query.Header.FromZone), d.policy.Zone(d.query.Header.ToZone)
	class := d.query.Label.Class
	d.class = class
	if from == nil || to == nil {
		return // place has refused
	}
	base := d.flow.Class
	if d.answer() {
		base = d.flow.Answer
	}
	least := base.Join(content)
	if class.Confidentiality < least.Confidentiality || !class.Categories.Contains(least.Categories) {
		d.refuse(fault.LabelLow, "lattice", "label %v is below the least label %v of the content", class, least)
	}
	if most := min(from.Class.Integrity, least.Integrity); class.Integrity > most {
		d.refuse(fault.LabelIntegrity, "lattice", "zone %q and the content vouch for integrity %d, the label claims %d", from.Name, most, class.Integrity)
	}
	if !d.answer() && d.flow.Raise > class.Integrity {
		d.class.Integrity = d.flow.Raise // by the flow's named checks, which the exit's front runs before anything is released
	}
	d.flowsTo(from.Class, class, fault.LabelLevel, "zone "+from.Name)
	d.flowsTo(to.Class, d.class, fault.LabelLevel, "zone "+to.Name)
	if d.answer() {
		d.flowsTo(d.subject.Clearance, d.class, fault.SubjectLevel, "subject "+d.query.Label.Subject)
		return
	}
	d.flowsTo(d.policy.Object(d.flow.Object).Class, d.class, fault.LabelLevel, "object "+d.flow.Object)
}

func (d *decider) flowsTo(ceiling, class label.Class, code fault.Code, where string) {
	if ceiling.Confidentiality < class.Confidentiality || !ceiling.Categories.Contains(class.Categories) {
		d.refuse(code, "lattice", "%v does not dominate %v: %s", ceiling, class, where)
	} else if ceiling.Integrity > class.Integrity {
		d.refuse(fault.LabelIntegrity, "lattice", "%s wants integrity %d, it has %d", where, ceiling.Integrity, class.Integrity)
	}
}
