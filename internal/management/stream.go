// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dukou.dev/dukou/internal/account"
)

// heartbeat is how often a quiet stream says that it is there, and looks whether its
// listener still may listen.
const heartbeat = 15 * time.Second

// streamRoutes is the one stream of events, which tells that something changed and not
// how: what changed is read by the calls of the table.
func (s *Server) streamRoutes() []Route {
	r := Route{ID: "watch-events", Method: http.MethodGet, Path: "/events", Summary: "Hear what changes", Group: "server", May: everyDuty(), Quiet: true,
		Help: topicsHelp()}
	r.register = func(s *Server, api huma.API, r Route) {
		op := s.operation(r)
		op.Responses = map[string]*huma.Response{"200": {Description: "events", Content: map[string]*huma.MediaType{"text/event-stream": {}}}}
		huma.Register(api, op, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
			who := callerOf(ctx)
			callOf(ctx).performed = true
			return &huma.StreamResponse{Body: func(hc huma.Context) { s.stream(hc, who) }}, nil
		})
	}
	return []Route{r}
}

// stream sends events until its listener goes away or may listen no more.
func (s *Server) stream(hc huma.Context, who account.Caller) {
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	_, w := humago.Unwrap(hc)
	ctx, cancel := context.WithCancel(hc.Context())
	defer cancel()
	out := eventWriter{w: w, control: http.NewResponseController(w)}
	if out.control.SetReadDeadline(time.Time{}) != nil || out.send("retry: 2000\n\n") != nil { // the server's would end it
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	events, leave := s.Events.Listen()
	defer leave()
	for {
		text := ": still here\n\n"
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			data, err := json.Marshal(e)
			if err != nil {
				return
			}
			text = fmt.Sprintf("data: %s\n\n", data)
		case <-beat.C:
			if s.Accounts.Still(ctx, who) != nil {
				return // the next connection is told why
			}
		}
		if out.send(text) != nil {
			return
		}
	}
}

// sendWithin is how long a listener may take to read.
const sendWithin = 10 * time.Second

type eventWriter struct {
	w       io.Writer
	control *http.ResponseController
}

func (e eventWriter) send(text string) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
		return err
	}
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.control.Flush()
}
