// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// cookieName is the cookie of a browser's session. The prefix has the browser refuse it
// from any other host and without TLS.
const cookieName = "__Host-dukou"

// freshFor is for how long a second factor counts as just shown.
const freshFor = 5 * time.Minute

// call is one call under way.
type call struct {
	Route  *Route
	Caller account.Caller
	ID     string // by which the audit finds it, and the caller is told
	Object string // the path
	Secret string // of the session or token that it came with; never recorded
	Agent  string // what the caller says of its program
	Origin string // where a browser says that the page is

	live      bool   // a page asks by itself
	asks      string // path and query: what is asked for
	performed bool   // its handler was called
	note      string // what its record says beside, for auditors: a difference, a count
}

type callKey struct{}

// callOf is the call that a handler serves.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// callerOf is who makes the call that a handler serves.
func callerOf(ctx context.Context) account.Caller { return callOf(ctx).Caller }

// admit finds out who calls, and lets the route be called only by whom the table names.
func (s *Server) admit(r Route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		request, _ := humago.Unwrap(hc)
		c := &call{Route: &r, ID: store.NewID(), Object: request.URL.Path, Secret: secretOf(request), Agent: request.UserAgent(), Origin: request.Header.Get("Origin")}
		c.live, c.asks = r.Live && request.URL.Query().Get("live") == "true", request.URL.RequestURI()
		hc.SetHeader("X-Request-Id", c.ID)
		hc.SetHeader("Cache-Control", "no-store")
		if err := s.identify(hc.Context(), c, request); err != nil {
			s.refuse(hc, c, err)
			return
		}
		if err := allowed(&r, c.Caller, s.now()); err != nil {
			s.refuse(hc, c, err)
			return
		}
		if !r.Quiet && !c.live && c.Caller.Session != "" { // what pages ask for by themselves keeps no session alive
			if err := s.Accounts.Used(hc.Context(), c.Caller); err != nil {
				s.Log.Warn("when a session was last used is not kept", "error", err)
			}
		}
		next(huma.WithValue(hc, callKey{}, c))
		if !c.performed { // what was sent does not fit the call
			s.Record(c.entry("refuse", string(codeOf(hc.Status()))))
		}
	}
}

// identify fills in the caller. Who comes without anything is nobody, or the host when
// it comes over the host's own socket.
func (s *Server) identify(ctx context.Context, c *call, request *http.Request) error {
	host := ctx.Value(hostKey{}) != nil
	if c.Secret == "" {
		c.Caller = account.Caller{Host: host, Address: addressOf(request)}
		if !host && !c.Route.May.Anyone {
			return problem.New(problem.SignedOut, "sign in first")
		}
		return nil
	}
	var err error
	c.Caller, err = s.Accounts.Identify(ctx, c.Secret, addressOf(request))
	if err != nil && c.Route.May.Anyone { // to sign in anew must be possible with an old cookie
		c.Caller = account.Caller{Host: host, Address: addressOf(request), Name: c.Caller.Name} // the name is for the record
		return nil
	}
	return err
}

// allowed holds a caller against the table.
func allowed(r *Route, who account.Caller, now time.Time) error {
	switch {
	case r.May.Anyone:
		return nil
	case who.Host:
		if !r.May.Host {
			return problem.New(problem.SignedOut, "sign in first: this is not for the host itself")
		}
		return nil
	case !slices.Contains(r.May.Duties, who.Duty):
		if r.May.Host && len(r.May.Duties) == 0 {
			return problem.New(problem.ElsewhereOnly, "this can only be done on the center's host")
		}
		return problem.New(problem.DutyWrong, "%s: this is for %s", r.ID, strings.Join(mayNames(r.May), ", "))
	case who.ReadOnly && r.changes():
		return problem.New(problem.DutyWrong, "%s: this token is for reading only", r.ID)
	case r.Fresh && who.Token:
		return problem.New(problem.FactorWanted, "this wants a second factor, which a token cannot show: sign in")
	case r.Fresh && now.Sub(who.Fresh) > freshFor:
		return problem.New(problem.FactorWanted, "show the second factor again, then repeat the call")
	default:
		return nil
	}
}

// secretOf is what a request proves its sender with: a bearer token before a cookie.
func secretOf(r *http.Request) string {
	if scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return cookie.Value
	}
	return ""
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local"
	}
	return host
}

// refuse tells a caller why not, and records it.
func (s *Server) refuse(hc huma.Context, c *call, err error) {
	s.recordEnd(c, err)
	d := problem.Of(err)
	d.Request = c.ID
	hc.SetHeader("Content-Type", "application/problem+json")
	hc.SetStatus(d.Status)
	_ = writeDocument(hc.BodyWriter(), d) // the client went away
}

// remark adds to the record of the call that a handler serves, for auditors: what
// changed, how much was read. No secrets.
func remark(ctx context.Context, text string) { callOf(ctx).note = text }

// perform runs a handler within its records: that a change was asked for is on the disk
// before it is made, and how it ended before the caller hears. Reading is recorded too,
// but waits for no disk.
func (s *Server) perform(ctx context.Context, do func() error) error {
	c := callOf(ctx)
	c.performed = true
	if c.Route.changes() {
		if err := s.Record(c.entry("begun", "")).Wait(); err != nil {
			return problem.Wrap(problem.Unavailable, err, "it cannot be recorded, so it is not done")
		}
	}
	err := do()
	ticket := s.recordEnd(c, err)
	if c.Route.changes() {
		if failed := ticket.Wait(); failed != nil && err == nil {
			err = problem.Wrap(problem.Unavailable, failed, "it was done, and its end could not be recorded")
		}
	}
	if err == nil {
		return nil
	}
	d := problem.Of(err)
	d.Request = c.ID
	if d.Status == http.StatusInternalServerError {
		s.Log.Error("call failed", "call", c.Route.ID, "request", c.ID, "error", err)
	}
	return d
}

// recordEnd records how a call ended.
func (s *Server) recordEnd(c *call, err error) audit.Ticket {
	if err == nil && (c.Route.Quiet || (c.live || c.Route.Typed) && !s.lives.first(c, s.now())) {
		return audit.Ticket{}
	}
	if err == nil {
		return s.Record(c.entry("allow", ""))
	}
	d := problem.Of(err)
	verdict := "refuse"
	if d.Status >= http.StatusInternalServerError {
		verdict = "failed"
	}
	return s.Record(c.entry(verdict, d.Code))
}

// entry is a record of a call.
func (c *call) entry(verdict, reason string) audit.Entry {
	return audit.Entry{
		Class: audit.ClassAdmin, Parcel: parcelOf(c.ID), Subject: c.Caller.Principal(), Object: c.Object,
		Action: c.Route.ID, Verdict: verdict, Reason: reason,
		Detail: canon.Must(Detail{From: c.Caller.Address, Session: c.Caller.Session, Note: cut(c.note)}),
	}
}

// Detail is the detail of an administrator's record.
type Detail struct {
	From    string `cbor:"from"`
	Session string `cbor:"session"`
	Note    string `cbor:"note"`
}

// maxNote bounds what a record says beside.
const maxNote = 256 << 10

func cut(note string) string {
	if len(note) <= maxNote {
		return note
	}
	return strings.ToValidUTF8(note[:maxNote], "") + "…"
}
