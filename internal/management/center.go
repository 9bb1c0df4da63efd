// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/envelope"
)

// centerRoutes are what the host's own tools use: a bundle that the approvers have signed
// proves itself, whoever brings it.
func (s *Server) centerRoutes() []Route {
	return []Route{
		route(Route{ID: "apply-bundle", Method: http.MethodPost, Path: "/bundles", Summary: "Put a bundle into force that the approvers have signed", Group: "policy",
			Help: "The quorum of signatures is verified here and by every component. A bundle that comes as a file has no source at the center, and no way back that it goes by itself.",
			May:  orHost(only(account.Security)), Fresh: true, Body: envelope.MaxSize}, s.applyBundle),
		route(Route{ID: "list-standings", Method: http.MethodGet, Path: "/standings", Summary: "Show what the center knows of every component at this moment", Group: "components",
			May: orHost(everyDuty()), Quiet: true}, s.listStandings),
	}
}

type bundleFile struct {
	RawBody []byte `contentType:"application/octet-stream"`
}

type appliedOut struct {
	Body struct {
		Version    uint64            `json:"version" doc:"of the bundle that is in force now"`
		Components []center.Standing `json:"components"`
	}
}

func (s *Server) applyBundle(ctx context.Context, in *bundleFile) (*appliedOut, error) {
	p, err := s.Center.Apply(ctx, in.RawBody)
	if err != nil {
		return nil, err
	}
	var out appliedOut
	out.Body.Version, out.Body.Components = p.Version, s.Center.Standings()
	return &out, nil
}

type standingsOut struct{ Body []center.Standing }

func (s *Server) listStandings(context.Context, *struct{}) (*standingsOut, error) {
	return &standingsOut{s.Center.Standings()}, nil
}
