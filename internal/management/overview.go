// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/policy"
)

// Overview is the whole picture in one answer: no subjects, and nothing of what crosses.
type Overview struct {
	Time        time.Time           `json:"time" doc:"of the center's clock"`
	Guard       string              `json:"guard,omitempty" doc:"name of the guard, by the policy in force"`
	Zones       []OverviewZone      `json:"zones"`
	Components  []OverviewComponent `json:"components" doc:"from the outside to the inside"`
	Connections []Connection        `json:"connections" doc:"of neighbours, from the outside to the inside"`
	Flows       []OverviewFlow      `json:"flows" doc:"of the policy in force, by name"`
	Policy      OverviewPolicy      `json:"policy"`
	Alerts      OverviewAlerts      `json:"alerts" doc:"that fire now"`
	Inbox       int                 `json:"inbox" doc:"how much waits for you"`
}

// OverviewZone is a zone of the policy in force.
type OverviewZone struct {
	Name  string    `json:"name"`
	Inner bool      `json:"inner" doc:"on the center's side of the guard"`
	Class ClassText `json:"class" doc:"what may enter at most, and what leaves it claims at most"`
}

// ClassText is a class with the names of its categories.
type ClassText struct {
	Confidentiality int      `json:"confidentiality" doc:"1 to 5"`
	Integrity       int      `json:"integrity" doc:"1 to 5"`
	Categories      []string `json:"categories"`
}

// OverviewComponent is how a component stands.
type OverviewComponent struct {
	ID      string    `json:"id"`
	Role    string    `json:"role" enum:"front,guard-outer,guard-gate,guard-inner,center,terminal"`
	Zone    string    `json:"zone,omitempty"`
	State   string    `json:"state" enum:"current,behind,unreachable,untrusted"`
	Seen    time.Time `json:"seen,omitzero" doc:"when it answered last"`
	Version string    `json:"version,omitempty" doc:"of its program"`
	Policy  uint64    `json:"policy,omitempty" doc:"version in force there"`
	Audit   string    `json:"audit,omitempty" doc:"proven, or what is wrong with its log"`
	Records uint64    `json:"records" doc:"audit entries that were gathered of it"`
	Passed  uint64    `json:"passed" doc:"parcels since its start"`
	Refused uint64    `json:"refused" doc:"parcels since its start"`
	Pending uint64    `json:"pending" doc:"deliveries that wait"`
	Disk    *DiskRoom `json:"disk,omitempty" doc:"of its state, where it is known"`
}

// DiskRoom is the room of a file system.
type DiskRoom struct {
	Size uint64 `json:"size" doc:"bytes"`
	Free uint64 `json:"free" doc:"bytes"`
}

// OverviewFlow is a flow of the policy in force, with what its entry has counted.
type OverviewFlow struct {
	Name     string      `json:"name"`
	From     string      `json:"from" doc:"zone"`
	To       string      `json:"to" doc:"zone"`
	Entry    string      `json:"entry" doc:"front"`
	Exit     string      `json:"exit" doc:"front"`
	Path     []string    `json:"path" doc:"components that it goes through, in order"`
	Protocol string      `json:"protocol" enum:"http,file"`
	Kind     string      `json:"kind" enum:"ask,deliver"`
	Class    ClassText   `json:"class" doc:"that what crosses has at least"`
	Answer   ClassText   `json:"answer" doc:"that its answers have at least"`
	Counts   *FlowCounts `json:"counts,omitempty" doc:"by its entry; none while that does not answer"`
	Lately   *FlowLately `json:"lately,omitempty" doc:"in the last minute, by its entry; none when it is not known yet"`
}

// FlowCounts are what the entry of a flow counted since its start.
type FlowCounts struct {
	Passed  uint64 `json:"passed"`
	Refused uint64 `json:"refused" doc:"by policy, form, label, quota, proof of who asks"`
	Failed  uint64 `json:"failed" doc:"something was away, late or broken"`
	Current uint64 `json:"current" doc:"under way"`
	Bytes   uint64 `json:"bytes" doc:"of what passed"`
}

// FlowLately are rates of a flow.
type FlowLately struct {
	Seconds float64 `json:"seconds" doc:"that the rates are measured over: about a minute, less after a start"`
	Passed  float64 `json:"passed" doc:"a second"`
	Refused float64 `json:"refused" doc:"a second"`
	Failed  float64 `json:"failed" doc:"a second"`
	Bytes   float64 `json:"bytes" doc:"a second"`
	P50     float64 `json:"p50,omitempty" doc:"milliseconds within which half of what passed did, by classes of time; none when nothing passed"`
	P95     float64 `json:"p95,omitempty" doc:"milliseconds within which 95 of 100 did"`
}

// OverviewPolicy is the policy in force, and what waits to be confirmed.
type OverviewPolicy struct {
	Version uint64             `json:"version" doc:"0: none is in force"`
	Until   time.Time          `json:"until,omitzero" doc:"when it ends, if nothing else comes into force"`
	Waits   *draft.Publication `json:"waits,omitempty" doc:"the publication that waits to be confirmed, with its deadline, or is on its way"`
}

// OverviewAlerts are how many alerts fire.
type OverviewAlerts struct {
	Notice   int `json:"notice"`
	Warning  int `json:"warning"`
	Critical int `json:"critical"`
}

func (s *Server) overviewRoutes() []Route {
	return []Route{
		route(Route{ID: "get-overview", Method: http.MethodGet, Path: "/overview", Verb: "overview", Group: "server", May: everyDuty(), Quiet: true,
			Summary: "Show the whole picture: zones, components, connections, flows, policy, alerts, and how much waits for you",
			Help:    "It costs little: a page asks for it each second. Rates and times are those that the entry of a flow has counted in the last minute."}, s.getOverview),
	}
}

type overviewOut struct{ Body Overview }

func (s *Server) getOverview(ctx context.Context, _ *struct{}) (*overviewOut, error) {
	o := Overview{Time: s.now().UTC(), Zones: []OverviewZone{}, Components: []OverviewComponent{}, Connections: []Connection{}, Flows: []OverviewFlow{}}
	if err := s.addPolicy(ctx, &o); err != nil {
		return nil, err
	}
	if s.Monitor != nil {
		seen := s.Monitor.Observe()
		o.addComponents(seen.Components)
		o.Connections = connections(seen.Components)
		o.addFlows(s.inForce(), seen.Flows, s.Monitor.Paces())
		firing := s.Monitor.Firing()
		o.Alerts = OverviewAlerts{Notice: firing[monitor.Notice], Warning: firing[monitor.Warning], Critical: firing[monitor.Critical]}
	}
	items, err := s.inboxOf(ctx, callerOf(ctx))
	o.Inbox = len(items)
	return &overviewOut{o}, err
}

func (s *Server) addPolicy(ctx context.Context, o *Overview) error {
	if s.Policy == nil {
		return nil
	}
	waits, err := s.Policy.Waits(ctx)
	if err != nil {
		return err
	}
	o.Policy.Waits = waits
	p := s.inForce()
	if p == nil {
		return nil
	}
	o.Guard, o.Policy.Version, o.Policy.Until = p.Guard, p.Version, time.UnixMilli(p.NotAfter).UTC()
	for i := range p.Zones {
		z := &p.Zones[i]
		o.Zones = append(o.Zones, OverviewZone{z.Name, z.Inner, classText(p, z.Class)})
	}
	return nil
}

func classText(p *policy.Policy, c label.Class) ClassText {
	t := ClassText{Confidentiality: int(c.Confidentiality), Integrity: int(c.Integrity), Categories: []string{}}
	for i, name := range p.Categories {
		if c.Categories.Contains(1 << i) {
			t.Categories = append(t.Categories, name)
		}
	}
	return t
}

// depth is how far inside a component stands.
func depth(c *monitor.Component) int {
	switch {
	case c.Role == policy.RoleClient:
		return 0
	case c.Role == policy.RoleFront && !c.Inner:
		return 1
	case c.Role == policy.RoleOuter:
		return 2
	case c.Role == policy.RoleGate:
		return 3
	case c.Role == policy.RoleInner:
		return 4
	case c.Role == policy.RoleFront:
		return 5
	default:
		return 6
	}
}

func (o *Overview) addComponents(list []monitor.Component) {
	slices.SortFunc(list, func(a, b monitor.Component) int {
		return cmp.Or(cmp.Compare(depth(&a), depth(&b)), cmp.Compare(a.ID, b.ID))
	})
	for i := range list {
		c := &list[i]
		one := OverviewComponent{
			ID: c.ID, Role: string(c.Role), Zone: c.Zone, State: c.State, Seen: c.Seen, Version: c.Version, Policy: c.Bundle, Audit: c.Audit,
			Records: c.Records, Passed: c.Passed, Refused: c.Refused, Pending: c.Pending,
		}
		if c.Disk.Size > 0 {
			one.Disk = &DiskRoom{c.Disk.Size, c.Disk.Free}
		}
		o.Components = append(o.Components, one)
	}
}

func (o *Overview) addFlows(p *policy.Policy, ways []monitor.Flow, paces map[string]monitor.Pace) {
	for _, way := range ways {
		one := OverviewFlow{Name: way.Name, Entry: way.Entry, Exit: way.Exit, Path: way.Path}
		if p != nil && p.Flow(way.Name) != nil {
			f := p.Flow(way.Name)
			one.From, one.To, one.Protocol, one.Kind = f.From, f.To, f.Protocol, f.Kind
			one.Class, one.Answer = classText(p, f.Class), classText(p, f.Answer)
		}
		if pace, ok := paces[way.Name]; ok {
			t := &pace.Total
			one.Counts = &FlowCounts{t.Passed, t.Refused, t.Failed, t.Current, t.Bytes}
			if pace.Over > 0 {
				one.Lately = &FlowLately{
					Seconds: pace.Over.Seconds(), Passed: pace.Passed, Refused: pace.Refused, Failed: pace.Failed, Bytes: pace.Bytes,
					P50: 1000 * pace.Half, P95: 1000 * pace.Most,
				}
			}
		}
		o.Flows = append(o.Flows, one)
	}
	slices.SortFunc(o.Flows, func(a, b OverviewFlow) int { return cmp.Compare(a.Name, b.Name) })
}
