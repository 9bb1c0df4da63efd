// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"slices"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/quarantine"
)

// proposalOut is a proposal as an answer.
type proposalOut struct {
	ETag string `header:"ETag"`
	Body proposal.Proposal
}

func answerProposal(p proposal.Proposal, err error) (*proposalOut, error) {
	if err != nil {
		return nil, err
	}
	return &proposalOut{ETag: etag(p.Revision), Body: p}, nil
}

// proposalRoutes are about acts of two persons. How each begins is a route of its part.
func (s *Server) proposalRoutes() []Route {
	voters := only(account.System, account.Security)
	return []Route{
		route(Route{ID: "list-proposals", Method: http.MethodGet, Path: "/proposals", Verb: "proposal list", Group: "proposals", May: everyDuty(),
			Summary: "List what was proposed, the latest first",
			Help:    "Without payload and difference, which `proposal show` gives."}, s.listProposals),
		route(Route{ID: "show-proposal", Method: http.MethodGet, Path: "/proposals/{id}", Verb: "proposal show", Group: "proposals", May: everyDuty(),
			Summary: "Show a proposal, with the difference that both persons are to see"}, s.showProposal),
		route(Route{ID: "approve-proposal", Method: http.MethodPost, Path: "/proposals/{id}/approve", Verb: "proposal approve", Group: "proposals", May: voters, Fresh: true,
			Summary: "Approve what another administrator of your duty has proposed",
			Help:    "Name the digest of the proposal that you have seen. It is done at once, or at its time."}, s.approveProposal),
		route(Route{ID: "refuse-proposal", Method: http.MethodPost, Path: "/proposals/{id}/refuse", Verb: "proposal refuse", Group: "proposals", May: voters,
			Summary: "Refuse what another administrator of your duty has proposed",
			Help:    "Also takes back what is approved and waits for its time."}, s.refuseProposal),
		route(Route{ID: "withdraw-proposal", Method: http.MethodPost, Path: "/proposals/{id}/withdraw", Verb: "proposal withdraw", Group: "proposals", May: voters,
			Summary: "Take your own proposal back, until it is being done"}, s.withdrawProposal),
		route(Route{ID: "show-inbox", Method: http.MethodGet, Path: "/inbox", Verb: "inbox", Group: "proposals", May: everyDuty(), Quiet: true,
			Summary: "Show what waits for you"}, s.showInbox),
	}
}

type listProposalsIn struct {
	State    string `query:"state" enum:"open,approved,doing,done,failed,refused,withdrawn,expired" doc:"only in this state"`
	Kind     string `query:"kind" maxLength:"64" doc:"only of this kind, as publish-policy"`
	Duty     string `query:"duty" enum:"system,security" doc:"only of this duty"`
	UnderWay bool   `query:"under-way" doc:"only those that have not ended"`
	After    string `query:"after" maxLength:"200" doc:"go on behind here: next of the list before"`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
}

type listProposalsOut struct {
	Body struct {
		Items []proposal.Proposal `json:"items"`
		Next  string              `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listProposals(ctx context.Context, in *listProposalsIn) (*listProposalsOut, error) {
	f := proposal.Filter{State: proposal.State(in.State), Kind: in.Kind, Duty: account.Duty(in.Duty), UnderWay: in.UnderWay}
	list, next, err := s.Proposals.List(ctx, f, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listProposalsOut{}
	out.Body.Items, out.Body.Next = orEmpty(list), next
	return out, nil
}

// orEmpty has a list without anything written as [] and not as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ProposalID is the part of a path that names a proposal.
type ProposalID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the proposal"`
}

func (s *Server) showProposal(ctx context.Context, in *ProposalID) (*proposalOut, error) {
	p, err := s.Proposals.Get(ctx, in.ID)
	if p.Kind == quarantine.Kind && callerOf(ctx).Duty == account.System {
		p.Payload, p.Difference = nil, "" // they name a file
	}
	return answerProposal(p, err)
}

type approveIn struct {
	ProposalID
	Body struct {
		Digest     string   `json:"digest" minLength:"64" maxLength:"64" doc:"of the proposal as you have seen it"`
		Reason     string   `json:"reason,omitempty" maxLength:"2000" doc:"why you agree"`
		Compared   string   `json:"compared,omitempty" maxLength:"200" doc:"what you have read elsewhere, as the fingerprint on a component's own screen; for kinds that want it"`
		Signatures [][]byte `json:"signatures,omitempty" maxItems:"4" doc:"for kinds that want them, as publish-policy"`
	}
}

func (s *Server) approveProposal(ctx context.Context, in *approveIn) (*proposalOut, error) {
	remark(ctx, "digest "+in.Body.Digest)
	return answerProposal(s.Proposals.Approve(ctx, callerOf(ctx), in.ID, proposal.Ballot{
		Digest: in.Body.Digest, Reason: in.Body.Reason, Compared: in.Body.Compared, Signatures: in.Body.Signatures,
	}))
}

type refuseIn struct {
	ProposalID
	Body struct {
		Digest string `json:"digest" minLength:"64" maxLength:"64" doc:"of the proposal as you have seen it"`
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"why not"`
	}
}

func (s *Server) refuseProposal(ctx context.Context, in *refuseIn) (*proposalOut, error) {
	remark(ctx, in.Body.Reason)
	return answerProposal(s.Proposals.Refuse(ctx, callerOf(ctx), in.ID, proposal.Ballot{Digest: in.Body.Digest, Reason: in.Body.Reason}))
}

type withdrawIn struct {
	ProposalID
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"why"`
	}
}

func (s *Server) withdrawProposal(ctx context.Context, in *withdrawIn) (*proposalOut, error) {
	remark(ctx, in.Body.Reason)
	return answerProposal(s.Proposals.Withdraw(ctx, callerOf(ctx), in.ID, in.Body.Reason))
}

// InboxItem is one thing that waits for an administrator's hand.
type InboxItem struct {
	Kind  string     `json:"kind" doc:"proposal, component, configuration, alert, ..."`
	ID    string     `json:"id" doc:"of what waits"`
	Title string     `json:"title"`
	About InboxAbout `json:"about" doc:"what the title says, for other languages"`
	Since time.Time  `json:"since,omitzero"`
	Until time.Time  `json:"until,omitzero" doc:"it is too late then"`
	Do    string     `json:"do" doc:"how, by command line"`
}

// InboxAbout says in a code and what belongs to it what waits.
type InboxAbout struct {
	Code        string          `json:"code" enum:"proposal,publication,part,component,configuration,alert,finding" doc:"the kind"`
	Proposal    *proposal.About `json:"proposal,omitempty" doc:"what was proposed"`
	By          string          `json:"by,omitempty" doc:"who proposed it"`
	Component   string          `json:"component,omitempty"`
	Fingerprint string          `json:"fingerprint,omitempty" doc:"of the key in its request"`
	Name        string          `json:"name,omitempty" doc:"of the publication or the finding, as a person has written it"`
	Partner     string          `json:"partner,omitempty" doc:"whose part it is"`
	Serial      uint64          `json:"serial,omitempty" doc:"of the part"`
	Sentences   *sentences      `json:"sentences,omitempty" doc:"of the alert"`
}

// InboxSource gives what waits for one administrator from one part of the center.
type InboxSource func(context.Context, account.Caller) ([]InboxItem, error)

type inboxOut struct {
	Body struct {
		Items []InboxItem `json:"items"`
	}
}

// showInbox gathers what waits for the caller, what is to be done first before the rest.
func (s *Server) showInbox(ctx context.Context, _ *struct{}) (*inboxOut, error) {
	items, err := s.inboxOf(ctx, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	out := &inboxOut{}
	out.Body.Items = orEmpty(items)
	slices.SortStableFunc(out.Body.Items, func(a, b InboxItem) int { return a.Since.Compare(b.Since) })
	return out, nil
}

// inboxOf is what waits for an administrator.
func (s *Server) inboxOf(ctx context.Context, who account.Caller) (all []InboxItem, err error) {
	for _, source := range append([]InboxSource{s.proposalInbox, s.componentInbox}, s.Inbox...) {
		items, err := source(ctx, who)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}

// proposalInbox is what others of the caller's duty have proposed.
func (s *Server) proposalInbox(ctx context.Context, who account.Caller) ([]InboxItem, error) {
	if who.Duty == account.Audit {
		return nil, nil
	}
	list, _, err := s.Proposals.List(ctx, proposal.Filter{State: proposal.Waiting, Duty: who.Duty}, "", proposal.MaxList)
	var items []InboxItem
	for i := range list {
		p := &list[i]
		if p.Proposer != who.Account {
			items = append(items, InboxItem{Kind: "proposal", ID: p.ID, Title: p.Title + " (" + p.ProposerName + ")", About: InboxAbout{Code: "proposal", Proposal: p.About, By: p.ProposerName}, Since: p.Created, Until: p.Expires, Do: "dukou proposal show " + p.ID})
		}
	}
	return items, err
}
