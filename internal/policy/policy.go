// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// Policy is a compiled bundle. It is immutable: many goroutines may decide at once.
type Policy struct {
	Bundle

	zones      map[string]*Zone
	components map[string]*Component
	issuers    map[string]*Issuer
	subjects   map[string]*Subject
	families   []*Subject // names that end in "*", longest first
	objects    map[string]*Object
	flows      map[string]*Flow
	entities   cedar.EntityMap
	members    map[string]membership // by the id of a subject
	slices     map[string]*slice     // by the name of a flow
}

// Compile indexes a bundle and refuses one that is not whole: a name used twice or
// not at all defined, a form that cannot be checked, a policy that does not parse.
func Compile(b Bundle) (*Policy, error) {
	p := &Policy{Bundle: b}
	for _, step := range []func() error{p.index, p.compileFlows, p.compileCedar} {
		if err := step(); err != nil {
			return nil, fault.Wrap(fault.PolicyMalformed, err, "bundle version %d", b.Version)
		}
	}
	return p, nil
}

func (p *Policy) index() error {
	if p.Format != Format || p.Version == 0 || p.NotAfter <= p.NotBefore || p.Guard == "" || len(p.Categories) > 64 {
		return fmt.Errorf("format %d, version %d, valid %d to %d, guard %q", p.Format, p.Version, p.NotBefore, p.NotAfter, p.Guard)
	}
	var err error
	p.zones = named(p.Zones, "zone", func(z *Zone) string { return z.Name }, &err)
	p.components = named(p.Components, "component", func(c *Component) string { return c.ID }, &err)
	p.issuers = named(p.Issuers, "issuer", func(i *Issuer) string { return i.Name }, &err)
	p.subjects = named(p.Subjects, "subject", func(s *Subject) string { return s.ID }, &err)
	p.objects = named(p.Objects, "object", func(o *Object) string { return o.ID }, &err)
	p.flows = named(p.Flows, "flow", func(f *Flow) string { return f.Name }, &err)
	if err != nil {
		return err
	}
	for i := range p.Subjects {
		if strings.HasSuffix(p.Subjects[i].ID, "*") {
			p.families = append(p.families, &p.Subjects[i])
		}
	}
	slices.SortStableFunc(p.families, func(a, b *Subject) int { return len(b.ID) - len(a.ID) })
	return p.checkPlaces()
}

// named maps items by name; err is set at the first empty or repeated one.
func named[T any](items []T, kind string, name func(*T) string, err *error) map[string]*T {
	m := make(map[string]*T, len(items))
	for i := range items {
		n := name(&items[i])
		if (n == "" || m[n] != nil) && *err == nil {
			*err = fmt.Errorf("%s %q is empty or named twice", kind, n)
		}
		m[n] = &items[i]
	}
	return m
}

// checkPlaces holds every name of a zone against the list of zones.
func (p *Policy) checkPlaces() error {
	for i := range p.Zones {
		if !p.Zones[i].Class.Valid() {
			return fmt.Errorf("zone %q: class %v", p.Zones[i].Name, p.Zones[i].Class)
		}
	}
	for i := range p.Components {
		if c := &p.Components[i]; c.Zone != "" && p.zones[c.Zone] == nil {
			return fmt.Errorf("component %q: no zone %q", c.ID, c.Zone)
		}
	}
	for i := range p.Issuers {
		if len(p.Issuers[i].Key) != ed25519.PublicKeySize {
			return fmt.Errorf("issuer %q: a key of %d bytes", p.Issuers[i].Name, len(p.Issuers[i].Key))
		}
	}
	for i := range p.Subjects {
		s := &p.Subjects[i]
		if p.zones[zoneOf(s.ID)] == nil || !s.Clearance.Valid() {
			return fmt.Errorf("subject %q: no such zone, or clearance %v", s.ID, s.Clearance)
		}
		for _, proxy := range s.Proxies {
			if p.zones[proxy.Zone] == nil || zoneOf(proxy.Subject) != proxy.Zone {
				return fmt.Errorf("subject %q: proxy %q is not of zone %q", s.ID, proxy.Subject, proxy.Zone)
			}
		}
	}
	return p.checkObjects()
}

func (p *Policy) checkObjects() error {
	aliases := map[Alias]bool{}
	for i := range p.Objects {
		o := &p.Objects[i]
		if p.zones[zoneOf(o.ID)] == nil || !o.Class.Valid() {
			return fmt.Errorf("object %q: no such zone, or class %v", o.ID, o.Class)
		}
		for _, a := range o.Aliases {
			if p.zones[a.Zone] == nil || aliases[a] {
				return fmt.Errorf("object %q: alias %q in zone %q is used twice or has no zone", o.ID, a.Name, a.Zone)
			}
			aliases[a] = true
		}
	}
	return nil
}

func zoneOf(id string) string {
	zone, _, _ := strings.Cut(id, "/")
	return zone
}

func (p *Policy) compileFlows() error {
	for i := range p.Flows {
		if err := p.compileFlow(&p.Flows[i]); err != nil {
			return fmt.Errorf("flow %q: %w", p.Flows[i].Name, err)
		}
	}
	return nil
}

func (p *Policy) compileFlow(f *Flow) error {
	if err := p.crosses(f); err != nil {
		return err
	}
	if !f.Class.Valid() || !f.Answer.Valid() || (f.Raise != 0 && !f.Raise.Valid()) {
		return fmt.Errorf("class %v, answer %v, raise %d", f.Class, f.Answer, f.Raise)
	}
	if f.Raise != 0 && len(f.Checks) == 0 {
		return fmt.Errorf("integrity rises only by named checks, and it names none")
	}
	if err := p.endsAtFronts(f); err != nil {
		return err
	}
	if p.objects[f.Object] == nil {
		return fmt.Errorf("no object %q", f.Object)
	}
	if f.Kind != "ask" && f.Kind != "deliver" || (f.Kind == "deliver") != (f.Files != nil) {
		return fmt.Errorf("kind %q, with files: %t", f.Kind, f.Files != nil)
	}
	if err := f.compileWays(); err != nil {
		return err
	}
	if slices.Contains(f.Accept, label.ByToken) && p.issuers[f.Issuer] == nil {
		return fmt.Errorf("accepts tokens, but has no issuer %q", f.Issuer)
	}
	return f.compileForms()
}

func (p *Policy) crosses(f *Flow) error {
	from, to := p.zones[f.From], p.zones[f.To]
	if from == nil || to == nil || from.Inner == to.Inner {
		return fmt.Errorf("from %q to %q does not cross the guard", f.From, f.To)
	}
	return nil
}

func (p *Policy) endsAtFronts(f *Flow) error {
	for _, end := range [][2]string{{f.Entry, f.From}, {f.Exit, f.To}} {
		if c := p.components[end[0]]; c != nil && (c.Role != RoleFront || c.Zone != end[1]) {
			return fmt.Errorf("%q is not a front of zone %q", end[0], end[1])
		}
	}
	return nil
}

func (f *Flow) compileForms() error {
	names := map[string]bool{}
	for i := range f.Forms {
		form := &f.Forms[i]
		if form.Name == "" || names[form.Name] {
			return fmt.Errorf("form %q is empty or named twice", form.Name)
		}
		names[form.Name] = true
		if err := form.Request.compile(form.Name, 0); err != nil {
			return err
		}
		statuses := map[int64]bool{}
		for j := range form.Answers {
			if statuses[form.Answers[j].Status] {
				return fmt.Errorf("form %q has two answers with status %d", form.Name, form.Answers[j].Status)
			}
			statuses[form.Answers[j].Status] = true
			if err := form.Answers[j].Schema.compile(fmt.Sprintf("%s.%d", form.Name, form.Answers[j].Status), 0); err != nil {
				return err
			}
		}
	}
	for _, r := range f.Routes {
		if !names[r.Form] {
			return fmt.Errorf("route %s %s: no form %q", r.Method, r.Path, r.Form)
		}
	}
	return nil
}

// Zone, Component, Issuer, Object and Flow look a name up; nil is "there is none".

// Zone is the zone of a name.
func (p *Policy) Zone(name string) *Zone { return p.zones[name] }

// Component is the admitted component of an id.
func (p *Policy) Component(id string) *Component { return p.components[id] }

// Center is the id of the center, empty where the bundle names none.
func (p *Policy) Center() string {
	for i := range p.Components {
		if p.Components[i].Role == RoleCenter {
			return p.Components[i].ID
		}
	}
	return ""
}

// Issuer is the issuer of a name.
func (p *Policy) Issuer(name string) *Issuer { return p.issuers[name] }

// Object is the object of an id.
func (p *Policy) Object(id string) *Object { return p.objects[id] }

// Flow is the flow of a name.
func (p *Policy) Flow(name string) *Flow { return p.flows[name] }

// Subject is the subject of an id: itself, or the longest family that it is of.
func (p *Policy) Subject(id string) *Subject {
	if s := p.subjects[id]; s != nil && !strings.HasSuffix(id, "*") {
		return s
	}
	for _, s := range p.families {
		if prefix := strings.TrimSuffix(s.ID, "*"); len(id) > len(prefix) && strings.HasPrefix(id, prefix) {
			return s
		}
	}
	return nil
}

// MapSubject is who stands in for a subject in a zone.
func (p *Policy) MapSubject(id, zone string) (string, error) {
	s := p.Subject(id)
	if s == nil {
		return "", fault.New(fault.SubjectUnknown, "no subject %q", id)
	}
	for _, proxy := range s.Proxies {
		if proxy.Zone != zone {
			continue
		}
		if prefix, ok := strings.CutSuffix(proxy.Subject, "*"); ok {
			return prefix + id[len(strings.TrimSuffix(s.ID, "*")):], nil
		}
		return proxy.Subject, nil
	}
	return "", fault.New(fault.SubjectUnmapped, "subject %q has no proxy in zone %q", id, zone)
}

// Form is the form of a name.
func (f *Flow) Form(name string) *Form {
	for i := range f.Forms {
		if f.Forms[i].Name == name {
			return &f.Forms[i]
		}
	}
	return nil
}

// Answer is the schema of an answer with a status, nil where the form has none.
func (f *Form) Answer(status int64) *Schema {
	for i := range f.Answers {
		if f.Answers[i].Status == status {
			return &f.Answers[i].Schema
		}
	}
	return nil
}
