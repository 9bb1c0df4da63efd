// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/monitor/metrics"
)

// metricsRoutes are what Prometheus asks, with an API token of a system administrator.
func (s *Server) metricsRoutes() []Route {
	return []Route{
		route(Route{ID: "get-metrics", Method: http.MethodGet, Path: "/metrics", Verb: "metrics", Group: "server", May: only(account.System), Quiet: true,
			Summary: "Show the numbers of every component and flow, as Prometheus reads them"}, s.getMetrics),
	}
}

type metricsOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) getMetrics(ctx context.Context, _ *struct{}) (*metricsOut, error) {
	waiting, err := s.Notifier.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	text, err := metrics.Text(metrics.Source{Version: s.Version, Snapshot: s.Monitor.Observe(), Firing: s.Monitor.Firing(), Waiting: waiting})
	if err != nil {
		return nil, err
	}
	return &metricsOut{ContentType: metrics.ContentType, Body: text}, nil
}
