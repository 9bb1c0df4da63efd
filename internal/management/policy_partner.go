// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/proposal"
)

type partnerList struct {
	Body struct {
		Items []draft.Partner `json:"items"`
	}
}

func (s *Server) listPartners(ctx context.Context, _ *struct{}) (*partnerList, error) {
	var out partnerList
	var err error
	out.Body.Items, err = s.Policy.Partners(ctx)
	return &out, err
}

// PartnerName names a partner.
type PartnerName struct {
	Name string `path:"name" maxLength:"63" doc:"of the partner"`
}

type partnerOut struct{ Body draft.Partner }

func (s *Server) showPartner(ctx context.Context, in *PartnerName) (*partnerOut, error) {
	p, err := s.Policy.Partner(ctx, in.Name)
	return &partnerOut{p}, err
}

type proposePartnerIn struct {
	Body struct {
		Name   string   `json:"name" maxLength:"63" doc:"lower-case letters, digits and hyphens" example:"branch-center"`
		Key    string   `json:"key" minLength:"64" maxLength:"64" doc:"Ed25519 public key that signs its parts, in hexadecimal"`
		Zones  []string `json:"zones" minItems:"1" maxItems:"16" doc:"whose subjects and objects it may name"`
		Lists  []string `json:"lists" minItems:"1" maxItems:"2" enum:"subjects,objects" doc:"what it may name"`
		Reason string   `json:"reason,omitempty" maxLength:"2000" doc:"why, for the second person"`
	}
}

func (s *Server) proposePartner(ctx context.Context, in *proposePartnerIn) (*proposalOut, error) {
	b := in.Body
	p, err := s.Policy.ProposeAdmission(ctx, draft.NewPartner{Name: b.Name, Key: b.Key, Zones: b.Zones, Lists: b.Lists})
	if err != nil {
		return nil, err
	}
	return s.proposePolicy(ctx, draft.AdmitPartner, p, b.Reason)
}

func (s *Server) proposePolicy(ctx context.Context, kind string, p draft.Proposed, reason string) (*proposalOut, error) {
	return answerProposal(s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: kind, Title: p.Title, About: proposal.About{Partner: p.Partner, Fingerprint: p.Key}, Payload: p.Payload, Difference: p.Difference, Reason: reason,
	}))
}

type proposeDismissalIn struct {
	PartnerName
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"why, for the second person"`
	}
}

func (s *Server) proposeDismissal(ctx context.Context, in *proposeDismissalIn) (*proposalOut, error) {
	p, err := s.Policy.ProposeDismissal(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return s.proposePolicy(ctx, draft.DismissPartner, p, in.Body.Reason)
}

type submitPartIn struct {
	PartnerName
	RawBody []byte `contentType:"application/cbor" doc:"the signed part"`
}

type submitPartOut struct {
	Body struct {
		Draft  string `json:"draft" doc:"id of the draft that security will look at"`
		Serial uint64 `json:"serial" doc:"of the part"`
	}
}

func (s *Server) submitPart(ctx context.Context, in *submitPartIn) (*submitPartOut, error) {
	d, err := s.Policy.Submit(ctx, in.Name, in.RawBody)
	if err != nil {
		return nil, err
	}
	remark(ctx, d.Title+": draft "+d.ID)
	var out submitPartOut
	out.Body.Draft, out.Body.Serial = d.ID, d.Serial
	return &out, nil
}
