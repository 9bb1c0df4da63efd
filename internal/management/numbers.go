// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/report"
)

// Limits of what a report counts.
const (
	actsShown   = 500
	actPages    = 40 // that are looked through for acts
	loginsShown = 200
)

// Counting is what the numbers of reports come from.
type Counting struct {
	Evidence  *evidence.Index
	Inventory *inventory.Inventory
	Findings  *finding.Findings
	Witnessed func(origin string) uint64 // entries of a log that a witness has signed
}

// Numbers counts what a report tells of a period.
func (c Counting) Numbers(ctx context.Context, from, to time.Time) (n report.Numbers, err error) {
	components, err := c.Inventory.Components(ctx)
	if err != nil {
		return n, err
	}
	during := evidence.Query{From: from, To: to}
	if n.Classes, err = c.counts(ctx, during, evidence.FieldClass); err != nil {
		return n, err
	}
	if n.Reasons, err = c.counts(ctx, narrowed(during, evidence.FieldVerdict, "refuse"), evidence.FieldReason); err != nil {
		return n, err
	}
	if n.Flows, err = c.flows(ctx, during, components); err != nil {
		return n, err
	}
	if n.Acts, n.ActsTotal, err = c.acts(ctx, during); err != nil {
		return n, err
	}
	if n.Logins, err = c.logins(ctx, during); err != nil {
		return n, err
	}
	if n.Findings, err = c.findings(ctx, from, to); err != nil {
		return n, err
	}
	n.Components, n.Logs = standings(components), c.logs(components)
	return n, nil
}

// narrowed is a query that also wants one of some values of a field.
func narrowed(q evidence.Query, field evidence.Field, values ...string) evidence.Query {
	is := map[evidence.Field][]string{field: values}
	for f, v := range q.Is {
		is[f] = v
	}
	q.Is = is
	return q
}

func (c Counting) counts(ctx context.Context, q evidence.Query, by evidence.Field) ([]report.Count, error) {
	answer, err := c.Evidence.Count(ctx, evidence.Everything(), evidence.CountQuery{Query: q, By: by})
	if err != nil {
		return nil, err
	}
	var list []report.Count
	for _, one := range answer.Counts {
		if one.N > 0 && one.Value != "" {
			list = append(list, report.Count{Name: one.Value, Count: one.N})
		}
	}
	return list, nil
}

// flows counts the decisions on each flow: what passed at the inner process, which judges
// or sees every parcel once, and what any part of the guard refused, which is the end of
// a parcel.
func (c Counting) flows(ctx context.Context, q evidence.Query, components []inventory.Component) ([]report.Flow, error) {
	inner, guard := guardLogs(components)
	if inner == nil {
		return nil, nil
	}
	decisions := narrowed(q, evidence.FieldClass, string(audit.ClassDecision))
	passed, err := c.counts(ctx, narrowed(narrowed(decisions, evidence.FieldVerdict, "allow"), evidence.FieldLog, inner...), evidence.FieldFlow)
	if err != nil {
		return nil, err
	}
	refused, err := c.counts(ctx, narrowed(narrowed(decisions, evidence.FieldVerdict, "refuse"), evidence.FieldLog, guard...), evidence.FieldFlow)
	if err != nil {
		return nil, err
	}
	byName := map[string]report.Flow{}
	for _, p := range passed {
		byName[p.Name] = report.Flow{Name: p.Name, Passed: p.Count, Bytes: -1}
	}
	for _, r := range refused {
		f := byName[r.Name]
		f.Name, f.Refused, f.Bytes = r.Name, r.Count, -1
		byName[r.Name] = f
	}
	var list []report.Flow
	for _, f := range byName {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b report.Flow) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func guardLogs(components []inventory.Component) (inner, all []string) {
	for i := range components {
		switch policy.Role(components[i].Role) {
		case policy.RoleInner:
			inner, all = append(inner, components[i].ID), append(all, components[i].ID)
		case policy.RoleOuter, policy.RoleGate:
			all = append(all, components[i].ID)
		default:
		}
	}
	return inner, all
}

// acts are what administrators did, without what they only read.
func (c Counting) acts(ctx context.Context, q evidence.Query) (list []report.Act, total int64, err error) {
	q = narrowed(q, evidence.FieldClass, string(audit.ClassAdmin))
	q.Not = map[evidence.Field][]string{evidence.FieldVerdict: {"begun"}}
	q.Limit = evidence.MaxLimit
	for range actPages {
		page, err := c.Evidence.Search(ctx, evidence.Everything(), q)
		if err != nil {
			return nil, 0, err
		}
		for i := range page.Entries {
			e := &page.Entries[i]
			if onlyReads(e.Action) {
				continue
			}
			if total++; len(list) < actsShown {
				list = append(list, report.Act{At: e.Time, Who: e.Subject, Act: e.Action, Object: e.Object, Verdict: strings.TrimSpace(e.Verdict + " " + e.Reason)})
			}
		}
		if q.After = page.Next; page.Next == "" {
			break
		}
	}
	return list, total, nil
}

// onlyReads tells whether an act changes nothing, by the name of its route.
func onlyReads(action string) bool {
	verb, _, _ := strings.Cut(action, "-")
	return slices.Contains([]string{"get", "list", "show", "find", "count", "look", "ask", "diff"}, verb)
}

func (c Counting) logins(ctx context.Context, q evidence.Query) ([]report.Login, error) {
	q = narrowed(q, evidence.FieldAction, "sign-in")
	done, err := c.counts(ctx, narrowed(q, evidence.FieldVerdict, "allow"), evidence.FieldSubject)
	if err != nil {
		return nil, err
	}
	refused, err := c.counts(ctx, narrowed(q, evidence.FieldVerdict, "refuse"), evidence.FieldSubject)
	if err != nil {
		return nil, err
	}
	byName := map[string]report.Login{}
	for _, d := range done {
		byName[d.Name] = report.Login{Account: d.Name, Done: d.Count}
	}
	for _, r := range refused {
		l := byName[r.Name]
		l.Account, l.Refused = r.Name, r.Count
		byName[r.Name] = l
	}
	var list []report.Login
	for name, l := range byName {
		if len(list) == loginsShown {
			break
		}
		last := narrowed(narrowed(q, evidence.FieldVerdict, "allow"), evidence.FieldSubject, name)
		last.Limit = 1
		page, err := c.Evidence.Search(ctx, evidence.Everything(), last)
		if err != nil {
			return nil, err
		}
		if len(page.Entries) > 0 {
			l.Last = page.Entries[0].Time
		}
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b report.Login) int { return cmp.Compare(a.Account, b.Account) })
	return list, nil
}

// findings are those that were opened in a period, and those that are not closed.
func (c Counting) findings(ctx context.Context, from, to time.Time) (list []report.Finding, err error) {
	for after := ""; ; {
		page, next, err := c.Findings.List(ctx, finding.Filter{After: after, Limit: finding.MaxPage})
		if err != nil {
			return nil, err
		}
		for i := range page {
			f := &page[i]
			if f.Opened.Before(to) && (f.State != finding.Closed || !f.Opened.Before(from)) {
				list = append(list, report.Finding{Title: f.Title, Severity: f.Severity, Owner: string(f.Owner), State: string(f.State), Due: f.Due, Overdue: f.Overdue})
			}
		}
		if after = next; next == "" {
			return list, nil
		}
	}
}

func standings(components []inventory.Component) []report.Component {
	var list []report.Component
	for i := range components {
		c := &components[i]
		one := report.Component{Name: c.ID, Role: c.Role, Zone: c.Zone, State: c.State, Bundle: c.Policy}
		if len(c.Ends) > 0 {
			one.Ends = c.Ends[0].At
		}
		list = append(list, one)
	}
	return list
}

// logs tells how far each log is proven: the center takes no entry that a signed
// checkpoint does not prove.
func (c Counting) logs(components []inventory.Component) []report.Log {
	state := map[string]string{}
	for i := range components {
		state[components[i].ID] = components[i].Audit
	}
	var list []report.Log
	for _, l := range c.Evidence.Status() {
		one := report.Log{Origin: l.Log, Entries: l.Signed, Verified: l.Signed, State: cmp.Or(l.Error, state[l.Log], "proven")}
		if c.Witnessed != nil {
			one.Witnessed = c.Witnessed(audit.Origin(l.Log))
		}
		list = append(list, one)
	}
	return list
}
