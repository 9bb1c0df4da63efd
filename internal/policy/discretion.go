// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/fault"
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
	p.cedar = cedar.NewPolicySet()
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
			if !p.cedar.Add(id, policy) {
				return fmt.Errorf("%s: policy %q is there twice", file.Name, id)
			}
		}
	}
	p.entities = cedar.EntityMap{}
	for i := range p.Objects {
		o := &p.Objects[i]
		parents := []cedar.EntityUID{cedar.NewEntityUID(zoneType, cedar.String(zoneOf(o.ID)))}
		for _, g := range o.Groups {
			parents = append(parents, cedar.NewEntityUID(groupType, cedar.String(g)))
		}
		uid := cedar.NewEntityUID(objectType, cedar.String(o.ID))
		p.entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...), Attributes: cedar.NewRecord(cedar.RecordMap{
			"confidentiality": cedar.Long(o.Class.Confidentiality), "integrity": cedar.Long(o.Class.Integrity),
		})}
	}
	return nil
}

// entities is the bundle's entities and the one principal of a query.
type entities struct {
	fixed     cedar.EntityMap
	principal cedar.Entity
}

// Get finds an entity.
func (e entities) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	if uid == e.principal.UID {
		return e.principal, true
	}
	entity, ok := e.fixed[uid]
	return entity, ok
}

// discretion asks the Cedar policies. An error in any policy refuses: what cannot
// be decided is not permitted.
func (d *decider) discretion() {
	request, principal := d.cedarRequest()
	verdict, diagnostic := cedar.Authorize(d.policy.cedar, entities{d.policy.entities, principal}, request)
	// Cedar evaluates in no order; a decision has one.
	slices.SortFunc(diagnostic.Errors, func(a, b cedar.DiagnosticError) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	slices.SortFunc(diagnostic.Reasons, func(a, b cedar.DiagnosticReason) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	for _, e := range diagnostic.Errors {
		d.refuse(fault.PolicyError, string(e.PolicyID), "%s", e.Message)
	}
	for _, r := range diagnostic.Reasons {
		if verdict == cedar.Allow {
			d.granted = append(d.granted, Reason{Rule: string(r.PolicyID), What: "permits"})
		} else {
			d.refuse(fault.PolicyDenied, string(r.PolicyID), "forbids")
		}
	}
	if verdict != cedar.Allow && len(diagnostic.Reasons) == 0 {
		d.refuse(fault.PolicyDenied, "cedar", "no policy permits %s on %s to %s", d.flow.Action, d.flow.Object, d.query.Label.Subject)
	}
}

func (d *decider) cedarRequest() (cedar.Request, cedar.Entity) {
	l, h := d.query.Label, d.query.Header
	zone, name, _ := strings.Cut(l.Subject, "/")
	parents := []cedar.EntityUID{cedar.NewEntityUID(zoneType, cedar.String(zone))}
	for _, g := range d.subject.Groups {
		parents = append(parents, cedar.NewEntityUID(groupType, cedar.String(g)))
	}
	principal := cedar.Entity{
		UID: cedar.NewEntityUID(subjectType, cedar.String(l.Subject)), Parents: cedar.NewEntityUIDSet(parents...),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"name": cedar.String(name), "zone": cedar.String(zone),
			"clearance": cedar.Long(d.subject.Clearance.Confidentiality),
		}),
	}
	return cedar.Request{
		Principal: principal.UID,
		Action:    cedar.NewEntityUID(actionType, cedar.String(d.flow.Action)),
		Resource:  cedar.NewEntityUID(objectType, cedar.String(d.flow.Object)),
		Context: cedar.NewRecord(cedar.RecordMap{
			"flow": cedar.String(h.Flow), "kind": cedar.String(h.Kind.String()), "protocol": cedar.String(l.Protocol),
			"purpose": cedar.String(l.Purpose), "assurance": cedar.String(l.Assurance),
			"confidentiality": cedar.Long(d.class.Confidentiality), "integrity": cedar.Long(d.class.Integrity),
			"content": cedarRecord(d.query.Content), "size": cedar.Long(int64(min(h.Body.Size, 1<<62))),
		}),
	}, principal
}

func cedarRecord(r parcel.Record) cedar.Record {
	m := make(cedar.RecordMap, len(r))
	for name, v := range r {
		if value := cedarValue(v); value != nil {
			m[cedar.String(name)] = value
		}
	}
	return cedar.NewRecord(m)
}

// cedarValue is nil for what Cedar has no value for: null and bytes.
func cedarValue(v any) cedar.Value {
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
			if value := cedarValue(item); value != nil {
				items = append(items, value)
			}
		}
		return cedar.NewSet(items...)
	case map[string]any:
		return cedarRecord(v)
	default:
		return nil
	}
}
