// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/proposal"
)

// The acts of two persons about components.
const (
	actAdmit   = "admit-component"
	actDismiss = "dismiss-component"
	actAccept  = "accept-configuration"
)

// ComponentActs are the acts of two persons about components.
func ComponentActs(v *inventory.Inventory) []proposal.Act {
	check := func(f func(context.Context, []byte) error) func(context.Context, proposal.Proposal) error {
		return func(ctx context.Context, p proposal.Proposal) error { return f(ctx, p.Payload) }
	}
	return []proposal.Act{
		{
			Kind: actAdmit, Duty: account.Security,
			Compare: func(p proposal.Proposal) string { return inventory.Fingerprint(p.Payload) },
			Check:   check(func(ctx context.Context, b []byte) error { return v.CheckAdmission(ctx, b) }),
			Do:      func(ctx context.Context, p proposal.Proposal) (string, error) { return v.Admit(ctx, p.Payload) },
		},
		{
			Kind: actDismiss, Duty: account.Security,
			Check: check(func(ctx context.Context, b []byte) error { return v.CheckDismissal(ctx, b) }),
			Do:    func(ctx context.Context, p proposal.Proposal) (string, error) { return v.Dismiss(ctx, p.Payload) },
		},
		{
			Kind: actAccept, Duty: account.System,
			Check: check(func(ctx context.Context, b []byte) error { return v.CheckAcceptance(ctx, b) }),
			Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
				return v.Accept(ctx, namesOf(p), p.Payload)
			},
		},
	}
}

// Standings is what a center knows of its components, as the inventory takes it.
func Standings(c *center.Center) func() []inventory.Standing {
	return func() []inventory.Standing {
		var list []inventory.Standing
		for _, s := range c.Standings() {
			in := inventory.Standing{
				ID: s.ID, Role: s.Role, Zone: s.Zone, State: s.State, Bundle: s.Bundle, Lease: s.Lease, Version: s.Program,
				Manifest: s.Manifest, Audit: s.Audit, Pending: s.Pending, Lacking: s.Lacking, Error: s.Error,
			}
			if s.Seen != 0 {
				in.Seen = time.UnixMilli(s.Seen)
			}
			list = append(list, in)
		}
		return list
	}
}

// namesOf are both who voted for a proposal.
func namesOf(p proposal.Proposal) string {
	names := p.ProposerName
	for _, v := range p.Votes[1:] {
		names += ", " + v.Name
	}
	return names
}

func (s *Server) componentRoutes() []Route {
	keepers := only(account.System, account.Security)
	const components = "components"
	return []Route{
		route(Route{ID: "list-components", Method: http.MethodGet, Path: "/components", Verb: "component list", Group: components, May: orHost(everyDuty()), Quiet: true,
			Summary: "List all components: those that are admitted, those of the policy in force, those that ask"}, s.listComponents),
		route(Route{ID: "show-component", Method: http.MethodGet, Path: "/components/{id}", Verb: "component show", Group: components, May: orHost(everyDuty()),
			Summary: "Show a component: its standing, what of it ends, what it lacks"}, s.showComponent),
		route(Route{ID: "list-component-requests", Method: http.MethodGet, Path: "/component-requests", Verb: "component request list", Group: components, May: everyDuty(),
			Summary: "List the requests to be admitted, those that wait first"}, s.listRequests),
		route(Route{ID: "hand-in-component-request", Method: http.MethodPost, Path: "/component-requests", Verb: "component request add", Group: components, May: keepers, Body: inventory.MaxRequest,
			Summary: "Hand in the request file that dukou enrol made on a component's host",
			Help:    "The answer tells the fingerprint of its key. Compare it with the component's own screen before it is admitted."}, s.handInRequest),
		route(Route{ID: "remove-component-request", Method: http.MethodDelete, Path: "/component-requests/{id}", Verb: "component request remove", Group: components, May: only(account.Security),
			Summary: "Remove a request that waits, since nobody asked for it"}, s.removeRequest),
		route(Route{ID: "admit-component", Method: http.MethodPost, Path: "/component-requests/{id}/admit", Verb: "component admit", Group: components, May: only(account.Security), Fresh: true,
			Summary: "Propose to admit a component; a second security administrator approves",
			Help:    "Both give the fingerprint that they have read on the component's own screen."}, s.admitComponent),
		route(Route{ID: "dismiss-component", Method: http.MethodPost, Path: "/components/{id}/dismiss", Verb: "component dismiss", Group: components, May: only(account.Security), Fresh: true,
			Summary: "Propose to strike a component off; a second security administrator approves"}, s.dismissComponent),
		route(Route{ID: "get-component-answer", Method: http.MethodGet, Path: "/components/{id}/answer", Verb: "component answer", Group: components, May: keepers,
			Summary: "Get the answer of an admitted component, to be carried to its host"}, s.getAnswer),
	}
}

// ComponentID is the part of a path that names a component.
type ComponentID struct {
	ID string `path:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"name of the component"`
}

type listComponentsOut struct {
	Body struct {
		Items []inventory.Component `json:"items"`
	}
}

func (s *Server) listComponents(ctx context.Context, _ *struct{}) (*listComponentsOut, error) {
	list, err := s.Inventory.Components(ctx)
	out := &listComponentsOut{}
	out.Body.Items = orEmpty(list)
	for i := range list {
		s.addLogKey(&list[i])
	}
	return out, err
}

type componentOut struct{ Body inventory.Component }

func (s *Server) showComponent(ctx context.Context, in *ComponentID) (*componentOut, error) {
	c, err := s.Inventory.Component(ctx, in.ID)
	s.addLogKey(&c)
	return &componentOut{c}, err
}

// addLogKey adds the key of the log of a component that is in the policy in force and not
// admitted any more.
func (s *Server) addLogKey(c *inventory.Component) {
	p := s.inForce()
	if p == nil || c.LogKey != "" {
		return
	}
	if known := p.Component(c.ID); known != nil {
		c.LogKey, _ = note.NewEd25519VerifierKey(audit.Origin(c.ID), known.Key) // a bundle has keys that fit
	}
}

type listRequestsOut struct {
	Body struct {
		Items []inventory.Request `json:"items"`
	}
}

func (s *Server) listRequests(ctx context.Context, _ *struct{}) (*listRequestsOut, error) {
	list, err := s.Inventory.Requests(ctx)
	out := &listRequestsOut{}
	out.Body.Items = orEmpty(list)
	return out, err
}

type handInIn struct {
	RawBody []byte `contentType:"application/octet-stream" doc:"the file request.dukou"`
}

type requestOut struct{ Body inventory.Request }

func (s *Server) handInRequest(ctx context.Context, in *handInIn) (*requestOut, error) {
	r, err := s.Inventory.HandIn(ctx, callerOf(ctx).Name, in.RawBody)
	if err == nil {
		remark(ctx, r.Component+" with key "+r.Fingerprint)
	}
	return &requestOut{r}, err
}

// RequestID is the part of a path that names a request to be admitted.
type RequestID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the request"`
}

func (s *Server) removeRequest(ctx context.Context, in *RequestID) (*struct{}, error) {
	return nil, s.Inventory.Remove(ctx, in.ID)
}

type admitIn struct {
	RequestID
	Body struct {
		Fingerprint string `json:"fingerprint" minLength:"1" maxLength:"200" doc:"as you have read it on the component's own screen"`
		Reason      string `json:"reason,omitempty" maxLength:"2000" doc:"why"`
	}
}

func (s *Server) admitComponent(ctx context.Context, in *admitIn) (*proposalOut, error) {
	plan, err := s.Inventory.PlanAdmission(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.propose(ctx, actAdmit, plan, in.Body.Reason, in.Body.Fingerprint)
}

// propose proposes what the inventory has prepared.
func (s *Server) propose(ctx context.Context, kind string, p inventory.Plan, reason, compared string) (*proposalOut, error) {
	remark(ctx, p.Difference)
	return answerProposal(s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: kind, Title: p.Title, About: proposal.About{Component: p.Component, Fingerprint: p.Fingerprint, Number: p.Number},
		Payload: p.Payload, Difference: p.Difference, Reason: reason, Compared: compared,
	}))
}

type dismissIn struct {
	ComponentID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"why"`
	}
}

func (s *Server) dismissComponent(ctx context.Context, in *dismissIn) (*proposalOut, error) {
	plan, err := s.Inventory.PlanDismissal(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.propose(ctx, actDismiss, plan, in.Body.Reason, "")
}

// fileOut is a file as an answer.
type fileOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func fileNamed(name, contentType string, data []byte, err error) (*fileOut, error) {
	return &fileOut{ContentType: contentType, Disposition: "attachment; filename=" + strconv.Quote(name), Body: data}, err
}

func (s *Server) getAnswer(ctx context.Context, in *ComponentID) (*fileOut, error) {
	data, err := s.Inventory.Answer(ctx, in.ID)
	return fileNamed(in.ID+".answer.dukou", "application/octet-stream", data, err)
}

// componentInbox is what components wait for from the caller.
func (s *Server) componentInbox(ctx context.Context, who account.Caller) ([]InboxItem, error) {
	var items []InboxItem
	if s.Inventory == nil {
		return nil, nil
	}
	switch who.Duty {
	case account.Security:
		list, err := s.Inventory.Requests(ctx)
		for _, r := range list {
			if r.State == "waiting" {
				items = append(items, InboxItem{Kind: "component", ID: r.ID, Title: r.Component + " asks to be admitted", About: InboxAbout{Code: "component", Component: r.Component, Fingerprint: r.Fingerprint}, Since: r.HandedIn, Do: "dukou component admit " + r.ID})
			}
		}
		return items, err
	case account.System:
		all, err := s.Inventory.Comparisons(ctx)
		for id, c := range all {
			if c.State == "drift" {
				items = append(items, InboxItem{Kind: "configuration", ID: id, Title: "The configuration of " + id + " is not the intended one", About: InboxAbout{Code: "configuration", Component: id}, Since: c.Since, Do: "dukou component configuration diff " + id})
			}
		}
		return items, err
	default:
		return nil, nil
	}
}
