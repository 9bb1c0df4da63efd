// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import "time"

// State is whether something is still wrong.
type State string

// The states of an alert.
const (
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Alert is one thing that is or was wrong.
type Alert struct {
	ID        string    `json:"id"`
	Rule      string    `json:"rule"`
	Component string    `json:"component,omitempty"`
	Flow      string    `json:"flow,omitempty"`
	Part      string    `json:"part,omitempty" doc:"of the component, where the rule looks at several: bundle, certificate, lease"`
	Level     Level     `json:"level" doc:"1 notice, 2 warning, 3 critical"`
	State     State     `json:"state" enum:"firing,resolved"`
	Value     float64   `json:"value" doc:"when it was last looked at, in the rule's unit"`
	Threshold float64   `json:"threshold"`
	Detail    string    `json:"detail,omitempty" doc:"in the words of the part that raised it"`
	Cause     string    `json:"cause,omitempty" doc:"id of the alert that explains this one, which is told in its place"`
	First     time.Time `json:"first" doc:"when it fired"`
	Last      time.Time `json:"last" doc:"when it last changed"`
	Resolved  time.Time `json:"resolved,omitzero"`
	Count     int64     `json:"count" doc:"how often it fired; within ten minutes of its end it fires anew"`
	Silence   string    `json:"silence,omitempty" doc:"id of the silence that keeps it from being told"`
	Told      bool      `json:"told" doc:"it was handed to the channels"`
	By        string    `json:"acknowledgedBy,omitempty"`
	At        time.Time `json:"acknowledged,omitzero"`
	Note      string    `json:"note,omitempty" doc:"of who acknowledged it"`
	Revision  int64     `json:"revision"`
}

// key is what an alert is about. One alert fires for each.
type key struct{ rule, component, flow, part string }

func (a *Alert) key() key { return key{a.Rule, a.Component, a.Flow, a.Part} }

// Event is one thing that happened to an alert.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what" enum:"fired,fired-again,resolved,folded,unfolded,silenced,unsilenced,told,acknowledged,level"`
	Who  string    `json:"who,omitempty"`
	Text string    `json:"text,omitempty"`
}

// News is what people are told of an alert.
type News struct {
	Alert   Alert
	Follows []Alert // that it explains, at this moment
}

// Silence keeps alerts that it matches from being told, until its end.
type Silence struct {
	ID        string    `json:"id"`
	Rule      string    `json:"rule,omitempty" doc:"a rule's id; empty matches all"`
	Component string    `json:"component,omitempty" doc:"a component's id, or the beginning of some with *; empty matches all"`
	Flow      string    `json:"flow,omitempty" doc:"a flow's name, or the beginning of some with *; empty matches all"`
	Reason    string    `json:"reason"`
	By        string    `json:"by"`
	Created   time.Time `json:"created"`
	Ends      time.Time `json:"ends"`
	EndedBy   string    `json:"endedBy,omitempty" doc:"who ended it early"`
}

// matches tells whether a silence is of an alert.
func (s *Silence) matches(k key) bool {
	return (s.Rule == "" || s.Rule == k.rule) && like(s.Component, k.component) && like(s.Flow, k.flow)
}

// like holds a name against a pattern: empty, the name, or its beginning with a star.
func like(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	if n := len(pattern) - 1; pattern[n] == '*' {
		return len(name) >= n && name[:n] == pattern[:n]
	}
	return pattern == name
}
