// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package management is the center's interface for administrators and their programs:
// one table of calls ([Server.Routes]) that says who may make each, over HTTP with a
// description in OpenAPI 3.1. It knows nothing of the work itself, which is done by the
// packages whose routes it lists; it finds out who calls, holds them to the table, and
// records every call before it changes anything.
package management

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/export"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/intake"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/quarantine"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/report"
	"dukou.dev/dukou/internal/retention"
)

// prefix is where all calls are.
const prefix = "/api"

// Config is what the interface serves.
type Config struct {
	Center     *center.Center
	Accounts   *account.Accounts
	Proposals  *proposal.Proposals
	Inventory  *inventory.Inventory
	Policy     *draft.Desk
	Rehearsals *rehearsal.Rehearsals
	Held       *quarantine.Desk
	Monitor    *monitor.Monitor
	Notifier   *notify.Notifier
	Evidence   *evidence.Index
	Findings   *finding.Findings
	Reports    *report.Reports
	Exports    *export.Exports
	Intake     *intake.Intake
	Retention  *retention.Retention
	Inbox      []InboxSource // of other parts: what waits for an administrator
	Record     func(audit.Entry) audit.Ticket
	Events     *Events
	Version    string
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
}

// Server serves the interface.
type Server struct {
	Config
	mux   *http.ServeMux
	api   huma.API
	lives lives
}

// ownErrors has the library say errors as package problem does; the library has one place
// for it in all of a program.
var ownErrors = sync.OnceFunc(func() { huma.NewError = newError }) //nolint:gochecknoglobals // as the library's

// New is a server of all routes of the table.
func New(c Config) *Server {
	s := &Server{Config: c, mux: http.NewServeMux()}
	if c.Evidence != nil && c.Events != nil {
		c.Evidence.OnGrowth(func(parcels bool) {
			c.Events.Tell("evidence", "")
			if parcels {
				c.Events.Tell("crossings", "")
			}
		})
	}
	ownErrors()
	config := huma.DefaultConfig("Dukou management", c.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // served by a route of the table
	config.CreateHooks = nil                                             // no $schema in answers
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "a browser's session"},
		"token":   {Type: "http", Scheme: "bearer", Description: "an API token, or the session of a command line"},
	}
	s.api = humago.New(s.mux, config)
	for _, r := range s.Routes() {
		r.register(s, s.api, r)
	}
	s.mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, _ *http.Request) {
		d := problem.Of(problem.New(problem.Unknown, "there is no such call; GET %s/openapi.json lists them", prefix))
		w.Header().Set("Content-Type", d.ContentType(""))
		w.WriteHeader(d.Status)
		_ = writeDocument(w, d) // the client went away
	})
	return s
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Routes is the table of all calls.
func (s *Server) Routes() []Route {
	return slices.Concat(
		s.serverRoutes(),
		s.streamRoutes(),
		s.overviewRoutes(),
		s.centerRoutes(),
		s.evidenceRoutes(),
		s.findingRoutes(),
		s.reportRoutes(),
		s.exportRoutes(),
		s.intakeRoutes(),
		s.retentionRoutes(),
		s.accountRoutes(),
		s.proposalRoutes(),
		s.componentRoutes(),
		s.configurationRoutes(),
		s.policyRoutes(),
		s.quarantineRoutes(),
		s.alertRoutes(),
		s.ruleRoutes(),
		s.channelRoutes(),
		s.metricsRoutes(),
	)
}

// serverRoutes are about the interface itself.
func (s *Server) serverRoutes() []Route {
	type health struct {
		Body struct {
			Status  string `json:"status" enum:"ok"`
			Version string `json:"version"`
		}
	}
	type description struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	return []Route{
		route(Route{ID: "get-health", Method: http.MethodGet, Path: "/health", Summary: "Say that the center answers", Group: "server", May: anyone(), Quiet: true},
			func(context.Context, *struct{}) (*health, error) {
				var h health
				h.Body.Status, h.Body.Version = "ok", s.Version
				return &h, nil
			}),
		route(Route{ID: "get-description", Method: http.MethodGet, Path: "/openapi.json", Summary: "The description of this interface", Group: "server", May: anyone(), Quiet: true},
			func(context.Context, *struct{}) (*description, error) {
				text, err := s.Description()
				return &description{ContentType: "application/json", Body: text}, err
			}),
	}
}

// Description is the interface as OpenAPI 3.1.
func (s *Server) Description() ([]byte, error) {
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}

// hostKey marks the connections that came over the host's own socket.
type hostKey struct{}

// Handler serves the calls. Changes that a browser is made to send from another site
// are refused, whatever cookie they bring.
func (s *Server) Handler() http.Handler {
	guarded := http.NewCrossOriginProtection()
	guarded.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		d := problem.Of(problem.New(problem.DutyWrong, "this call was sent from another site"))
		w.Header().Set("Content-Type", d.ContentType(""))
		w.WriteHeader(d.Status)
		_ = writeDocument(w, d) // the client went away
	}))
	inner := guarded.Handler(s.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer daemon.EndOnPanic(http.ErrAbortHandler)
		inner.ServeHTTP(w, r)
	})
}

// Serve serves a listener until ctx ends. host says that who can connect to it is the
// center's own host.
func (s *Server) Serve(ctx context.Context, l net.Listener, host bool) error {
	return s.serve(ctx, l, s.Handler(), host)
}

func (s *Server) serve(ctx context.Context, l net.Listener, h http.Handler, host bool) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			if host {
				return context.WithValue(ctx, hostKey{}, true)
			}
			return ctx
		},
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		ended <- errors.Join(server.Shutdown(last), server.Close())
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-ended; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Task serves a listener as a part of a process.
func (s *Server) Task(name string, l net.Listener, host bool) daemon.Task {
	return daemon.Task{Name: name, Run: func(ctx context.Context) error { return s.Serve(ctx, l, host) }}
}

// TaskOf serves a listener that other hosts reach by a handler around the server's own.
func (s *Server) TaskOf(name string, l net.Listener, h http.Handler) daemon.Task {
	return daemon.Task{Name: name, Run: func(ctx context.Context) error { return s.serve(ctx, l, h, false) }}
}

// newError is how the library's own refusals (a body that is not JSON, a value out of
// its range) are told.
func newError(status int, detail string, errs ...error) huma.StatusError {
	d := &problem.Document{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(codeOf(status)), Detail: detail}
	for _, err := range errs {
		var at huma.ErrorDetailer
		if errors.As(err, &at) {
			d.Fields = append(d.Fields, fieldOf(at.ErrorDetail()))
		}
	}
	return d
}

func codeOf(status int) problem.Code {
	switch status {
	case http.StatusUnprocessableEntity:
		return problem.Invalid
	case http.StatusRequestEntityTooLarge:
		return problem.TooLarge
	case http.StatusInternalServerError:
		return problem.Internal
	default:
		return problem.Malformed
	}
}

func writeDocument(w io.Writer, d *problem.Document) error { return json.NewEncoder(w).Encode(d) }

// parcelOf is a call's id in its audit records, where a parcel's would stand.
func parcelOf(id string) (p [16]byte) {
	_, _ = hex.Decode(p[:], []byte(id))
	return p
}
