// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// Question is one of the questions of an auditor's day, by a name that stays.
type Question struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Of    string `json:"of,omitempty" doc:"what it must be given: parcel, subject, flow or text"`

	search func(now time.Time, of string) Query
	count  func(now time.Time, of string) CountQuery
}

// Answer is an answer to a question: entries or counts.
type Answer struct {
	Question string  `json:"question"`
	Page     *Page   `json:"page,omitempty"`
	Counts   *Counts `json:"counts,omitempty"`
}

func today(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
}

func refused() map[Field][]string { return map[Field][]string{FieldVerdict: {verdictRefuse}} }

func ofClass(c audit.Class) map[Field][]string { return map[Field][]string{FieldClass: {string(c)}} }

// Questions are all questions. Days begin where the clock that they are asked by says.
func Questions() []Question {
	const week, month = 7 * 24 * time.Hour, 30 * 24 * time.Hour
	return []Question{
		{Name: "refusals-last-hour", Title: "What was refused in the last hour", search: func(now time.Time, _ string) Query {
			return Query{From: now.Add(-time.Hour), To: now, Is: refused()}
		}},
		{Name: "parcel", Title: "Everything of a parcel", Of: "parcel", search: func(_ time.Time, of string) Query {
			return Query{Parcel: of}
		}},
		{Name: "subject-today", Title: "Everything of a person or program today", Of: "subject", search: func(now time.Time, of string) Query {
			return Query{From: today(now), To: now, Is: map[Field][]string{FieldSubject: {of}}}
		}},
		{Name: "refusals-by-reason", Title: "Refusals of the last seven days by reason", count: func(now time.Time, _ string) CountQuery {
			return CountQuery{Query: Query{From: now.Add(-week), To: now, Is: refused()}, By: FieldReason}
		}},
		{Name: "administration-yesterday", Title: "Who administered what yesterday", search: func(now time.Time, _ string) Query {
			return Query{From: today(now.Add(-24 * time.Hour)), To: today(now), Is: ofClass(audit.ClassAdmin)}
		}},
		{Name: "files-by-flow", Title: "Files received today by flow", count: func(now time.Time, _ string) CountQuery {
			return CountQuery{Query: Query{From: today(now), To: now, Is: map[Field][]string{
				FieldClass: {string(audit.ClassDelivery)}, FieldVerdict: {"received"},
			}}, By: FieldFlow}
		}},
		{Name: "flow-refusals", Title: "What was refused on a flow in the last seven days", Of: "flow", search: func(now time.Time, of string) Query {
			is := refused()
			is[FieldFlow] = []string{of}
			return Query{From: now.Add(-week), To: now, Is: is}
		}},
		{Name: "text", Title: "A text in the entries of the last seven days", Of: "text", search: func(now time.Time, of string) Query {
			return Query{From: now.Add(-week), To: now, Text: of}
		}},
		{Name: "details-read", Title: "Who has read contents in the last thirty days", search: func(now time.Time, _ string) Query {
			return Query{From: now.Add(-month), To: now, Is: map[Field][]string{FieldAction: {"read-detail", "read-details"}}}
		}},
		{Name: "policy-changes", Title: "Changes of policy in the last thirty days", search: func(now time.Time, _ string) Query {
			return Query{From: now.Add(-month), To: now, Is: ofClass(audit.ClassPolicy)}
		}},
		{Name: "health", Title: "What was not well in the last seven days", search: func(now time.Time, _ string) Query {
			return Query{From: now.Add(-week), To: now, Is: ofClass(audit.ClassHealth)}
		}},
		{Name: "traffic-by-hour", Title: "Verdicts by hour in the last day", count: func(now time.Time, _ string) CountQuery {
			return CountQuery{Query: Query{From: now.Add(-24 * time.Hour), To: now, Is: map[Field][]string{
				FieldClass: {string(audit.ClassDecision), string(audit.ClassDelivery)},
			}}, By: FieldVerdict, Bucket: time.Hour}
		}},
	}
}

// Ask asks a question by its name. Today is that of the clock's zone, or of zone.
func (x *Index) Ask(ctx context.Context, s Scope, name, of string, zone *time.Location) (Answer, error) {
	now := x.c.Now()
	if zone != nil {
		now = now.In(zone)
	}
	for _, q := range Questions() {
		if q.Name != name {
			continue
		}
		if (q.Of == "") != (of == "") {
			return Answer{}, invalid("of", askedOf(q.Of))
		}
		return x.ask(ctx, s, &q, now, of)
	}
	return Answer{}, problem.New(problem.Unknown, "there is no question %q", name)
}

// askedOf is that a question wants something that it is asked of, or nothing.
func askedOf(what string) problem.Why {
	if what == "" {
		return problem.Because(problem.NotHere, "this question is asked of nothing")
	}
	return problem.Because(problem.Missing, fmt.Sprintf("this question is asked of: %q", what))
}

func (x *Index) ask(ctx context.Context, s Scope, q *Question, now time.Time, of string) (Answer, error) {
	a := Answer{Question: q.Name}
	if q.count != nil {
		c, err := x.Count(ctx, s, q.count(now, of))
		a.Counts = &c
		return a, err
	}
	p, err := x.Search(ctx, s, q.search(now, of))
	a.Page = &p
	return a, err
}
