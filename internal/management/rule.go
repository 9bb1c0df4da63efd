// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
)

// actLower is the act of two persons that makes a critical rule protect less.
const actLower = "lower-rule"

// RuleActs are the acts of two persons about rules.
func RuleActs(m *monitor.Monitor) []proposal.Act {
	change := func(p proposal.Proposal) (c monitor.Change, err error) {
		if err := json.Unmarshal(p.Payload, &c); err != nil {
			return c, problem.Wrap(problem.Invalid, err, "this is not a change of a rule")
		}
		_, err = m.Lowers(c)
		return c, err
	}
	return []proposal.Act{{
		Kind: actLower, Duty: account.System,
		Check: func(_ context.Context, p proposal.Proposal) error {
			_, err := change(p)
			return err
		},
		Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
			c, err := change(p)
			if err != nil {
				return "", err
			}
			return "rule " + c.Rule + " was changed", m.Lower(ctx, namesOf(p), c)
		},
	}}
}

// ruleRoutes are about what is held to be wrong.
func (s *Server) ruleRoutes() []Route {
	const group = "alerts"
	const two = "What makes a critical rule protect less is proposed, and done when a second system administrator approves."
	return []Route{
		route(Route{ID: "list-rules", Method: http.MethodGet, Path: "/rules", Verb: "rule list", Group: group, May: everyDuty(),
			Summary: "List the rules by which alerts fire, with the values that hold"}, s.listRules),
		route(Route{ID: "show-rule", Method: http.MethodGet, Path: "/rules/{rule}", Verb: "rule show", Group: group, May: everyDuty(),
			Summary: "Show one rule"},
			func(_ context.Context, in *RuleID) (*ruleOut, error) { return s.ruleOf(in.Rule) }),
		route(Route{ID: "set-rule", Method: http.MethodPut, Path: "/rules/{rule}", Verb: "rule set", Group: group, May: only(account.System),
			Summary: "Change a rule, for all or for one component or flow", Help: two}, s.setRule),
		route(Route{ID: "reset-rule", Method: http.MethodDelete, Path: "/rules/{rule}", Verb: "rule reset", Group: group, May: only(account.System),
			Summary: "Take a setting of a rule back, so that the default holds again", Help: two}, s.resetRule),
	}
}

// RuleID is the part of a path that names a rule.
type RuleID struct {
	Rule string `path:"rule" maxLength:"64" doc:"a rule's id" example:"flow-slow"`
}

type rulePage struct {
	Items []monitor.View `json:"items"`
}

func (s *Server) listRules(context.Context, *struct{}) (*answer[rulePage], error) {
	return &answer[rulePage]{rulePage{s.Monitor.Views()}}, nil
}

// ruleOut is a rule, or what was proposed about it.
type ruleOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   struct {
		Rule     monitor.View       `json:"rule"`
		Proposal *proposal.Proposal `json:"proposal,omitempty" doc:"what waits for a second person; the rule is as it was"`
	}
}

func (s *Server) ruleOf(id string) (*ruleOut, error) {
	v, err := s.Monitor.View(id)
	if err != nil {
		return nil, err
	}
	out := &ruleOut{Status: http.StatusOK, ETag: etag(v.Revision)}
	out.Body.Rule = v
	return out, nil
}

// RuleFor is which rule a change is of, for what, and as it was read.
type RuleFor struct {
	RuleID
	For     string `query:"for" maxLength:"128" doc:"a component or flow; all, when nothing is said"`
	IfMatch string `header:"If-Match" doc:"the ETag of the rule as you have read it"`
}

type setRuleIn struct {
	RuleFor
	Body struct {
		monitor.Setting
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"why, for who has to approve it"`
	}
}

func (s *Server) setRule(ctx context.Context, in *setRuleIn) (*ruleOut, error) {
	return s.changeRule(ctx, &in.RuleFor, &in.Body.Setting, in.Body.Reason)
}

type resetRuleIn struct {
	RuleFor
	Reason string `query:"reason" maxLength:"2000" doc:"why, for who has to approve it"`
}

func (s *Server) resetRule(ctx context.Context, in *resetRuleIn) (*ruleOut, error) {
	return s.changeRule(ctx, &in.RuleFor, nil, in.Reason)
}

func (s *Server) changeRule(ctx context.Context, in *RuleFor, setting *monitor.Setting, reason string) (*ruleOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c := monitor.Change{Rule: in.Rule, Name: in.For, Setting: setting, Revision: revision}
	difference, err := s.Monitor.Difference(c)
	if err != nil {
		return nil, err
	}
	remark(ctx, difference)
	lowers, err := s.Monitor.Lowers(c)
	if err != nil {
		return nil, err
	}
	if lowers {
		return s.proposeRule(ctx, c, difference, reason)
	}
	if err := s.Monitor.Set(ctx, callerOf(ctx).Name, c); err != nil {
		return nil, err
	}
	return s.ruleOf(in.Rule)
}

func (s *Server) proposeRule(ctx context.Context, c monitor.Change, difference, reason string) (*ruleOut, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	p, err := s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: actLower, Title: "Lower rule " + c.Rule, About: proposal.About{Rule: c.Rule, For: c.Name}, Payload: payload, Difference: difference, Reason: reason,
	})
	if err != nil {
		return nil, err
	}
	out, err := s.ruleOf(c.Rule)
	if err != nil {
		return nil, err
	}
	out.Status, out.Body.Proposal = http.StatusAccepted, &p
	return out, nil
}
