// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"

	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/policy"
)

type crossingsIn struct {
	CrossingFilter
	State []string `query:"state,explode" maxItems:"8" enum:"answered,answer-refused,delivered,released,refused,interrupted,passed,unknown" doc:"how far it came"`
	Limit int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many at most"`
	After string   `query:"after" maxLength:"200" doc:"go on behind here: next of the answer before"`
	LiveAsked
}

type crossingsOut struct{ Body evidence.Passages }

func (s *Server) listCrossings(ctx context.Context, in *crossingsIn) (*crossingsOut, error) {
	x, q, err := s.search(in)
	if err != nil {
		return nil, err
	}
	q.Limit, q.After = in.Limit, in.After
	page, err := x.Crossings(ctx, sees(ctx), q, statesOf(in.State))
	if err != nil {
		return nil, err
	}
	s.addWays(page.Items)
	remark(ctx, fmt.Sprintf("%d parcels listed", len(page.Items)))
	return &crossingsOut{page}, nil
}

func statesOf(names []string) []evidence.State {
	states := make([]evidence.State, len(names))
	for i, name := range names {
		states[i] = evidence.State(name)
	}
	return states
}

// addWays says where parcels went, as far as the policy in force has their flows: an
// entry does not say it.
func (s *Server) addWays(list []evidence.Passage) {
	p := s.inForce()
	if p == nil {
		return
	}
	for i := range list {
		if f := p.Flow(list[i].Flow); f != nil {
			list[i].From, list[i].To, list[i].Protocol = f.From, f.To, f.Protocol
		}
	}
}

// inForce is the policy in force, nil for none.
func (s *Server) inForce() *policy.Policy {
	if s.Policy == nil {
		return nil
	}
	return s.Policy.InForce()
}
