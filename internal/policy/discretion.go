// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// The entity types of the Cedar policies.
const (
	subjectType cedar.EntityType = "Subject"
	groupType   cedar.EntityType = "Group"
	objectType  cedar.EntityType = "Object"
	actionType  cedar.EntityType = "Action"
	zoneType    cedar.EntityType = "Zone"
)

func (p *Policy) compileCedar() error {
	p.entities = cedar.EntityMap{}
	for i := range p.Objects {
		o := &p.Objects[i]
		uid := cedar.NewEntityUID(objectType, cedar.String(o.ID))
		p.entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents(zoneOf(o.ID), o.Groups)...), Attributes: cedar.NewRecord(cedar.RecordMap{
			"confidentiality": cedar.Long(o.Class.Confidentiality), "integrity": cedar.Long(o.Class.Integrity),
		})}
	}
	p.members = map[string]membership{}
	for i := range p.Subjects {
		p.members[p.Subjects[i].ID] = newMembership(zoneOf(p.Subjects[i].ID), p.Subjects[i].Groups)
	}
	set := newPolicySet()
	for _, file := range p.Cedar {
		list, err := cedar.NewPolicyListFromBytes(file.Name, []byte(file.Text))
		if err != nil {
			return err
		}
		for i, policy := range list {
			id := cedar.PolicyID(fmt.Sprintf("%s#%d", file.Name, i+1))
			if name, ok := policy.Annotations()["id"]; ok {
				id = cedar.PolicyID(name)
			}
			if !set.add(id, policy) {
				return fmt.Errorf("%s: policy %q is there twice", file.Name, id)
			}
		}
	}
	p.slices = map[string]*slice{}
	for i := range p.Flows {
		f := &p.Flows[i]
		p.slices[f.Name] = set.slice(f, parents(zoneOf(f.Object), p.objects[f.Object].Groups))
	}
	return nil
}

// parents are the entities that a subject or object is in. None of them is in another.
func parents(zone string, groups []string) []cedar.EntityUID {
	all := []cedar.EntityUID{cedar.NewEntityUID(zoneType, cedar.String(zone))}
	for _, g := range groups {
		if uid := cedar.NewEntityUID(groupType, cedar.String(g)); !slices.Contains(all, uid) {
			all = append(all, uid)
		}
	}
	return all
}

// membership is what a subject is in, in both forms that a decision needs.
type membership struct {
	zone string
	list []cedar.EntityUID
	set  cedar.EntityUIDSet
}

func newMembership(zone string, groups []string) membership {
	list := parents(zone, groups)
	return membership{zone: zone, list: list, set: cedar.NewEntityUIDSet(list...)}
}

// entities is the bundle's entities and the one principal of a query.
type entities struct {
	fixed     cedar.EntityMap
	principal cedar.Entity
}

// Get finds an entity.
func (e *entities) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	if uid == e.principal.UID {
		return e.principal, true
	}
	entity, ok := e.fixed[uid]
	return entity, ok
}

// Discretion asks the Cedar policies about a query on flow f, which its header names, by
// subject s, in the class that the parcel has behind the flow's checks. It is pure, and
// the one part of a decision that both judges share. It gives the reasons of a permission,
// or those of a refusal. An error in any policy refuses: what cannot be decided is not
// permitted. Only the flow's slice of the policies is evaluated, over the part of the
// query that the slice looks at; that gives what all of them over all of it would give.
func (p *Policy) Discretion(q Query, f *Flow, s *Subject, class label.Class) (permits, refusals []Reason) {
	sl := p.slices[f.Name] // none for a flow of another bundle: nothing permits
	if sl == nil {
		sl = &slice{}
	}
	zone, name, _ := strings.Cut(q.Label.Subject, "/")
	in, ok := p.members[s.ID]
	if !ok || in.zone != zone {
		in = newMembership(zone, s.Groups)
	}
	uid := cedar.NewEntityUID(subjectType, cedar.String(q.Label.Subject))
	known := &entities{fixed: p.entities, principal: cedar.Entity{
		UID: uid, Parents: in.set, Attributes: sl.looks.principal(name, zone, s.Clearance.Confidentiality),
	}}
	verdict, diagnostic := cedar.Authorize(relevant{sl, uid, in.list}, known, cedar.Request{
		Principal: uid, Action: sl.action, Resource: sl.object, Context: sl.looks.context(q, f, class),
	})
	permits, refusals = reasons(verdict, diagnostic)
	if verdict != cedar.Allow && len(diagnostic.Reasons) == 0 {
		what := fmt.Sprintf("no policy permits %s on %s to %s", f.Action, f.Object, q.Label.Subject)
		refusals = append(refusals, Reason{Code: fault.PolicyDenied, Rule: "cedar", What: what})
	}
	return permits, refusals
}

func reasons(verdict cedar.Decision, d cedar.Diagnostic) (permits, refusals []Reason) {
	// Cedar evaluates in no order; a decision has one.
	slices.SortFunc(d.Errors, func(a, b cedar.DiagnosticError) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	slices.SortFunc(d.Reasons, func(a, b cedar.DiagnosticReason) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	for _, e := range d.Errors {
		refusals = append(refusals, Reason{Code: fault.PolicyError, Rule: string(e.PolicyID), What: e.Message})
	}
	for _, r := range d.Reasons {
		if verdict == cedar.Allow {
			permits = append(permits, Reason{Rule: string(r.PolicyID), What: "permits"})
		} else {
			refusals = append(refusals, Reason{Code: fault.PolicyDenied, Rule: string(r.PolicyID), What: "forbids"})
		}
	}
	return permits, refusals
}

// cedarRecord is the part of a record that is looked at.
func cedarRecord(r parcel.Record, look *part) cedar.Record {
	m := cedar.RecordMap{}
	set := func(name string, v any, look *part) {
		if value := cedarValue(v, look); value != nil {
			m[cedar.String(name)] = value
		}
	}
	switch {
	case look.all:
		for name, v := range r {
			set(name, v, look)
		}
	case len(r) < len(look.fields): // the shorter way, however many fields the policies name
		for name, v := range r {
			if at, looked := look.fields[name]; looked {
				set(name, v, at)
			}
		}
	default:
		for name, at := range look.fields {
			if v, there := r[name]; there {
				set(name, v, at)
			}
		}
	}
	return cedar.NewRecord(m)
}

// cedarValue is nil for what Cedar has no value for: null and bytes.
func cedarValue(v any, look *part) cedar.Value {
	switch v := v.(type) {
	case bool:
		return cedar.Boolean(v)
	case int64:
		return cedar.Long(v)
	case string:
		return cedar.String(v)
	case []any:
		items := make([]cedar.Value, 0, len(v))
		for _, item := range v {
			if value := cedarValue(item, &part{all: true}); value != nil {
				items = append(items, value)
			}
		}
		return cedar.NewSet(items...)
	case map[string]any:
		return cedarRecord(v, look)
	default:
		return nil
	}
}
