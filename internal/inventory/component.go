// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/problem"
)

// Component is one component as an administrator sees it.
type Component struct {
	ID            string     `json:"id"`
	Role          string     `json:"role"`
	Zone          string     `json:"zone,omitempty"`
	State         string     `json:"state" enum:"waiting,admitted,current,behind,unreachable,untrusted,self" doc:"waiting: to be admitted; admitted: and in no policy yet; behind: its policy or its keys; untrusted: started under another manifest"`
	Admitted      bool       `json:"admitted"`
	Fingerprint   string     `json:"fingerprint,omitempty" doc:"of its key"`
	LogKey        string     `json:"logKey,omitempty" doc:"what verifies the checkpoints of its log: a note verifier key as C2SP signed-note says, for who has no better source of it"`
	Version       string     `json:"version,omitempty" doc:"of its program"`
	Policy        uint64     `json:"policy,omitempty" doc:"version that is in force there"`
	Lease         uint64     `json:"lease,omitempty" doc:"serial of its keys"`
	Seen          time.Time  `json:"seen,omitzero" doc:"last answer"`
	Audit         string     `json:"audit,omitempty" doc:"proven, or what is wrong with its log"`
	Pending       uint64     `json:"pending,omitempty" doc:"deliveries that wait"`
	Manifest      string     `json:"manifest,omitempty" doc:"that it says it was started under"`
	Ends          []End      `json:"ends" doc:"what ends, the first first"`
	Configuration Comparison `json:"configuration"`
	Lacks         []Lack     `json:"lacks" doc:"what is to be done about it; empty when nothing is"`
}

// Components are all components: those that are admitted, those of the policy in force,
// and those that ask to be admitted; by name.
func (v *Inventory) Components(ctx context.Context) ([]Component, error) {
	byID := map[string]*Component{}
	one := func(id string) *Component {
		if byID[id] == nil {
			byID[id] = &Component{ID: id, State: waiting, Ends: []End{}, Lacks: []Lack{}, Configuration: Comparison{Component: id, State: unknown}}
		}
		return byID[id]
	}
	requests, err := v.admitted(ctx)
	if err != nil && problem.CodeOf(err) != problem.Unavailable { // without the signer the others are still worth seeing
		return nil, err
	}
	signerAway := err != nil
	for _, r := range requests {
		c := one(r.ID)
		c.Role, c.Zone, c.Fingerprint, c.Admitted, c.State = r.Role, r.Zone, r.Fingerprint(), true, admitted
		c.LogKey, _ = note.NewEd25519VerifierKey(audit.Origin(r.ID), r.Key) // a request has a key that fits
	}
	for _, s := range v.Standings() {
		one(s.ID).stand(s)
	}
	if err := v.addRequests(ctx, one); err != nil {
		return nil, err
	}
	v.addSelf(one(v.Self))
	if err := v.addConfigurations(ctx, byID); err != nil {
		return nil, err
	}
	list := make([]Component, 0, len(byID))
	for _, c := range byID {
		c.Lacks = v.lacks(c, signerAway)
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Component) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

// Component is one of them.
func (v *Inventory) Component(ctx context.Context, id string) (Component, error) {
	list, err := v.Components(ctx)
	if err != nil {
		return Component{}, err
	}
	i := slices.IndexFunc(list, func(c Component) bool { return c.ID == id })
	if i < 0 {
		return Component{}, problem.New(problem.Unknown, "there is no component %q", id)
	}
	return list[i], nil
}

func (c *Component) stand(s Standing) {
	c.State, c.Version, c.Policy, c.Lease, c.Seen = s.State, s.Version, s.Bundle, s.Lease, s.Seen
	c.Audit, c.Pending, c.Manifest = s.Audit, s.Pending, s.Manifest
	if c.Role == "" {
		c.Role, c.Zone = s.Role, s.Zone
	}
	if s.Error != "" {
		c.Lacks = append(c.Lacks, troubleOf(s))
	}
	for _, lacking := range s.Lacking {
		c.Lacks = append(c.Lacks, kernelLack(lacking))
	}
}

func (v *Inventory) addRequests(ctx context.Context, one func(string) *Component) error {
	list, err := v.Requests(ctx)
	for _, r := range list {
		if r.State != waiting {
			continue
		}
		c := one(r.Component)
		if !c.Admitted && c.Fingerprint == "" {
			c.Role, c.Zone, c.Fingerprint = r.Role, r.Zone, r.Fingerprint
		}
		c.Lacks = append(c.Lacks, requestLack(r))
	}
	return err
}

func (v *Inventory) addSelf(c *Component) {
	c.State, c.Version, c.Seen = "self", v.Version, v.Now()
}

// addConfigurations adds how each one's configuration stands, and what in it ends.
func (v *Inventory) addConfigurations(ctx context.Context, byID map[string]*Component) error {
	all, err := v.Comparisons(ctx)
	if err != nil {
		return err
	}
	end := v.PolicyEnd()
	for id, c := range byID {
		if state, ok := all[id]; ok {
			c.Configuration = state
		}
		if c.Policy != 0 && !end.IsZero() {
			c.Ends = append(c.Ends, keysEnd(end))
		}
		if c.Configuration.Number == 0 {
			continue
		}
		e, _, err := v.effective(ctx, v.db, id, c.Configuration.Number)
		if err != nil {
			return err
		}
		c.Ends = append(c.Ends, endsOf(e)...)
		slices.SortStableFunc(c.Ends, func(a, b End) int { return a.At.Compare(b.At) })
	}
	return nil
}

func endsOf(e control.Effective) []End {
	var list []End
	for _, f := range e.Files {
		if f.End != 0 {
			list = append(list, certificateEnd(f.Path, time.UnixMilli(f.End)))
		}
	}
	return list
}
