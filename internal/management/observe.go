// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"sync"
	"time"

	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/policy"
)

// Ends is when certificates of components end, as the inventory tells and the monitor
// watches it.
type Ends struct {
	mu sync.Mutex
	of map[string][]monitor.End
}

// Keep keeps what the inventory tells of a component.
func (e *Ends) Keep(component string, certificates []inventory.End) {
	list := make([]monitor.End, len(certificates))
	for i, c := range certificates {
		list[i] = monitor.End{What: c.What, At: c.At}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of == nil {
		e.of = map[string][]monitor.End{}
	}
	e.of[component] = list
}

func (e *Ends) ofComponent(id string) []monitor.End {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.of[id]
}

// Observe is what a center knows at each moment, as the monitor watches it, the center
// itself among it.
func Observe(c *center.Center, ends *Ends) func() monitor.Snapshot {
	return func() monitor.Snapshot {
		p := c.InForce()
		s := monitor.Snapshot{Flows: monitor.Flows(p)}
		if p != nil {
			s.Bundle, s.BundleEnds = p.Version, time.UnixMilli(p.NotAfter)
		}
		for _, known := range c.Standings() {
			s.Components = append(s.Components, observed(p, &known))
		}
		s.Components = append(s.Components, monitor.Component{
			ID: c.Identity.Request.ID, Role: policy.RoleCenter, Inner: true, State: monitor.Current, Seen: time.Now(), Audit: "proven",
			Bundle: s.Bundle, Disk: control.DiskOf(c.State),
		})
		for i := range s.Components {
			s.Components[i].Ends = ends.ofComponent(s.Components[i].ID)
		}
		return s
	}
}

func observed(p *policy.Policy, s *center.Standing) monitor.Component {
	known := monitor.Component{
		ID: s.ID, Role: policy.Role(s.Role), Zone: s.Zone, State: s.State, Audit: s.Audit, Bundle: s.Bundle, Version: s.Program,
		Records: s.Records, Passed: s.Passed, Refused: s.Refused, Pending: s.Pending, Peers: s.Peers, Flows: s.Flows, Disk: s.Disk,
	}
	if s.Seen != 0 {
		known.Seen = time.UnixMilli(s.Seen)
		known.Ahead = time.Duration(s.Clock-s.Seen) * time.Millisecond
	}
	if p != nil {
		zone := p.Zone(s.Zone)
		known.Inner = zone != nil && zone.Inner
	}
	return known
}
