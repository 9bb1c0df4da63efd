// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// Full is Discretion by all policies over the whole query, which it is held against.
func (p *Policy) Full(q Query, f *Flow, s *Subject, class label.Class) (permits, refusals []Reason) {
	set := cedar.NewPolicySet()
	for _, file := range p.Cedar {
		list, err := cedar.NewPolicyListFromBytes(file.Name, []byte(file.Text))
		if err != nil {
			panic(err)
		}
		for i, policy := range list {
			id := cedar.PolicyID(fmt.Sprintf("%s#%d", file.Name, i+1))
			if name, ok := policy.Annotations()["id"]; ok {
				id = cedar.PolicyID(name)
			}
			set.Add(id, policy)
		}
	}
	zone, name, _ := strings.Cut(q.Label.Subject, "/")
	principal := cedar.Entity{
		UID: cedar.NewEntityUID("Subject", cedar.String(q.Label.Subject)), Parents: cedar.NewEntityUIDSet(parents(zone, s.Groups)...),
		Attributes: cedar.NewRecord(cedar.RecordMap{"name": cedar.String(name), "zone": cedar.String(zone), "clearance": cedar.Long(s.Clearance.Confidentiality)}),
	}
	verdict, diagnostic := cedar.Authorize(set, &entities{p.entities, principal}, cedar.Request{
		Principal: principal.UID,
		Action:    cedar.NewEntityUID("Action", cedar.String(f.Action)),
		Resource:  cedar.NewEntityUID("Object", cedar.String(f.Object)),
		Context: cedar.NewRecord(cedar.RecordMap{
			"flow": cedar.String(q.Header.Flow), "kind": cedar.String(q.Header.Kind.String()), "protocol": cedar.String(q.Label.Protocol),
			"purpose": cedar.String(q.Label.Purpose), "assurance": cedar.String(q.Label.Assurance),
			"confidentiality": cedar.Long(class.Confidentiality), "integrity": cedar.Long(class.Integrity),
			"content": cedarRecord(q.Content, &part{all: true}), "size": cedar.Long(int64(min(q.Header.Body.Size, 1<<62))),
		}),
	})
	permits, refusals = reasons(verdict, diagnostic)
	if verdict != cedar.Allow && len(diagnostic.Reasons) == 0 {
		what := fmt.Sprintf("no policy permits %s on %s to %s", f.Action, f.Object, q.Label.Subject)
		refusals = append(refusals, Reason{Code: fault.PolicyDenied, Rule: "cedar", What: what})
	}
	return permits, refusals
}

// Evaluated is how many policies Discretion evaluates for a subject on a flow.
func (p *Policy) Evaluated(f *Flow, subject string) int {
	in := newMembership(zoneOf(subject), p.Subject(subject).Groups)
	n := 0
	for range (relevant{p.slices[f.Name], cedar.NewEntityUID("Subject", cedar.String(subject)), in.list}).All() {
		n++
	}
	return n
}
