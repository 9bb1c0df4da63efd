// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
)

const actWeaken = "weaken-account-rules"

// weakening is what two persons agree on: rules, and of which revision they were made.
type weakening struct {
	Rules    account.Rules `json:"rules"`
	Revision int64         `json:"revision"`
}

// AccountActs are the acts of two persons about accounts.
func AccountActs(a *account.Accounts) []proposal.Act {
	check := func(ctx context.Context, p proposal.Proposal) error {
		_, err := readWeakening(ctx, a, p)
		return err
	}
	do := func(ctx context.Context, p proposal.Proposal) (string, error) {
		w, err := readWeakening(ctx, a, p)
		if err != nil {
			return "", err
		}
		return "the rules of passwords and sessions are in force", a.SetRules(ctx, w.Rules)
	}
	return []proposal.Act{{Kind: actWeaken, Duty: account.Security, Check: check, Do: do}}
}

// readWeakening refuses rules that were made of others than those in force, since the
// difference that both saw is another one then.
func readWeakening(ctx context.Context, a *account.Accounts, p proposal.Proposal) (w weakening, err error) {
	if err := json.Unmarshal(p.Payload, &w); err != nil {
		return w, problem.Wrap(problem.Malformed, err, "these are no rules")
	}
	now, err := a.Rules(ctx)
	if err != nil {
		return w, err
	}
	if now.Revision != w.Revision && now.Rules != w.Rules {
		return w, problem.New(problem.Stale, "the rules were changed meanwhile: propose them anew")
	}
	return w, w.Rules.Check()
}

type rulesOutput struct {
	ETag string `header:"ETag"`
	Body account.Rules
}

type setRulesInput struct {
	IfMatch string `header:"If-Match" doc:"the ETag of the rules as you have read them"`
	Body    account.Rules
}

// rulesSet is what became of rules that were to be set.
type rulesSet struct {
	InForce  bool   `json:"inForce"`
	Proposal string `json:"proposal,omitempty" doc:"id of the proposal, where a second security administrator must approve, because it weakens a rule"`
}

// accountRulesRoutes are about what is asked of passwords and sessions.
func (s *Server) accountRulesRoutes() []Route {
	const group = "accounts"
	return []Route{
		route(Route{ID: "get-account-rules", Method: http.MethodGet, Path: "/settings/accounts", Verb: "account rules show", Group: group, May: everyDuty(),
			Summary: "Show what is asked of passwords and sessions"},
			func(ctx context.Context, _ *struct{}) (*rulesOutput, error) {
				r, err := s.Accounts.Rules(ctx)
				return &rulesOutput{ETag: etag(r.Revision), Body: r.Rules}, err
			}),
		route(Route{ID: "set-account-rules", Method: http.MethodPut, Path: "/settings/accounts", Verb: "account rules set", Group: group, May: only(account.Security), Fresh: true,
			Summary: "Set what is asked of passwords and sessions",
			Help:    "What is nowhere weaker than before is in force at once. What weakens a rule is proposed, and a second security administrator approves it."},
			s.setAccountRules),
	}
}

func (s *Server) setAccountRules(ctx context.Context, in *setRulesInput) (*answer[rulesSet], error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	now, err := s.Accounts.Rules(ctx)
	if err != nil {
		return nil, err
	}
	lines, weaker := in.Body.Changes(now.Rules)
	difference := strings.Join(lines, "\n")
	remark(ctx, difference)
	if !weaker {
		return &answer[rulesSet]{rulesSet{InForce: true}}, s.Accounts.Tighten(ctx, in.Body, revision)
	}
	if now.Revision != revision {
		return nil, problem.New(problem.Stale, "the rules were changed meanwhile: read them again")
	}
	payload, err := json.Marshal(weakening{in.Body, revision})
	if err != nil {
		return nil, err
	}
	p, err := s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: actWeaken, Title: "Weaken the rules of passwords and sessions", Payload: payload, Difference: difference,
	})
	return &answer[rulesSet]{rulesSet{Proposal: p.ID}}, err
}
