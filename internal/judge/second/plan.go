// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"fmt"
	"strings"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// plan is a bundle's data as this judge looks things up in it.
type plan struct {
	policy   *policy.Policy
	flows    map[string]*way
	subjects map[string]*policy.Subject // by name, by prefix with its "*"
	tails    []int                      // the lengths of the prefixes, longest first
}

// way is one flow with all that it names.
type way struct {
	flow     *policy.Flow
	from, to point // the zones
	object   point
	base     [2]point // of what goes, of answers
	forms    map[string]*form
}

type form struct {
	request *shape
	answers map[int64]*shape
}

// planOf reads a bundle that was compiled, and so is whole.
func planOf(p *policy.Policy) (*plan, error) {
	out := &plan{policy: p, flows: map[string]*way{}, subjects: map[string]*policy.Subject{}}
	var lengths [maxName + 1]bool
	for i := range p.Subjects {
		s := &p.Subjects[i]
		out.subjects[s.ID] = s
		if prefix, ok := strings.CutSuffix(s.ID, "*"); ok && len(prefix) < len(lengths) { // a longer one has no member
			lengths[len(prefix)] = true
		}
	}
	for n := len(lengths) - 1; n >= 0; n-- {
		if lengths[n] {
			out.tails = append(out.tails, n)
		}
	}
	zones, objects := map[string]point{}, map[string]point{}
	for i := range p.Zones {
		zones[p.Zones[i].Name] = pointOf(p.Zones[i].Class)
	}
	for i := range p.Objects {
		objects[p.Objects[i].ID] = pointOf(p.Objects[i].Class)
	}
	for i := range p.Flows {
		f := &p.Flows[i]
		forms, err := formsOf(f)
		if err != nil {
			return nil, fmt.Errorf("flow %q: %w", f.Name, err)
		}
		out.flows[f.Name] = &way{
			flow: f, from: zones[f.From], to: zones[f.To], object: objects[f.Object],
			base: [2]point{pointOf(f.Class), pointOf(f.Answer)}, forms: forms,
		}
	}
	return out, nil
}

func formsOf(f *policy.Flow) (map[string]*form, error) {
	forms := map[string]*form{}
	for i := range f.Forms {
		request, err := shapeOf(&f.Forms[i].Request)
		if err != nil {
			return nil, err
		}
		out := &form{request: request, answers: map[int64]*shape{}}
		for j := range f.Forms[i].Answers {
			a := &f.Forms[i].Answers[j]
			if out.answers[a.Status], err = shapeOf(&a.Schema); err != nil {
				return nil, err
			}
		}
		forms[f.Forms[i].Name] = out
	}
	return forms, nil
}

// subject finds who an id is: by its name, else by the longest prefix of it.
func (p *plan) subject(id string) *policy.Subject {
	if s := p.subjects[id]; s != nil && id[len(id)-1] != '*' {
		return s
	}
	var name [maxName + 1]byte
	copy(name[:], id)
	for _, n := range p.tails {
		if n >= len(id) {
			continue
		}
		name[n] = '*'
		if s := p.subjects[string(name[:n+1])]; s != nil {
			return s
		}
		name[n] = id[n]
	}
	return nil
}

// accepts says whether a flow takes how a subject was established.
func accepts(f *policy.Flow, a label.Assurance) bool {
	for _, one := range f.Accept {
		if one == a {
			return true
		}
	}
	return false
}

// ofZone says that an id is of a zone: the zone's name up to the end or the first slash.
func ofZone(id, zone string) bool {
	rest, ok := strings.CutPrefix(id, zone)
	return ok && (rest == "" || rest[0] == '/') && !strings.Contains(zone, "/")
}
