// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
)

// problem is an error as RFC 9457 says, with a stable code.
type problem struct {
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Code   fault.Code `json:"code"`
	Detail string     `json:"detail"`
}

// applied is the answer to a bundle.
type applied struct {
	Version    uint64     `json:"version"`
	Components []Standing `json:"components"`
}

func (c *Center) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/bundles", c.postBundle)
	mux.HandleFunc("GET /api/components", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, c.Standings()) })
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, http.StatusNotFound, fault.New(fault.RouteUnknown, "no such call"))
	})
	return mux
}

// runAPI serves the management interface on its socket.
func (c *Center) runAPI(ctx context.Context) error {
	server := &http.Server{
		Handler: c.routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		stopped <- server.Shutdown(end)
	})
	defer stop()
	if err := server.Serve(c.API); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func (c *Center) postBundle(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, envelope.MaxSize))
	if err != nil {
		code := fault.RequestMalformed
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			code = fault.ContentTooLarge
		}
		writeProblem(w, fault.Wrap(code, err, "read the bundle"))
		return
	}
	p, err := c.Apply(r.Context(), data)
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, applied{Version: p.Version, Components: c.Standings()})
}

func writeProblem(w http.ResponseWriter, err error) {
	tell(w, fault.HTTPStatus(fault.CodeOf(err)), err)
}

func tell(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, status, problem{Title: http.StatusText(status), Status: status, Code: fault.CodeOf(err), Detail: err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client went away
}
