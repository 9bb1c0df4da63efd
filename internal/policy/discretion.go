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

// Discretion asks the Cedar policies about a query on flow f by subject s, in the
// class that the parcel has behind the flow's checks. It is pure, and the one part of
// a decision that both judges share. It gives the reasons of a permission, or those of
// a refusal. An error in any policy refuses: what cannot be decided is not permitted.
func (p *Policy) Discretion(q Query, f *Flow, s *Subject, class label.Class) (permits, refusals []Reason) {
	request, principal := cedarRequest(q, f, s, class)
	verdict, diagnostic := cedar.Authorize(p.cedar, entities{p.entities, principal}, request)
	// Cedar evaluates in no order; a decision has one.
	slices.SortFunc(diagnostic.Errors, func(a, b cedar.DiagnosticError) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	slices.SortFunc(diagnostic.Reasons, func(a, b cedar.DiagnosticReason) int { return strings.Compare(string(a.PolicyID), string(b.PolicyID)) })
	for _, e := range diagnostic.Errors {
		refusals = append(refusals, Reason{Code: fault.PolicyError, Rule: string(e.PolicyID), What: e.Message})
	}
	for _, r := range diagnostic.Reasons {
		if verdict == cedar.Allow {
			permits = append(permits, Reason{Rule: string(r.PolicyID), What: "permits"})
		} else {
			refusals = append(refusals, Reason{Code: fault.PolicyDenied, Rule: string(r.PolicyID), What: "forbids"})
		}
	}
	if verdict != cedar.Allow && len(diagnostic.Reasons) == 0 {
		what := fmt.Sprintf("no policy permits %s on %s to %s", f.Action, f.Object, q.Label.Subject)
		refusals = append(refusals, Reason{Code: fault.PolicyDenied, Rule: "cedar", What: what})
	}
	return permits, refusals
}

func cedarRequest(q Query, f *Flow, s *Subject, class label.Class) (cedar.Request, cedar.Entity) {
	l, h := q.Label, q.Header
	zone, name, _ := strings.Cut(l.Subject, "/")
	parents := []cedar.EntityUID{cedar.NewEntityUID(zoneType, cedar.String(zone))}
	for _, g := range s.Groups {
		parents = append(parents, cedar.NewEntityUID(groupType, cedar.String(g)))
	}
	principal := cedar.Entity{
		UID: cedar.NewEntityUID(subjectType, cedar.String(l.Subject)), Parents: cedar.NewEntityUIDSet(parents...),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"name": cedar.String(name), "zone": cedar.String(zone),
			"clearance": cedar.Long(s.Clearance.Confidentiality),
		}),
	}
	return cedar.Request{
		Principal: principal.UID,
		Action:    cedar.NewEntityUID(actionType, cedar.String(f.Action)),
		Resource:  cedar.NewEntityUID(objectType, cedar.String(f.Object)),
		Context: cedar.NewRecord(cedar.RecordMap{
			"flow": cedar.String(h.Flow), "kind": cedar.String(h.Kind.String()), "protocol": cedar.String(l.Protocol),
			"purpose": cedar.String(l.Purpose), "assurance": cedar.String(l.Assurance),
			"confidentiality": cedar.Long(class.Confidentiality), "integrity": cedar.Long(class.Integrity),
			"content": cedarRecord(q.Content), "size": cedar.Long(int64(min(h.Body.Size, 1<<62))),
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
