// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/proposal"
)

type inForceOut struct{ Body draft.Force }

func (s *Server) showInForce(ctx context.Context, _ *struct{}) (*inForceOut, error) {
	f, err := s.Policy.Force(ctx)
	return &inForceOut{f}, err
}

type namesIn struct {
	Draft string `query:"draft" maxLength:"32" doc:"of this draft, and not of what is in force"`
}

type namesOut struct {
	Body struct {
		Items []draft.Name `json:"items"`
	}
}

func (s *Server) listNames(ctx context.Context, in *namesIn) (*namesOut, error) {
	var out namesOut
	var err error
	out.Body.Items, err = s.Policy.Names(ctx, in.Draft)
	return &out, err
}

type publicationList struct {
	Body struct {
		Items []draft.Publication `json:"items"`
		Next  string              `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listPublications(ctx context.Context, in *struct{ PolicyPage }) (*publicationList, error) {
	var out publicationList
	var err error
	out.Body.Items, out.Body.Next, err = s.Policy.Publications(ctx, in.page())
	return &out, err
}

type publicationOut struct{ Body draft.Publication }

func answerPublication(ctx context.Context, p draft.Publication, err error) (*publicationOut, error) {
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("policy version %d %q is %s: bundle %s, return %s", p.Version, p.Title, p.State, p.Digest, p.ReturnDigest))
	return &publicationOut{p}, nil
}

type preparePublicationIn struct {
	Body struct {
		Draft    string `json:"draft" maxLength:"32" doc:"id of the draft"`
		Revision int64  `json:"revision" doc:"of the draft, as you have read it"`
		Title    string `json:"title,omitempty" maxLength:"200" doc:"one line for people; that of the draft when it is left out"`
		Confirm  int    `json:"confirmWithin,omitempty" minimum:"1" maximum:"1440" default:"10" doc:"minutes after it comes into force, in which it is confirmed or put back"`
	}
}

func (s *Server) preparePublication(ctx context.Context, in *preparePublicationIn) (*publicationOut, error) {
	p, err := s.Policy.Prepare(ctx, callerOf(ctx), draft.Preparation{Draft: in.Body.Draft, Revision: in.Body.Revision, Title: in.Body.Title, Confirm: in.Body.Confirm})
	return answerPublication(ctx, p, err)
}

// PublicationID names a publication.
type PublicationID struct {
	ID string `path:"id" maxLength:"32" doc:"of the publication"`
}

func (s *Server) showPublication(ctx context.Context, in *PublicationID) (*publicationOut, error) {
	p, err := s.Policy.Publication(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &publicationOut{p}, nil
}

type publicationDifference struct {
	Body struct {
		Title      string `json:"title"`
		Difference string `json:"difference" doc:"as both persons see it: a line of words is English, a tab and Chinese"`
	}
}

// proposed is a publication as both persons see it, with how its draft was rehearsed.
func (s *Server) proposed(ctx context.Context, id string) (draft.Proposed, error) {
	p, err := s.Policy.Publication(ctx, id)
	if err != nil {
		return draft.Proposed{}, err
	}
	return s.Policy.Propose(ctx, p, draft.Showing{Rehearsed: s.Rehearsals.Said(ctx, p.Draft, p.DraftRevision), Most: proposal.MaxDifference})
}

func (s *Server) comparePublication(ctx context.Context, in *PublicationID) (*publicationDifference, error) {
	p, err := s.proposed(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var out publicationDifference
	out.Body.Title, out.Body.Difference = p.Title, p.Difference
	return &out, nil
}

// publicationDocument is a signed document as it is (docs/formats/bundle.md).
type publicationDocument struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

const documentType = "application/cbor"

func (s *Server) getBundle(ctx context.Context, in *PublicationID) (*publicationDocument, error) {
	b, err := s.Policy.Document(ctx, in.ID, false)
	return &publicationDocument{documentType, b}, err
}

func (s *Server) getReturn(ctx context.Context, in *PublicationID) (*publicationDocument, error) {
	b, err := s.Policy.Document(ctx, in.ID, true)
	return &publicationDocument{documentType, b}, err
}

type proposePublicationIn struct {
	PublicationID
	Body struct {
		Signatures [][]byte  `json:"signatures" minItems:"1" maxItems:"2" doc:"detached COSE over the bundle, then over the return where there is one, in base64"`
		Reason     string    `json:"reason,omitempty" maxLength:"2000" doc:"why, for the second person"`
		Due        time.Time `json:"due,omitempty" doc:"not before this time; at once when it is left out"`
	}
}

func (s *Server) proposePublication(ctx context.Context, in *proposePublicationIn) (*proposalOut, error) {
	p, err := s.proposed(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return answerProposal(s.Proposals.Propose(ctx, callerOf(ctx), proposal.New{
		Kind: draft.PublishKind, Title: p.Title, About: proposal.About{Publication: in.ID, Version: p.Version, Name: p.Name}, Payload: p.Payload, Difference: p.Difference,
		Reason: in.Body.Reason, Due: in.Body.Due, Signatures: in.Body.Signatures,
	}))
}

func (s *Server) confirmPublication(ctx context.Context, in *PublicationID) (*publicationOut, error) {
	p, err := s.Policy.Confirm(ctx, callerOf(ctx), in.ID)
	return answerPublication(ctx, p, err)
}

func (s *Server) rollBackPublication(ctx context.Context, in *PublicationID) (*publicationOut, error) {
	p, err := s.Policy.RollBack(ctx, callerOf(ctx), in.ID)
	return answerPublication(ctx, p, err)
}
