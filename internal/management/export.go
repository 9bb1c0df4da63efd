// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/export"
)

func (s *Server) exportRoutes() []Route {
	const group = "exports"
	system := only(account.System)
	return []Route{
		route(Route{ID: "export-entries", Method: http.MethodGet, Path: "/exports/entries", Verb: "audit export", Group: group, May: only(account.Audit),
			Summary: "Write audit entries to a file for Excel or for programs, the newest first",
			Help:    "excel is CSV that Excel opens as it is; csv, ndjson, ocsf and cef are for programs. The trailers X-Dukou-Rows and X-Dukou-More tell how many there were, and whether there are more."}, s.exportEntries),
		route(Route{ID: "list-export-targets", Method: http.MethodGet, Path: "/exports/targets", Verb: "export list", Group: group, May: everyDuty(), Quiet: true,
			Summary: "List the receivers of audit entries, and what each has not got yet"}, s.listTargets),
		route(Route{ID: "add-export-target", Method: http.MethodPost, Path: "/exports/targets", Verb: "export add", Group: group, May: system, Fresh: true,
			Summary: "Have audit entries sent to a receiver, by syslog over TLS",
			Help:    "Files of certificates are put into the center's directory for exports by its host's administrator."}, s.addTarget),
		route(Route{ID: "show-export-target", Method: http.MethodGet, Path: "/exports/targets/{id}", Verb: "export show", Group: group, May: everyDuty(),
			Summary: "Show a receiver, its backlog, and the message that was sent last"}, s.showTarget),
		route(Route{ID: "change-export-target", Method: http.MethodPut, Path: "/exports/targets/{id}", Verb: "export change", Group: group, May: system, Fresh: true,
			Summary: "Change a receiver, or switch it off; it goes on where it stands"}, s.changeTarget),
		route(Route{ID: "delete-export-target", Method: http.MethodDelete, Path: "/exports/targets/{id}", Verb: "export delete", Group: group, May: system, Fresh: true,
			Summary: "Send no more to a receiver, and forget it"}, s.deleteTarget),
		route(Route{ID: "test-export-target", Method: http.MethodPost, Path: "/exports/targets/{id}/test", Verb: "export test", Group: group, May: system,
			Summary: "Send a test to a receiver, and show exactly what was sent"}, s.testTarget),
		route(Route{ID: "skip-export-backlog", Method: http.MethodPost, Path: "/exports/targets/{id}/skip", Verb: "export skip", Group: group, May: system, Fresh: true,
			Summary: "Give up what a receiver has not got yet; it is counted as dropped"}, s.skipBacklog),
	}
}

type exportIn struct {
	EntryFilter
	State []string `query:"state,explode" maxItems:"8" enum:"answered,answer-refused,delivered,released,refused,interrupted,passed,unknown" doc:"only entries of parcels that came so far, as list-crossings tells it"`
	Form  string   `query:"form" enum:"excel,csv,ndjson,ocsf,cef" default:"excel"`
	Limit int64    `query:"limit" minimum:"1" maximum:"1000000" default:"1000000" doc:"how many at most"`
}

// exportEntries streams a file. That it was asked for, and by whom, is recorded before;
// how much it was, when it has been sent.
func (s *Server) exportEntries(ctx context.Context, in *exportIn) (*huma.StreamResponse, error) {
	x, q, err := s.search(in)
	if err != nil {
		return nil, err
	}
	form, scope, c := export.Form(in.Form), sees(ctx), callOf(ctx)
	q.Limit = evidence.MaxLimit
	search := func(ctx context.Context, q evidence.Query) (evidence.Page, error) {
		return x.SearchOf(ctx, scope, q, statesOf(in.State))
	}
	first, err := search(ctx, q) // what is wrong with the query is told before the file begins
	if err != nil {
		return nil, err
	}
	remark(ctx, "as "+in.Form+", of "+strings.ToValidUTF8(c.asks, "?")) // which entries a file has is known by this alone
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		hc.SetHeader("Content-Type", form.ContentType())
		hc.SetHeader("Content-Disposition", "attachment; filename="+strconv.Quote("dukou-audit"+form.Suffix()))
		rows, more, err := s.Exports.File(w, form, in.Limit, func(fn func(*export.Entry) error) error {
			return pages(hc.Context(), search, q, first, fn)
		})
		s.recordFile(c, rows, more, err)
		if err != nil {
			panic(http.ErrAbortHandler) // what was sent must not be taken for the whole
		}
		w.Header().Set(http.TrailerPrefix+"X-Dukou-Rows", strconv.FormatInt(rows, 10))
		w.Header().Set(http.TrailerPrefix+"X-Dukou-More", strconv.FormatBool(more))
	}}, nil
}

func (s *Server) recordFile(c *call, rows int64, more bool, err error) {
	c.note = fmt.Sprintf("%d entries sent, more: %t", rows, more)
	if err != nil {
		s.Log.Error("export", "request", c.ID, "error", err)
		s.Record(c.entry("failed", "internal-error"))
		return
	}
	s.Record(c.entry("sent", ""))
}

// pages gives fn the entries of a query, page by page.
func pages(ctx context.Context, search func(context.Context, evidence.Query) (evidence.Page, error), q evidence.Query, page evidence.Page, fn func(*export.Entry) error) error {
	for {
		for i := range page.Entries {
			if err := fn(exported(&page.Entries[i])); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		var err error
		q.After = page.Next
		if page, err = search(ctx, q); err != nil {
			return err
		}
	}
}

func exported(f *evidence.Found) *export.Entry {
	return &export.Entry{
		Origin: audit.Origin(f.Log), Index: f.Index, Time: f.Time.UnixMilli(), Class: audit.Class(f.Class), Parcel: f.Parcel,
		Flow: f.Flow, Subject: f.Subject, Object: f.Object, Action: f.Action, Verdict: f.Verdict, Reason: f.Reason,
		Protocol: f.Protocol, From: f.Address,
	}
}

// TargetID is the part of a path that names a receiver.
type TargetID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the receiver"`
}

type targetOut struct {
	ETag string `header:"ETag"`
	Body export.Target
}

func answerTarget(t export.Target, err error) (*targetOut, error) {
	if err != nil {
		return nil, err
	}
	return &targetOut{ETag: etag(t.Revision), Body: t}, nil
}

type listTargetsOut struct {
	Body struct {
		Items []export.Target `json:"items"`
	}
}

func (s *Server) listTargets(ctx context.Context, _ *struct{}) (*listTargetsOut, error) {
	list, err := s.Exports.List(ctx)
	out := &listTargetsOut{}
	out.Body.Items = orEmpty(list)
	return out, err
}

type addTargetIn struct {
	Body struct {
		export.Settings
		All bool `json:"all,omitempty" doc:"send all entries that there are, and not only those that come from now on"`
	}
}

func (s *Server) addTarget(ctx context.Context, in *addTargetIn) (*targetOut, error) {
	remark(ctx, fmt.Sprintf("%+v", in.Body.Settings))
	return answerTarget(s.Exports.Add(ctx, in.Body.Settings, in.Body.All))
}

func (s *Server) showTarget(ctx context.Context, in *TargetID) (*targetOut, error) {
	return answerTarget(s.Exports.Get(ctx, in.ID))
}

type changeTargetIn struct {
	TargetID
	IfMatch string `header:"If-Match" doc:"revision that was read"`
	Body    struct {
		export.Settings
		On bool `json:"on" doc:"false: send nothing for now"`
	}
}

func (s *Server) changeTarget(ctx context.Context, in *changeTargetIn) (*targetOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	remark(ctx, fmt.Sprintf("%+v, on: %t", in.Body.Settings, in.Body.On))
	return answerTarget(s.Exports.Change(ctx, in.ID, revision, in.Body.Settings, in.Body.On))
}

func (s *Server) deleteTarget(ctx context.Context, in *TargetID) (*struct{}, error) {
	return nil, s.Exports.Remove(ctx, in.ID)
}

type triedOut struct{ Body export.Tried }

func (s *Server) testTarget(ctx context.Context, in *TargetID) (*triedOut, error) {
	tried, err := s.Exports.Test(ctx, in.ID)
	return &triedOut{tried}, err
}

type skippedOut struct {
	Body struct {
		Dropped uint64 `json:"dropped" doc:"entries that were given up"`
	}
}

func (s *Server) skipBacklog(ctx context.Context, in *TargetID) (*skippedOut, error) {
	n, err := s.Exports.Skip(ctx, in.ID)
	remark(ctx, fmt.Sprintf("%d entries given up", n))
	out := &skippedOut{}
	out.Body.Dropped = n
	return out, err
}
