// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import "time"

// Scope is what a rule looks at.
type Scope string

// The scopes.
const (
	OfComponent Scope = "component"
	OfFlow      Scope = "flow"
)

// Setting is what of a rule can be changed, for all or for one component or flow.
type Setting struct {
	On        bool    `json:"on" doc:"whether the rule is held at all"`
	Threshold float64 `json:"threshold" doc:"beyond which something is wrong, in the rule's unit"`
	For       int64   `json:"for" minimum:"0" maximum:"86400" doc:"seconds that it must be wrong before an alert fires"`
	Level     Level   `json:"level" minimum:"1" maximum:"3" doc:"1 notice, 2 warning, 3 critical"`
}

// Rule is one thing that can be wrong.
type Rule struct {
	ID      string  `json:"id"`
	Scope   Scope   `json:"scope" enum:"component,flow" doc:"what it looks at"`
	Unit    string  `json:"unit" doc:"of the threshold: empty where it is only so or not"`
	Below   bool    `json:"below" doc:"it is wrong below the threshold, not above"`
	Told    bool    `json:"told" doc:"another part of the center says when it is so"`
	Default Setting `json:"default"`
}

// The rules.
const (
	RuleUnreachable = "component-unreachable"
	RuleUntrusted   = "component-untrusted"
	RuleBehind      = "component-behind"
	RuleLog         = "log-unsound"
	RuleClock       = "clock-off"
	RuleBacklog     = "backlog"
	RuleDiskFree    = "disk-little"
	RuleDiskFull    = "disk-full-soon"
	RuleEndMonth    = "ends-this-month"
	RuleEndWeek     = "ends-this-week"
	RuleEndDay      = "ends-today"
	RuleInterrupted = "flow-interrupted"
	RuleRefused     = "flow-refused"
	RuleFailing     = "flow-failing"
	RuleSlow        = "flow-slow"
	RuleSilent      = "flow-silent"
	RuleDrift       = "configuration-drift"
	RuleEvent       = "security-event"
	RuleNotTold     = "notification-failing"
)

// missed is for how long a component must not answer before it counts as unreachable:
// it is asked each second, so that it has missed two.
const missed = 1

// Rules is the table of all rules with their defaults.
func Rules() []Rule {
	on := func(threshold float64, seconds int64, l Level) Setting {
		return Setting{On: true, Threshold: threshold, For: seconds, Level: l}
	}
	return []Rule{
		{ID: RuleUnreachable, Scope: OfComponent, Default: on(0, missed, Critical)},
		{ID: RuleUntrusted, Scope: OfComponent, Default: on(0, 0, Critical)},
		{ID: RuleBehind, Scope: OfComponent, Default: on(0, 60, Warning)},
		{ID: RuleLog, Scope: OfComponent, Default: on(0, 0, Critical)},
		{ID: RuleClock, Scope: OfComponent, Unit: "s", Default: on(60, 10, Warning)},
		{ID: RuleBacklog, Scope: OfComponent, Unit: "deliveries", Default: on(1000, 60, Warning)},
		{ID: RuleDiskFree, Scope: OfComponent, Unit: "%", Below: true, Default: on(10, 30, Critical)},
		{ID: RuleDiskFull, Scope: OfComponent, Unit: "h", Below: true, Default: on(72, 60, Warning)},
		{ID: RuleEndMonth, Scope: OfComponent, Unit: "d", Below: true, Default: on(30, 0, Notice)},
		{ID: RuleEndWeek, Scope: OfComponent, Unit: "d", Below: true, Default: on(7, 0, Warning)},
		{ID: RuleEndDay, Scope: OfComponent, Unit: "d", Below: true, Default: on(1, 0, Critical)},
		{ID: RuleInterrupted, Scope: OfFlow, Default: on(0, missed, Critical)},
		{ID: RuleRefused, Scope: OfFlow, Unit: "%", Default: on(50, 60, Warning)},
		{ID: RuleFailing, Scope: OfFlow, Unit: "%", Default: on(5, 30, Warning)},
		{ID: RuleSlow, Scope: OfFlow, Unit: "s", Default: on(3, 60, Notice)},
		{ID: RuleSilent, Scope: OfFlow, Unit: "min", Default: on(15, 0, Notice)},
		{ID: RuleDrift, Scope: OfComponent, Told: true, Default: on(0, 0, Warning)},
		{ID: RuleEvent, Scope: OfComponent, Told: true, Default: on(0, 0, Warning)},
		{ID: RuleNotTold, Scope: OfComponent, Told: true, Default: on(0, 0, Warning)},
	}
}

// ruleOf finds a rule, nil for none.
func ruleOf(id string) *Rule {
	rules := Rules()
	for i := range rules {
		if rules[i].ID == id {
			return &rules[i]
		}
	}
	return nil
}

// wrong holds a value against a threshold.
func (r *Rule) wrong(value, threshold float64) bool {
	if r.Below {
		return value < threshold
	}
	return value > threshold
}

// weaker tells whether b protects less than a.
func (r *Rule) weaker(a, b Setting) bool {
	looser := b.Threshold > a.Threshold
	if r.Below {
		looser = b.Threshold < a.Threshold
	}
	return a.On && (!b.On || b.Level < a.Level || b.For > a.For || looser)
}

// calm is for how long all must be well before an alert is resolved, so that what comes
// and goes is one alert.
const calm = 10 * time.Second

// again is for how long after its end an alert fires anew in place of another one.
const again = 10 * time.Minute
