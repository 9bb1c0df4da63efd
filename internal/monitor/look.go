// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"time"

	"dukou.dev/dukou/internal/control"
)

// finding is a value of a rule, whether or not it is wrong.
type finding struct {
	key    key
	value  float64
	detail string
	cause  *key // that explains it, if that one is wrong
}

// eyes remember what must be measured over time.
type eyes struct {
	started time.Time
	windows map[string]*window // by flow
	disks   map[string]*disk   // by component
	habits  habits
}

func newEyes(now time.Time) *eyes {
	return &eyes{started: now, windows: map[string]*window{}, disks: map[string]*disk{}}
}

// grace is for how long after the center's start a component that has not answered yet
// is not missed.
const grace = 10 * time.Second

// look measures all that a snapshot tells. What cannot be known yet is not measured.
func (e *eyes) look(s Snapshot, now time.Time) []finding {
	through := behind(s.Components)
	at := map[string]*Component{}
	var all []finding
	for i := range s.Components {
		c := &s.Components[i]
		at[c.ID] = c
		all = append(all, e.component(c, through, now)...)
	}
	if !s.BundleEnds.IsZero() {
		all = append(all, ends("", "bundle", s.BundleEnds, now)...)
	}
	known := map[string]bool{}
	for i := range s.Flows {
		known[s.Flows[i].Name] = true
		all = append(all, e.flow(&s.Flows[i], at, through, now)...)
	}
	for name := range e.windows {
		if !known[name] {
			delete(e.windows, name)
		}
	}
	for id := range e.disks {
		if at[id] == nil {
			delete(e.disks, id)
		}
	}
	e.habits.forget(now)
	return all
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// missing tells whether a component is there in the bundle and does not answer.
func (e *eyes) missing(c *Component, now time.Time) bool {
	return c.State == Unreachable && (!c.Seen.IsZero() || now.Sub(e.started) >= grace)
}

func (e *eyes) component(c *Component, through map[string]string, now time.Time) []finding {
	of := func(rule string, value float64) finding {
		return finding{key: key{rule: rule, component: c.ID}, value: value}
	}
	lost := of(RuleUnreachable, is(e.missing(c, now)))
	if up := through[c.ID]; up != "" {
		lost.cause = &key{rule: RuleUnreachable, component: up}
	}
	log := of(RuleLog, is(c.Audit != "" && c.Audit != "proven"))
	if log.value > 0 {
		log.detail = c.Audit
	}
	all := []finding{lost, log}
	for _, end := range c.Ends {
		all = append(all, ends(c.ID, end.What, end.At, now)...)
	}
	if c.State == Unreachable { // of what it said earlier nothing is measured
		return all
	}
	all = append(all,
		of(RuleUntrusted, is(c.State == Untrusted)), of(RuleBehind, is(c.State == Behind)),
		of(RuleClock, c.Ahead.Abs().Seconds()), of(RuleBacklog, float64(c.Pending)))
	if c.Disk.Size > 0 {
		all = append(all, e.disk(c, of, now)...)
	}
	return all
}

func (e *eyes) disk(c *Component, of func(string, float64) finding, now time.Time) []finding {
	all := []finding{of(RuleDiskFree, 100*float64(c.Disk.Free)/float64(c.Disk.Size))}
	d := e.disks[c.ID]
	if d == nil {
		d = &disk{}
		e.disks[c.ID] = d
	}
	if hours, ok := d.add(now, c.Disk.Free); ok {
		soon := of(RuleDiskFull, hours)
		soon.cause = &key{rule: RuleDiskFree, component: c.ID}
		all = append(all, soon)
	}
	return all
}

// ends measures how many days are left of something. The shorter term explains the longer.
func ends(component, part string, at, now time.Time) []finding {
	days := at.Sub(now).Hours() / 24
	rules := [...]string{RuleEndMonth, RuleEndWeek, RuleEndDay}
	all := make([]finding, len(rules))
	for i, rule := range rules {
		all[i] = finding{key: key{rule: rule, component: component, part: part}, value: days}
		if i > 0 {
			shorter := all[i].key
			all[i-1].cause = &shorter
		}
	}
	return all
}

// flow measures one flow by what its entry counted.
func (e *eyes) flow(f *Flow, at map[string]*Component, through map[string]string, now time.Time) []finding {
	of := func(rule string, value float64) finding {
		return finding{key: key{rule: rule, flow: f.Name}, value: value, cause: &key{rule: RuleInterrupted, flow: f.Name}}
	}
	w := e.windows[f.Name]
	if w == nil {
		w = &window{}
		e.windows[f.Name] = w
	}
	broken := of(RuleInterrupted, 0)
	broken.cause = nil
	for _, id := range f.Path {
		if c := at[id]; c != nil && e.missing(c, now) {
			broken.value = 1
			broken.cause = e.root(id, at, through, now)
		}
	}
	if broken.value > 0 { // and when it goes on, rates are measured anew
		w.clear()
		w.grew = now
		return []finding{broken}
	}
	all := []finding{broken}
	if total := counted(f, at); total != nil {
		e.habits.add(now, f.Name, w.add(now, *total))
		all = append(all, of(RuleSilent, e.habits.silent(now, w.grew, f.Name)))
	}
	if r, ok := w.rates(); ok {
		all = append(all, of(RuleRefused, r.refused), of(RuleFailing, r.failed))
		if f.Ask {
			all = append(all, of(RuleSlow, r.slow))
		}
	}
	return all
}

// root is the first component on the way to one that is missing that is missing itself.
func (e *eyes) root(id string, at map[string]*Component, through map[string]string, now time.Time) *key {
	for range at { // no way is longer
		up := at[through[id]]
		if up == nil || !e.missing(up, now) {
			break
		}
		id = up.ID
	}
	return &key{rule: RuleUnreachable, component: id}
}

// counted is what the entry of a flow counted, nil when it says nothing.
func counted(f *Flow, at map[string]*Component) *control.FlowState {
	c := at[f.Entry]
	if c == nil || c.State == Unreachable {
		return nil
	}
	for i := range c.Flows {
		if c.Flows[i].Name == f.Name {
			return &c.Flows[i]
		}
	}
	return &control.FlowState{Name: f.Name, Within: make([]uint64, len(control.Bounds())+1)} // nothing since its start
}
