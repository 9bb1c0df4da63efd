// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/retention"
)

// The acts of two security administrators on what is kept of audit.
const (
	actRetention = "set-retention"
	actSwitch    = "switch-audit-class"
	actDestroy   = "destroy-details"
)

// destruction is the payload of actDestroy.
type destruction struct {
	Before time.Time `json:"before"` // days before this one, UTC
}

// RetentionActs are what two security administrators do together to what is kept of audit.
func RetentionActs(r *retention.Retention) []proposal.Act {
	return []proposal.Act{
		payloadAct(actRetention, func(rule retention.Rule) error { return rule.Check() }, r.SetRule),
		payloadAct(actSwitch, func(w retention.Window) error { return w.Check() }, r.Switch),
		payloadAct(actDestroy,
			func(d destruction) error { return r.CheckDestroy(retention.DayOf(d.Before)) },
			func(ctx context.Context, _ string, d destruction) (string, error) {
				return r.Destroy(ctx, retention.DayOf(d.Before))
			}),
	}
}

// payloadAct is an act of security whose payload is a T.
func payloadAct[T any](kind string, check func(T) error, do func(ctx context.Context, id string, of T) (string, error)) proposal.Act {
	read := func(p proposal.Proposal) (of T, err error) {
		if err = json.Unmarshal(p.Payload, &of); err != nil {
			err = problem.Wrap(problem.Invalid, err, "the payload is not one of %s", kind)
		}
		return of, err
	}
	return proposal.Act{
		Kind: kind, Duty: account.Security,
		Check: func(_ context.Context, p proposal.Proposal) error {
			of, err := read(p)
			if err != nil {
				return err
			}
			return check(of)
		},
		Do: func(ctx context.Context, p proposal.Proposal) (string, error) {
			of, err := read(p)
			if err != nil {
				return "", err
			}
			return do(ctx, p.ID, of)
		},
	}
}

func (s *Server) retentionRoutes() []Route {
	const group = "retention"
	security := only(account.Security)
	return []Route{
		route(Route{ID: "show-retention", Method: http.MethodGet, Path: "/retention", Verb: "retention show", Group: group, May: everyDuty(), Quiet: true,
			Summary: "Show for how long each class of audit is kept, and what was destroyed last"}, s.showRetention),
		route(Route{ID: "set-retention", Method: http.MethodPost, Path: "/retention/rules", Verb: "retention set", Group: group, May: security, Fresh: true,
			Summary: "Propose for how long a class of audit is kept; a second security administrator approves",
			Help:    "At least 60 days; less than 184 wants a reason. Details end when the signer destroys the keys of their days, which all classes share: after the longest time of any class. What was recorded in the leaves of the logs, and every proof, stays."}, s.setRetention),
		route(Route{ID: "destroy-details", Method: http.MethodPost, Path: "/retention/destruction", Verb: "retention destroy", Group: group, May: security, Fresh: true,
			Summary: "Propose to destroy the keys of all details before a day; a second security administrator approves",
			Help:    "Nobody can read those details any more, wherever copies are. The last 60 days are never destroyed."}, s.destroyDetails),
		route(Route{ID: "show-disk-forecast", Method: http.MethodGet, Path: "/retention/disk", Verb: "retention forecast", Group: group, May: everyDuty(), Quiet: true,
			Summary: "Tell how long the disk of the logs will do"}, s.showForecast),
		route(Route{ID: "list-audit-classes", Method: http.MethodGet, Path: "/audit-classes", Verb: "audit-class list", Group: group, May: everyDuty(), Quiet: true,
			Summary: "List the times in which classes of audit are left out of the index or of exports"}, s.listClasses),
		route(Route{ID: "switch-audit-class", Method: http.MethodPost, Path: "/audit-classes", Verb: "audit-class switch", Group: group, May: security, Fresh: true,
			Summary: "Propose to leave a class of audit out for a time; a second security administrator approves",
			Help:    "Only session, delivery, health and foreign, and of those only what was not refused. The logs keep recording all of it."}, s.switchClass),
	}
}

type retentionOut struct {
	Body struct {
		Items []retention.Rule `json:"items"`
		Last  retention.Last   `json:"last" doc:"what the daily run did last"`
	}
}

func (s *Server) showRetention(ctx context.Context, _ *struct{}) (*retentionOut, error) {
	out := &retentionOut{}
	out.Body.Items = s.Retention.Rules()
	var err error
	out.Body.Last, err = s.Retention.Last(ctx)
	return out, err
}

// proposeOf proposes an act whose payload is a value.
func (s *Server) proposeOf(ctx context.Context, n proposal.New, of any) (*proposalOut, error) {
	var err error
	if n.Payload, err = json.Marshal(of); err != nil {
		return nil, err
	}
	remark(ctx, n.Difference)
	return answerProposal(s.Proposals.Propose(ctx, callerOf(ctx), n))
}

type setRetentionIn struct {
	Body struct {
		Class  string `json:"class" enum:"decision,delivery,session,component,policy,admin,health,foreign"`
		Days   int    `json:"days" minimum:"60" maximum:"36500" doc:"for how many days"`
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"why"`
	}
}

func (s *Server) setRetention(ctx context.Context, in *setRetentionIn) (*proposalOut, error) {
	rule := retention.Rule{Class: audit.Class(in.Body.Class), Days: in.Body.Days, Reason: in.Body.Reason}
	if err := rule.Check(); err != nil {
		return nil, err
	}
	now := s.Retention.Rules()
	i := slices.IndexFunc(now, func(r retention.Rule) bool { return r.Class == rule.Class })
	return s.proposeOf(ctx, proposal.New{
		Kind: actRetention, Title: fmt.Sprintf("keep audit of class %s for %d days", rule.Class, rule.Days),
		About:      proposal.About{Class: string(rule.Class), Days: rule.Days},
		Difference: bilingual.Say("class %s: %d days → %d days", "类别 %s：保留 %d 天 → %d 天", rule.Class, now[i].Days, rule.Days).Line(), Reason: in.Body.Reason,
	}, rule)
}

type destroyIn struct {
	Body struct {
		Before time.Time `json:"before" doc:"details of the days before this one, in UTC"`
		Reason string    `json:"reason" minLength:"1" maxLength:"500" doc:"why"`
	}
}

func (s *Server) destroyDetails(ctx context.Context, in *destroyIn) (*proposalOut, error) {
	if err := s.Retention.CheckDestroy(retention.DayOf(in.Body.Before)); err != nil {
		return nil, err
	}
	date := in.Body.Before.UTC().Format(time.DateOnly)
	return s.proposeOf(ctx, proposal.New{
		Kind: actDestroy, Title: "destroy all details before " + date, About: proposal.About{Before: date}, Reason: in.Body.Reason,
		Difference: bilingual.Say("the keys of the details of all components and classes before %s are destroyed for good; leaves and proofs stay",
			"所有部件、所有类别在 %s 之前的审计详情，其密钥将被永久销毁；日志叶与证明保留", date).Line(),
	}, destruction{in.Body.Before})
}

type forecastOut struct{ Body retention.Forecast }

func (s *Server) showForecast(ctx context.Context, _ *struct{}) (*forecastOut, error) {
	f, err := s.Retention.Forecast(ctx)
	return &forecastOut{f}, err
}

type classesOut struct {
	Body struct {
		Items []retention.Window `json:"items"`
	}
}

func (s *Server) listClasses(context.Context, *struct{}) (*classesOut, error) {
	out := &classesOut{}
	out.Body.Items = orEmpty(s.Retention.Windows())
	return out, nil
}

type switchIn struct {
	Body struct {
		Class  string    `json:"class" enum:"session,delivery,health,foreign"`
		From   time.Time `json:"from"`
		To     time.Time `json:"to" doc:"not included; at most 92 days later"`
		Index  bool      `json:"index,omitempty" doc:"leave it out of the center's index"`
		Export bool      `json:"export,omitempty" doc:"leave it out of what is exported"`
		Reason string    `json:"reason" minLength:"1" maxLength:"500" doc:"why"`
	}
}

func (s *Server) switchClass(ctx context.Context, in *switchIn) (*proposalOut, error) {
	b := &in.Body
	w := retention.Window{Class: audit.Class(b.Class), From: b.From, To: b.To, Index: b.Index, Export: b.Export, Reason: b.Reason}
	if err := w.Check(); err != nil {
		return nil, err
	}
	what := bilingual.Say("class %s is left out (%s) from %s to %s", "类别 %[1]s 自 %[3]s 至 %[4]s 不纳入%[2]s", w.Class, outOf(w), w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	return s.proposeOf(ctx, proposal.New{
		Kind: actSwitch, Title: fmt.Sprintf("leave audit of class %s out for a time", w.Class),
		About: proposal.About{Class: string(w.Class), From: w.From, To: w.To}, Difference: what.Line(), Reason: b.Reason,
	}, w)
}

// outOf is what a class is left out of, one or both.
func outOf(w retention.Window) bilingual.Words {
	index, exports := bilingual.Say("index", "索引"), bilingual.Say("exports", "导出")
	switch {
	case w.Index && w.Export:
		return bilingual.Say("%s and %s", "%s和%s", index, exports)
	case w.Export:
		return exports
	default:
		return index
	}
}
