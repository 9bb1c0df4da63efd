// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"fmt"
	"strings"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

// Name is what a subject or object of one zone is in another.
type Name struct {
	Kind string `json:"kind" enum:"subject,object"`
	ID   string `json:"id" doc:"as its own zone has it"`
	Zone string `json:"zone" doc:"the other zone"`
	Name string `json:"name" doc:"what it is there: who stands in for a subject, what an object is called"`
}

// Names are the subjects and objects that other zones know under another name, in force,
// or in a draft.
func (d *Desk) Names(ctx context.Context, draft string) ([]Name, error) {
	p := d.InForce()
	if draft != "" {
		var err error
		if _, p, err = d.Compiled(ctx, draft); err != nil {
			return nil, err
		}
	}
	if p == nil {
		return nil, problem.New(problem.Conflict, "no policy is in force yet")
	}
	list := []Name{}
	for i := range p.Subjects {
		for _, proxy := range p.Subjects[i].Proxies {
			list = append(list, Name{"subject", p.Subjects[i].ID, proxy.Zone, proxy.Subject})
		}
	}
	for i := range p.Objects {
		for _, alias := range p.Objects[i].Aliases {
			list = append(list, Name{"object", p.Objects[i].ID, alias.Zone, alias.Name})
		}
	}
	return list, nil
}

// names are those that a bundle gives to objects and categories.
type names struct {
	objects map[string]*policy.Object
	bits    []string
}

func namesOf(b *policy.Bundle) names {
	n := names{objects: map[string]*policy.Object{}, bits: b.Categories}
	for i := range b.Objects {
		n.objects[b.Objects[i].ID] = &b.Objects[i]
	}
	return n
}

// object is an object's id, and what other zones call it.
func (n names) object(id string) string {
	o := n.objects[id]
	if o == nil || len(o.Aliases) == 0 {
		return id
	}
	others := make([]string, len(o.Aliases))
	for i, a := range o.Aliases {
		others[i] = a.Name
	}
	return fmt.Sprintf("%s (%s)", id, strings.Join(others, ", "))
}

// categories are the names of a set.
func (n names) categories(set label.Categories) string {
	var list []string
	for bit := range 64 {
		if set&(1<<bit) == 0 {
			continue
		}
		name := fmt.Sprintf("#%d", bit)
		if bit < len(n.bits) {
			name = n.bits[bit]
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
