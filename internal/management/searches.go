// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"time"

	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/problem"
)

type questionsOut struct {
	Body struct {
		Items []evidence.Question `json:"items"`
	}
}

func (s *Server) listQuestions(context.Context, *struct{}) (*questionsOut, error) {
	var out questionsOut
	out.Body.Items = evidence.Questions()
	return &out, nil
}

type askIn struct {
	Name string `path:"name" maxLength:"64" doc:"of the question"`
	Of   string `query:"of" maxLength:"256" doc:"what it is asked of, where it wants that: a parcel, subject, flow or text"`
	Zone string `query:"zone" maxLength:"64" example:"Asia/Shanghai" doc:"time zone in which days begin; else that of the center's host"`
}

type askOut struct{ Body evidence.Answer }

func (s *Server) askQuestion(ctx context.Context, in *askIn) (*askOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	var zone *time.Location
	if in.Zone != "" {
		if zone, err = time.LoadLocation(in.Zone); err != nil {
			return nil, problem.New(problem.Invalid, "zone: there is no time zone %q here", in.Zone)
		}
	}
	a, err := x.Ask(ctx, sees(ctx), in.Name, in.Of, zone)
	return &askOut{a}, err
}

type searchesOut struct {
	Body struct {
		Items []evidence.Saved `json:"items"`
	}
}

func (s *Server) listSearches(ctx context.Context, _ *struct{}) (*searchesOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	var out searchesOut
	out.Body.Items, err = x.SavedSearches(ctx, callerOf(ctx).Account)
	return &out, err
}

type saveIn struct {
	Body struct {
		Name  string `json:"name" minLength:"1" maxLength:"100" doc:"by which you find it again"`
		Query string `json:"query" maxLength:"4096" example:"class=decision&verdict=refuse&last=24h" doc:"the search, as in its address"`
	}
}

type savedOut struct{ Body evidence.Saved }

func (s *Server) saveSearch(ctx context.Context, in *saveIn) (*savedOut, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	saved, err := x.SaveSearch(ctx, callerOf(ctx).Account, in.Body.Name, in.Body.Query)
	return &savedOut{saved}, err
}

type searchName struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the saved search"`
}

func (s *Server) deleteSearch(ctx context.Context, in *searchName) (*struct{}, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	return nil, x.DeleteSearch(ctx, callerOf(ctx).Account, in.ID)
}
