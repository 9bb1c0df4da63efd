// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/intake"
)

func (s *Server) intakeRoutes() []Route {
	const group = "intake"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "list-sources", Method: http.MethodGet, Path: "/sources", Verb: "source list", Group: group, May: everyDuty(), Quiet: true,
			Summary: "List the systems that send their own audit here, and how much came"}, s.listSources),
		route(Route{ID: "add-source", Method: http.MethodPost, Path: "/sources", Verb: "source add", Group: group, May: security, Fresh: true,
			Summary: "Register a system that may send its own audit here",
			Help:    "A sender of syslog is known by the SHA-256 of its certificate; one of JSON gets a token, which is shown this once."}, s.addSource),
		route(Route{ID: "show-source", Method: http.MethodGet, Path: "/sources/{id}", Verb: "source show", Group: group, May: everyDuty(),
			Summary: "Show a registered system"}, s.showSource),
		route(Route{ID: "change-source", Method: http.MethodPut, Path: "/sources/{id}", Verb: "source change", Group: group, May: security, Fresh: true,
			Summary: "Change a registered system, or switch it off; its connections end"}, s.changeSource),
		route(Route{ID: "renew-source-token", Method: http.MethodPost, Path: "/sources/{id}/token", Verb: "source token", Group: group, May: security, Fresh: true,
			Summary: "Give a sender of JSON another token; the old one ends"}, s.renewSource),
		route(Route{ID: "delete-source", Method: http.MethodDelete, Path: "/sources/{id}", Verb: "source delete", Group: group, May: security, Fresh: true,
			Summary: "Take nothing more from a system; what it has sent stays"}, s.deleteSource),
		route(Route{ID: "take-in", Method: http.MethodPost, Path: "/intake/{name}", Verb: "", Group: group, May: anyone(), Body: 4 << 20,
			Summary: "Take in lines of JSON from a registered system, by its token in X-Intake-Token",
			Help:    "At most 1000 lines of at most 16 KiB, all of them or none. Who sends is found by the token, and is no administrator."}, s.takeIn),
	}
}

// SourceID is the part of a path that names a source.
type SourceID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the source"`
}

type sourceOut struct {
	ETag string `header:"ETag"`
	Body intake.Source
}

func answerSource(t intake.Source, err error) (*sourceOut, error) {
	if err != nil {
		return nil, err
	}
	return &sourceOut{ETag: etag(t.Revision), Body: t}, nil
}

type listSourcesOut struct {
	Body struct {
		Items []intake.Source `json:"items"`
	}
}

func (s *Server) listSources(ctx context.Context, _ *struct{}) (*listSourcesOut, error) {
	list, err := s.Intake.List(ctx)
	out := &listSourcesOut{}
	out.Body.Items = orEmpty(list)
	return out, err
}

type addSourceIn struct{ Body intake.Settings }

type addSourceOut struct {
	ETag string `header:"ETag"`
	Body struct {
		intake.Source
		Token string `json:"token,omitempty" doc:"of a sender of JSON; it is shown this once"`
	}
}

func (s *Server) addSource(ctx context.Context, in *addSourceIn) (*addSourceOut, error) {
	remark(ctx, fmt.Sprintf("%+v", in.Body))
	made, token, err := s.Intake.Add(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out := &addSourceOut{ETag: etag(made.Revision)}
	out.Body.Source, out.Body.Token = made, token
	return out, nil
}

func (s *Server) showSource(ctx context.Context, in *SourceID) (*sourceOut, error) {
	return answerSource(s.Intake.Get(ctx, in.ID))
}

type changeSourceIn struct {
	SourceID
	IfMatch string `header:"If-Match" doc:"revision that was read"`
	Body    struct {
		intake.Settings
		On bool `json:"on" doc:"false: take nothing for now"`
	}
}

func (s *Server) changeSource(ctx context.Context, in *changeSourceIn) (*sourceOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("%+v, on: %t", in.Body.Settings, in.Body.On))
	return answerSource(s.Intake.Change(ctx, in.ID, revision, in.Body.Settings, in.Body.On))
}

type tokenOfSourceOut struct {
	Body struct {
		Token string `json:"token" doc:"it is shown this once"`
	}
}

func (s *Server) renewSource(ctx context.Context, in *SourceID) (*tokenOfSourceOut, error) {
	token, err := s.Intake.Renew(ctx, in.ID)
	out := &tokenOfSourceOut{}
	out.Body.Token = token
	return out, err
}

func (s *Server) deleteSource(ctx context.Context, in *SourceID) (*struct{}, error) {
	return nil, s.Intake.Remove(ctx, in.ID)
}

type takeInIn struct {
	Name    string `path:"name" minLength:"1" maxLength:"40" pattern:"^[a-z0-9][a-z0-9-]*$" doc:"of the source"`
	Token   string `header:"X-Intake-Token" maxLength:"128" doc:"of the source"`
	RawBody []byte `contentType:"application/x-ndjson"`
}

type takenOut struct {
	Body struct {
		Taken int `json:"taken" doc:"entries, which are on the disk"`
	}
}

func (s *Server) takeIn(ctx context.Context, in *takeInIn) (*takenOut, error) {
	n, err := s.Intake.Lines(ctx, in.Name, in.Token, callerOf(ctx).Address, in.RawBody)
	remark(ctx, fmt.Sprintf("source %s, %d entries", in.Name, n))
	out := &takenOut{}
	out.Body.Taken = n
	return out, err
}
