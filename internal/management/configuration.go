// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
)

// configurationRoutes are about what components run with, and what they should.
func (s *Server) configurationRoutes() []Route {
	keepers := only(account.System, account.Security)
	const configurations = "configurations"
	return []Route{
		route(Route{ID: "show-configuration", Method: http.MethodGet, Path: "/components/{id}/configuration", Verb: "component configuration show", Group: configurations, May: everyDuty(),
			Summary: "Show what a component runs with, by its last or another snapshot"}, s.showConfiguration),
		route(Route{ID: "list-configurations", Method: http.MethodGet, Path: "/components/{id}/configurations", Verb: "component configuration history", Group: configurations, May: everyDuty(),
			Summary: "List the snapshots of a component's configuration, the latest first"}, s.listConfigurations),
		route(Route{ID: "diff-configuration", Method: http.MethodGet, Path: "/components/{id}/configuration/diff", Verb: "component configuration diff", Group: configurations, May: everyDuty(),
			Summary: "Show what differs between the intended configuration and the effective one, or any two"}, s.diffConfiguration),
		route(Route{ID: "check-configuration", Method: http.MethodPost, Path: "/components/{id}/configuration/check", Verb: "component configuration check", Group: configurations, May: keepers,
			Summary: "Ask a component now what it runs with, and compare it with what is intended"}, s.checkConfiguration),
		route(Route{ID: "check-configurations", Method: http.MethodPost, Path: "/configuration-checks", Verb: "component configuration check-all", Group: configurations, May: keepers,
			Summary: "Compare the configuration of every component that answers"}, s.checkConfigurations),
		route(Route{ID: "accept-configuration", Method: http.MethodPost, Path: "/components/{id}/configuration/accept", Verb: "component configuration accept", Group: configurations, May: only(account.System), Fresh: true,
			Summary: "Make a snapshot the intended configuration; another than the first is approved by a second system administrator"}, s.acceptConfiguration),
		route(Route{ID: "export-configuration", Method: http.MethodGet, Path: "/components/{id}/configuration/archive", Verb: "component configuration export", Group: configurations, May: keepers,
			Summary: "Get the intended configuration, or a snapshot, as an archive for the host's operator to put back"}, s.exportConfiguration),
		route(Route{ID: "import-configuration", Method: http.MethodPost, Path: "/components/{id}/configuration/archive", Verb: "component configuration import", Group: configurations, May: only(account.System), Body: inventory.MaxArchive,
			Summary: "Keep the configuration in an exported archive as a snapshot, to be compared with and accepted"}, s.importConfiguration),
		route(Route{ID: "show-configuration-schedule", Method: http.MethodGet, Path: "/configuration-schedule", Verb: "component configuration schedule show", Group: configurations, May: everyDuty(),
			Summary: "Show when configurations are compared each day"}, s.showSchedule),
		route(Route{ID: "set-configuration-schedule", Method: http.MethodPut, Path: "/configuration-schedule", Verb: "component configuration schedule set", Group: configurations, May: only(account.System),
			Summary: "Set the hour at which configurations are compared each day"}, s.setSchedule),
	}
}

type snapshotIn struct {
	ComponentID
	Number int64 `query:"number" minimum:"0" doc:"of the snapshot; 0 for the last that the component told"`
}

type snapshotOut struct{ Body inventory.Snapshot }

func (s *Server) showConfiguration(ctx context.Context, in *snapshotIn) (*snapshotOut, error) {
	c, err := s.Inventory.Snapshot(ctx, in.ID, in.Number)
	return &snapshotOut{c}, err
}

type historyIn struct {
	ComponentID
	After string `query:"after" maxLength:"20" doc:"go on behind here: next of the list before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
}

type historyOut struct {
	Body struct {
		Items []inventory.Snapshot `json:"items"`
		Next  string               `json:"next,omitempty" doc:"after, for the rest"`
	}
}

func (s *Server) listConfigurations(ctx context.Context, in *historyIn) (*historyOut, error) {
	var before int64
	if in.After != "" {
		var err error
		if before, err = strconv.ParseInt(in.After, 10, 64); err != nil || before <= 0 {
			return nil, problem.New(problem.Invalid, "after is not what a list has given as next")
		}
	}
	list, next, err := s.Inventory.History(ctx, in.ID, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &historyOut{}
	out.Body.Items = orEmpty(list)
	if next != 0 {
		out.Body.Next = strconv.FormatInt(next, 10)
	}
	return out, nil
}

type diffConfigurationIn struct {
	ComponentID
	From int64 `query:"from" minimum:"0" doc:"number of the left one; 0 for the intended one"`
	To   int64 `query:"to" minimum:"0" doc:"number of the right one; 0 for the last that the component told"`
}

type diffConfigurationOut struct {
	Body struct {
		Same       bool   `json:"same"`
		Difference string `json:"difference" doc:"unified; empty when both are the same"`
	}
}

func (s *Server) diffConfiguration(ctx context.Context, in *diffConfigurationIn) (*diffConfigurationOut, error) {
	text, err := s.Inventory.Difference(ctx, in.ID, in.From, in.To)
	out := &diffConfigurationOut{}
	out.Body.Difference, out.Body.Same = text, text == ""
	return out, err
}

type comparisonOut struct{ Body inventory.Comparison }

func (s *Server) checkConfiguration(ctx context.Context, in *ComponentID) (*comparisonOut, error) {
	c, err := s.Inventory.Compare(ctx, in.ID)
	remark(ctx, c.State)
	return &comparisonOut{c}, err
}

type comparisonsOut struct {
	Body struct {
		Items []inventory.Comparison `json:"items"`
	}
}

func (s *Server) checkConfigurations(ctx context.Context, _ *struct{}) (*comparisonsOut, error) {
	list, err := s.Inventory.CompareAll(ctx)
	out := &comparisonsOut{}
	out.Body.Items = orEmpty(list)
	return out, err
}

type acceptConfigurationIn struct {
	ComponentID
	Body struct {
		Number int64  `json:"number" minimum:"1" doc:"of the snapshot"`
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"why"`
	}
}

type acceptConfigurationOut struct {
	Body struct {
		Accepted bool               `json:"accepted" doc:"it was the first, and is the intended one now"`
		Proposal *proposal.Proposal `json:"proposal,omitempty" doc:"else it waits for a second system administrator"`
	}
}

func (s *Server) acceptConfiguration(ctx context.Context, in *acceptConfigurationIn) (*acceptConfigurationOut, error) {
	out := &acceptConfigurationOut{}
	var err error
	out.Body.Accepted, err = s.Inventory.AcceptFirst(ctx, callerOf(ctx).Name, in.ID, in.Body.Number)
	if err != nil || out.Body.Accepted {
		remark(ctx, nameOfSnapshot(in.ID, in.Body.Number))
		return out, err
	}
	plan, err := s.Inventory.PlanAcceptance(ctx, in.ID, in.Body.Number)
	if err != nil {
		return nil, err
	}
	p, err := s.propose(ctx, actAccept, plan, in.Body.Reason, "")
	if err != nil {
		return nil, err
	}
	out.Body.Proposal = &p.Body
	return out, nil
}

func nameOfSnapshot(component string, number int64) string {
	return component + ", configuration " + strconv.FormatInt(number, 10)
}

func (s *Server) exportConfiguration(ctx context.Context, in *snapshotIn) (*fileOut, error) {
	data, err := s.Inventory.Export(ctx, in.ID, in.Number)
	return fileNamed(in.ID+".configuration.tar.gz", "application/gzip", data, err)
}

type importIn struct {
	ComponentID
	RawBody []byte `contentType:"application/gzip" doc:"an archive that was exported"`
}

func (s *Server) importConfiguration(ctx context.Context, in *importIn) (*snapshotOut, error) {
	c, err := s.Inventory.Import(ctx, in.ID, in.RawBody)
	remark(ctx, c.Digest)
	return &snapshotOut{c}, err
}

type scheduleOut struct {
	ETag string `header:"ETag"`
	Body inventory.Schedule
}

func answerSchedule(c inventory.Schedule, err error) (*scheduleOut, error) {
	if err != nil {
		return nil, err
	}
	return &scheduleOut{ETag: etag(c.Revision), Body: c}, nil
}

func (s *Server) showSchedule(ctx context.Context, _ *struct{}) (*scheduleOut, error) {
	return answerSchedule(s.Inventory.Schedule(ctx))
}

type setScheduleIn struct {
	IfMatch string `header:"If-Match" doc:"the ETag that you have read"`
	Body    struct {
		Hour int `json:"hour" minimum:"0" maximum:"23" doc:"of the day, in the center's time zone"`
	}
}

func (s *Server) setSchedule(ctx context.Context, in *setScheduleIn) (*scheduleOut, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	remark(ctx, "hour "+strconv.Itoa(in.Body.Hour))
	return answerSchedule(s.Inventory.SetSchedule(ctx, in.Body.Hour, revision))
}

// DriftAlert raises an alert for a component whose configuration is not the intended one.
func DriftAlert(m *monitor.Monitor) func(inventory.Drift) {
	return func(d inventory.Drift) {
		if d.Gone {
			m.Clear(monitor.RuleDrift, d.Component)
			return
		}
		m.Raise(monitor.RuleDrift, d.Component, fmt.Sprintf("configuration %d is in effect, and %d is intended: dukou component configuration diff %s", d.Number, d.Intended, d.Component))
	}
}
