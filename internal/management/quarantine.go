// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/quarantine"
)

// QuarantineActs are the acts of two persons about quarantine.
func QuarantineActs(d *quarantine.Desk) []proposal.Act {
	ballotOf := func(v proposal.Vote) quarantine.Ballot {
		return quarantine.Ballot{Account: v.Account, Signatures: v.Signatures}
	}
	ballotsOf := func(p proposal.Proposal, but string) (list []quarantine.Ballot) {
		for _, v := range p.Votes {
			if v.Yes && v.Account != but {
				list = append(list, ballotOf(v))
			}
		}
		return list
	}
	return []proposal.Act{{
		Kind: quarantine.Kind, Duty: account.Security,
		Check: func(ctx context.Context, p proposal.Proposal) error { return d.Check(ctx, p.Payload) },
		Vote: func(ctx context.Context, p proposal.Proposal, v proposal.Vote) error {
			return d.CheckBallot(ctx, p.Payload, ballotOf(v), ballotsOf(p, v.Account))
		},
		Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
			return d.Release(ctx, p.Payload, ballotsOf(p, ""))
		},
	}}
}

// quarantineRoutes are about files that fronts refused for good.
func (s *Server) quarantineRoutes() []Route {
	const group = "quarantine"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "list-quarantine", Method: http.MethodGet, Path: "/quarantine", Verb: "quarantine list", Group: group, May: everyDuty(), Live: true,
			Summary: "List the files that lie in quarantine at the fronts that receive files, the newest first",
			Help: "The fronts are asked when this is: what the fronts say of one that is away is missing, and `fronts` says so. " +
				"What a sending front refused lies in DIR/.dukou/quarantine on its host, and is sent anew from there."}, s.listQuarantine),
		route(Route{ID: "get-release", Method: http.MethodGet, Path: "/quarantine/{front}/{parcel}/document", Verb: "quarantine document", Group: group, May: security,
			Summary: "Get the document by which a file is released from quarantine, to look at and to sign",
			Help:    "Canonical CBOR without signatures (docs/formats/release.md). Nothing is released by this."}, s.getRelease),
		route(Route{ID: "propose-release", Method: http.MethodPost, Path: "/quarantine/{front}/{parcel}/release", Verb: "quarantine release", Group: group, May: security, Fresh: true,
			Summary: "Propose to release a file from quarantine, with your signature over its document",
			Help:    "A second security administrator approves it with a signature of their own; the front verifies both. The signatures are made on your machine, by your approver key."}, s.proposeRelease),
	}
}

type listQuarantineOut struct {
	Body struct {
		Items  []quarantine.Item  `json:"items"`
		Fronts []quarantine.Front `json:"fronts"`
	}
}

func (s *Server) listQuarantine(ctx context.Context, _ *struct{}) (*listQuarantineOut, error) {
	items, fronts := s.Held.List(ctx)
	out := &listQuarantineOut{}
	out.Body.Items, out.Body.Fronts = orEmpty(items), orEmpty(fronts)
	if callerOf(ctx).Duty == account.System {
		for i := range items { // what crosses is not for who keeps the machines
			items[i].Name = ""
		}
	}
	return out, nil
}

// HeldID names a file in quarantine.
type HeldID struct {
	Front  string `path:"front" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"where it lies"`
	Parcel string `path:"parcel" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"id of the parcel"`
}

func (s *Server) getRelease(ctx context.Context, in *HeldID) (*publicationDocument, error) {
	b, err := s.Held.Prepare(ctx, in.Front, in.Parcel)
	return &publicationDocument{documentType, b}, err
}

type proposeReleaseIn struct {
	HeldID
	Body struct {
		Document  []byte `json:"document" maxLength:"8192" doc:"as get-release gave it, in base64"`
		Signature []byte `json:"signature" maxLength:"8192" doc:"detached COSE over it, in base64"`
		Reason    string `json:"reason" minLength:"1" maxLength:"2000" doc:"why, for the second person"`
	}
}

func (s *Server) proposeRelease(ctx context.Context, in *proposeReleaseIn) (*proposalOut, error) {
	p, err := s.Held.Plan(ctx, in.Front, in.Parcel, in.Body.Document)
	if err != nil {
		return nil, err
	}
	remark(ctx, p.Difference)
	return answerProposal(s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: quarantine.Kind, Title: p.Title, About: proposal.About{Component: in.Front, Parcel: in.Parcel}, Payload: p.Payload, Difference: p.Difference, Reason: in.Body.Reason, Signatures: [][]byte{in.Body.Signature},
	}))
}
