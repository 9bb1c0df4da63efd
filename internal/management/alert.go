// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/problem"
)

// alertRoutes are about what is wrong, and who has taken it on.
func (s *Server) alertRoutes() []Route {
	const group = "alerts"
	hands := only(account.System, account.Security)
	return []Route{
		route(Route{ID: "list-alerts", Method: http.MethodGet, Path: "/alerts", Verb: "alert list", Group: group, May: everyDuty(),
			Summary: "List alerts, the newest first"}, s.listAlerts),
		route(Route{ID: "show-alert", Method: http.MethodGet, Path: "/alerts/{id}", Verb: "alert show", Group: group, May: everyDuty(),
			Summary: "Show an alert, what happened to it, and what it explains"}, s.showAlert),
		route(Route{ID: "acknowledge-alert", Method: http.MethodPost, Path: "/alerts/{id}/acknowledge", Verb: "alert acknowledge", Group: group, May: hands,
			Summary: "Say that you have taken an alert on", Help: "It goes on firing until what is wrong ends."}, s.acknowledgeAlert),
		route(Route{ID: "list-silences", Method: http.MethodGet, Path: "/silences", Verb: "silence list", Group: group, May: everyDuty(),
			Summary: "List what keeps alerts from being told"}, s.listSilences),
		route(Route{ID: "create-silence", Method: http.MethodPost, Path: "/silences", Verb: "silence create", Group: group, May: hands,
			Summary: "Keep alerts from being told for a while, as during maintenance",
			Help:    "Say which: by rule, component or flow. They are listed as before. A silence lasts a week at most."}, s.createSilence),
		route(Route{ID: "end-silence", Method: http.MethodPost, Path: "/silences/{id}/end", Verb: "silence end", Group: group, May: hands,
			Summary: "End a silence early"}, s.endSilence),
	}
}

// sentences say what is wrong in each language.
type sentences struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// AlertView is an alert with its words.
type AlertView struct {
	monitor.Alert
	Sentences sentences `json:"sentences"`
}

func alertOf(a monitor.Alert) AlertView {
	return AlertView{a, sentences(a.Sentence())}
}

func alertsOf(list []monitor.Alert) []AlertView {
	out := make([]AlertView, len(list))
	for i := range list {
		out[i] = alertOf(list[i])
	}
	return out
}

type listAlertsIn struct {
	State     monitor.State `query:"state" enum:"firing,resolved" doc:"only those in a state"`
	Level     monitor.Level `query:"level" minimum:"0" maximum:"3" doc:"only those of this level and above"`
	Rule      string        `query:"rule" maxLength:"64" doc:"only those of a rule"`
	Component string        `query:"component" maxLength:"128" doc:"only those of a component"`
	Flow      string        `query:"flow" maxLength:"128" doc:"only those of a flow"`
	Roots     bool          `query:"roots" doc:"without those that another alert explains"`
	After     string        `query:"after" maxLength:"64" doc:"go on behind here: next of the list before"`
	Limit     int           `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"how many at most"`
}

type alertPage struct {
	Items []AlertView `json:"items"`
	Next  string      `json:"next,omitempty" doc:"after, for the rest"`
}

func (s *Server) listAlerts(ctx context.Context, in *listAlertsIn) (*answer[alertPage], error) {
	f := monitor.Filter{State: in.State, Level: in.Level, Rule: in.Rule, Component: in.Component, Flow: in.Flow, Roots: in.Roots}
	list, next, err := s.Monitor.List(ctx, f, in.Limit, in.After)
	if err != nil {
		return nil, err
	}
	return &answer[alertPage]{alertPage{alertsOf(list), next}}, nil
}

// AlertID is the part of a path that names an alert.
type AlertID struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the alert"`
}

type alertStory struct {
	AlertView
	History  []monitor.Event `json:"history" doc:"oldest first"`
	Explains []AlertView     `json:"explains" doc:"the alerts that are so because of this one"`
}

func (s *Server) showAlert(ctx context.Context, in *AlertID) (*answer[alertStory], error) {
	a, events, err := s.Monitor.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	below, _, err := s.Monitor.List(ctx, monitor.Filter{Cause: in.ID}, 500, "")
	if err != nil {
		return nil, err
	}
	return &answer[alertStory]{alertStory{alertOf(a), orEmpty(events), alertsOf(below)}}, nil
}

type acknowledgeIn struct {
	AlertID
	Body struct {
		Note string `json:"note,omitempty" maxLength:"500" doc:"what you do about it"`
	}
}

func (s *Server) acknowledgeAlert(ctx context.Context, in *acknowledgeIn) (*answer[AlertView], error) {
	remark(ctx, in.Body.Note)
	a, err := s.Monitor.Acknowledge(ctx, callerOf(ctx).Name, in.ID, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &answer[AlertView]{alertOf(a)}, nil
}

type silencesIn struct {
	All bool `query:"all" doc:"also those that have ended"`
}

type silencePage struct {
	Items []monitor.Silence `json:"items"`
}

func (s *Server) listSilences(ctx context.Context, in *silencesIn) (*answer[silencePage], error) {
	list, err := s.Monitor.Silences(ctx, in.All)
	if err != nil {
		return nil, err
	}
	return &answer[silencePage]{silencePage{orEmpty(list)}}, nil
}

type createSilenceIn struct {
	Body struct {
		Rule      string    `json:"rule,omitempty" maxLength:"64" doc:"a rule's id; nothing means all"`
		Component string    `json:"component,omitempty" maxLength:"128" doc:"a component's id, or its beginning with *"`
		Flow      string    `json:"flow,omitempty" maxLength:"128" doc:"a flow's name, or its beginning with *"`
		Reason    string    `json:"reason" minLength:"1" maxLength:"500" doc:"why"`
		For       string    `json:"for,omitempty" maxLength:"16" doc:"how long" example:"2h30m"`
		Ends      time.Time `json:"ends,omitzero" doc:"until when, in place of for"`
	}
}

func (s *Server) createSilence(ctx context.Context, in *createSilenceIn) (*answer[monitor.Silence], error) {
	b := in.Body
	if b.For != "" {
		long, err := time.ParseDuration(b.For)
		if err != nil || !b.Ends.IsZero() {
			return nil, problem.New(problem.Invalid, "for is a time as 2h30m, and stands without ends")
		}
		b.Ends = s.Monitor.Now().Add(long)
	}
	made, err := s.Monitor.CreateSilence(ctx, callerOf(ctx).Name, monitor.Silence{Rule: b.Rule, Component: b.Component, Flow: b.Flow, Reason: b.Reason, Ends: b.Ends})
	if err != nil {
		return nil, err
	}
	remark(ctx, "silence "+made.ID+": rule "+made.Rule+", component "+made.Component+", flow "+made.Flow+", until "+made.Ends.UTC().Format(time.RFC3339)+": "+made.Reason)
	return &answer[monitor.Silence]{made}, nil
}

type silencePath struct {
	ID string `path:"id" minLength:"32" maxLength:"32" pattern:"^[0-9a-f]{32}$" doc:"of the silence"`
}

func (s *Server) endSilence(ctx context.Context, in *silencePath) (*struct{}, error) {
	return nil, s.Monitor.EndSilence(ctx, callerOf(ctx).Name, in.ID)
}

// AlertInbox is what fires and waits for somebody to take it on.
func AlertInbox(m *monitor.Monitor) InboxSource {
	return func(ctx context.Context, who account.Caller) ([]InboxItem, error) {
		if who.Duty == account.Audit {
			return nil, nil
		}
		list, _, err := m.List(ctx, monitor.Filter{State: monitor.Firing, Level: monitor.Warning, Roots: true}, 100, "")
		var items []InboxItem
		for _, a := range list {
			if a.By == "" {
				view := alertOf(a)
				items = append(items, InboxItem{Kind: "alert", ID: a.ID, Title: view.Sentences.English, About: InboxAbout{Code: "alert", Sentences: &view.Sentences}, Since: a.First, Do: "dukou alert acknowledge " + a.ID})
			}
		}
		return items, err
	}
}
