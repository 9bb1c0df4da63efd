// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dukou.dev/dukou/internal/account"
)

// Route is one row of the table of all that the interface does: which call, who may make
// it, and what else it asks of the caller. The zero value of May lets nobody call.
type Route struct {
	ID      string // stable, as "create-account": the action of its audit records
	Method  string
	Path    string // below /api, with {parameters}
	Summary string // one line, for the command line's help too
	Help    string // more, where a line is not enough
	Verb    string // of the command line: "account create"
	Group   string // of the description
	May     Who
	Fresh   bool  // the second factor is asked again when it was shown longer ago than freshFor
	Quiet   bool  // a reading call that is not recorded: what a page asks for each second
	Live    bool  // a page may ask it again and again by itself, with live=true: see LiveAsked
	Typed   bool  // a call that changes nothing though it has a body, made while somebody types: recorded once in liveFor
	Body    int64 // most bytes of a body; 0 means 1 MiB

	register func(s *Server, api huma.API, r Route)
}

// Who is a set of callers.
type Who struct {
	Duties []account.Duty
	Host   bool // the center's own host
	Anyone bool // without any identity
}

// The usual sets.
func only(d ...account.Duty) Who { return Who{Duties: d} }
func everyDuty() Who             { return Who{Duties: account.Duties()} }
func onHost() Who                { return Who{Host: true} }
func anyone() Who                { return Who{Anyone: true, Host: true, Duties: account.Duties()} }
func orHost(w Who) Who           { w.Host = true; return w }

// changes tells whether a call of the route may change something.
func (r *Route) changes() bool { return r.Method != http.MethodGet && !r.Typed }

// route makes a row of a handler, which finds who calls by callOf.
func route[I, O any](r Route, h func(context.Context, *I) (*O, error)) Route {
	r.register = func(s *Server, api huma.API, r Route) {
		huma.Register(api, s.operation(r), func(ctx context.Context, in *I) (*O, error) {
			var out *O
			err := s.perform(ctx, func() (err error) {
				out, err = h(ctx, in)
				return err
			})
			return out, err
		})
	}
	return r
}

// operation is a route as the description has it.
func (s *Server) operation(r Route) huma.Operation {
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: prefix + r.Path, Summary: r.Summary, Description: r.Help,
		MaxBodyBytes: r.Body, Middlewares: huma.Middlewares{s.admit(r)},
		RejectUnknownQueryParameters: true,
		Extensions:                   map[string]any{"x-dukou-verb": r.Verb, "x-dukou-may": mayNames(r.May), "x-dukou-fresh": r.Fresh},
	}
	if r.Group != "" {
		op.Tags = []string{r.Group}
	}
	if !r.May.Anyone {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	return op
}

func mayNames(w Who) []string {
	if w.Anyone {
		return []string{"anyone"}
	}
	var names []string
	for _, d := range w.Duties {
		names = append(names, string(d))
	}
	if w.Host {
		names = append(names, "host")
	}
	return names
}
