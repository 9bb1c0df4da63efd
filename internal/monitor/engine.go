// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/store"
)

// engine turns what is wrong now into alerts. It knows no clock, disk or network: each
// step is given the time and what was found, and leaves what has to be written and told.
type engine struct {
	rules    map[string]*Rule
	settings map[target]Setting // that differ from the defaults
	silences []Silence          // that have not ended
	told     map[key]string     // what other parts of the center say is wrong, with their words
	tracked  map[key]*tracked

	written map[string]*Alert  // by id, to be written
	events  map[string][]Event // by alert, to be written
	news    []News             // to be told
}

// target is what a setting is for; the empty name means all.
type target struct{ rule, name string }

// tracked is one thing that is wrong, or was lately.
type tracked struct {
	since time.Time // since when it is wrong; zero when it is not
	well  time.Time // since when it is not; zero when it is
	found finding
	set   Setting
	alert *Alert // nil before it fires
}

func newEngine() *engine {
	e := &engine{
		rules: map[string]*Rule{}, settings: map[target]Setting{}, told: map[key]string{}, tracked: map[key]*tracked{},
		written: map[string]*Alert{}, events: map[string][]Event{},
	}
	rules := Rules()
	for i := range rules {
		e.rules[rules[i].ID] = &rules[i]
	}
	return e
}

// effective is the setting by which a rule is held for a component or flow.
func (e *engine) effective(rule, name string) Setting {
	if s, ok := e.settings[target{rule, name}]; ok {
		return s
	}
	if s, ok := e.settings[target{rule, ""}]; ok {
		return s
	}
	return e.rules[rule].Default
}

func (k key) name() string { // of what the settings are for
	if k.flow != "" {
		return k.flow
	}
	return k.component
}

// step goes one step on. away tells whether nothing can be known of a component now:
// what was wrong with it stays so.
func (e *engine) step(now time.Time, found []finding, away func(component string) bool) {
	e.see(now, found)
	for k, t := range e.tracked {
		switch {
		case t.well.IsZero():
			e.fire(now, k, map[key]bool{})
		case t.alert == nil:
			delete(e.tracked, k)
		case t.alert.State == Firing && now.Sub(t.well) >= calm && (k.rule == RuleUnreachable || !away(k.component)):
			e.resolve(now, t.alert)
		case t.alert.State == Resolved && now.Sub(t.alert.Resolved) > again:
			delete(e.tracked, k)
		}
	}
	for _, t := range e.inOrder() {
		if t.alert != nil && t.alert.State == Firing {
			e.refresh(now, t)
		}
	}
	e.tell(now)
}

// see notes what is wrong now, and since when.
func (e *engine) see(now time.Time, found []finding) {
	wrong := map[key]bool{}
	for _, f := range found {
		rule := e.rules[f.key.rule]
		set := e.effective(f.key.rule, f.key.name())
		if set.On && rule.wrong(f.value, set.Threshold) {
			e.note(now, f, set)
			wrong[f.key] = true
		}
	}
	for k, words := range e.told {
		if set := e.effective(k.rule, k.name()); set.On {
			e.note(now, finding{key: k, value: 1, detail: words}, set)
			wrong[k] = true
		}
	}
	for k, t := range e.tracked {
		if !wrong[k] {
			t.since = time.Time{}
			if t.well.IsZero() {
				t.well = now
			}
		}
	}
}

func (e *engine) note(now time.Time, f finding, set Setting) {
	t := e.tracked[f.key]
	if t == nil {
		t = &tracked{}
		e.tracked[f.key] = t
	}
	if t.since.IsZero() {
		t.since = now
	}
	t.well, t.found, t.set = time.Time{}, f, set
}

// patience is how much longer than its own time something waits for what would explain
// it to fire first.
const patience = 5 * time.Second

// fire raises an alert for what has been wrong for long enough, and for what explains it
// before.
func (e *engine) fire(now time.Time, k key, seen map[key]bool) {
	t := e.tracked[k]
	due := t.since.Add(time.Duration(t.set.For) * time.Second)
	if seen[k] || t.since.IsZero() || now.Before(due) || t.alert != nil && t.alert.State == Firing {
		return
	}
	seen[k] = true
	if c := t.found.cause; c != nil && e.tracked[*c] != nil {
		e.fire(now, *c, seen)
		if up := e.tracked[*c]; !up.since.IsZero() && (up.alert == nil || up.alert.State != Firing) && now.Before(due.Add(patience)) {
			return
		}
	}
	if a := t.alert; a != nil && now.Sub(a.Resolved) <= again {
		a.State, a.Resolved, a.Told, a.By, a.At, a.Note = Firing, time.Time{}, false, "", time.Time{}, ""
		a.Count++
		e.happened(now, a, "fired-again", t.found.detail)
		return
	}
	t.alert = &Alert{
		ID: store.NewID(), Rule: k.rule, Component: k.component, Flow: k.flow, Part: k.part, State: Firing,
		Level: t.set.Level, First: now, Count: 1,
	}
	e.happened(now, t.alert, "fired", t.found.detail)
}

func (e *engine) resolve(now time.Time, a *Alert) {
	a.State, a.Resolved = Resolved, now
	e.happened(now, a, "resolved", "")
	if a.Told {
		e.news = append(e.news, News{Alert: *a})
	}
}

// refresh brings a firing alert to what is so now: its value, level, cause and silence.
func (e *engine) refresh(now time.Time, t *tracked) {
	a := t.alert
	if !t.since.IsZero() {
		a.Value, a.Threshold, a.Detail = t.found.value, t.set.Threshold, t.found.detail
		if a.Level != t.set.Level {
			a.Told = a.Told && t.set.Level <= a.Level // what has become worse is told again
			a.Level = t.set.Level
			e.happened(now, a, "level", "")
		}
	}
	if cause := e.causeOf(t); cause != a.Cause {
		what := map[bool]string{true: "folded", false: "unfolded"}[cause != ""]
		a.Cause = cause
		e.happened(now, a, what, cause)
	}
	if silence := e.silenceOf(now, a.key()); silence != a.Silence {
		what := map[bool]string{true: "silenced", false: "unsilenced"}[silence != ""]
		a.Silence = silence
		e.happened(now, a, what, silence)
	}
}

// causeOf is the id of the alert at the root of what explains one, empty for none.
func (e *engine) causeOf(t *tracked) (id string) {
	for range e.tracked { // no chain is longer
		c := t.found.cause
		if c == nil || e.tracked[*c] == nil {
			return id
		}
		t = e.tracked[*c]
		if t.alert == nil || t.alert.State != Firing {
			return id
		}
		id = t.alert.ID
	}
	return id
}

func (e *engine) silenceOf(now time.Time, k key) string {
	for i := range e.silences {
		if s := &e.silences[i]; s.EndedBy == "" && now.Before(s.Ends) && s.matches(k) {
			return s.ID
		}
	}
	return ""
}

// tell hands over what people have not been told, the worst first.
func (e *engine) tell(now time.Time) {
	follows := map[string][]Alert{}
	var due []*Alert
	for _, t := range e.inOrder() {
		a := t.alert
		if a == nil || a.State != Firing {
			continue
		}
		if a.Cause != "" {
			follows[a.Cause] = append(follows[a.Cause], *a)
		} else if a.Silence == "" && !a.Told {
			due = append(due, a)
		}
	}
	for _, a := range due {
		a.Told = true
		e.happened(now, a, "told", "")
		e.news = append(e.news, News{Alert: *a, Follows: follows[a.ID]})
	}
}

// inOrder is all that is tracked, the worst first, and then by name, so that the same
// things in another order give the same news.
func (e *engine) inOrder() []*tracked {
	list := make([]*tracked, 0, len(e.tracked))
	for _, t := range e.tracked {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *tracked) int {
		if a.set.Level != b.set.Level {
			return int(b.set.Level - a.set.Level)
		}
		x, y := a.found.key, b.found.key
		return strings.Compare(x.rule+"\x00"+x.component+"\x00"+x.flow+"\x00"+x.part, y.rule+"\x00"+y.component+"\x00"+y.flow+"\x00"+y.part)
	})
	return list
}

// happened notes an event, and that the alert is to be written.
func (e *engine) happened(now time.Time, a *Alert, what, text string) {
	a.Last = now
	a.Revision++
	e.written[a.ID] = a
	e.events[a.ID] = append(e.events[a.ID], Event{At: now, What: what, Text: text})
}

// resume takes up an alert that an earlier life of the center has written.
func (e *engine) resume(now time.Time, a Alert, setting Setting) {
	rule := e.rules[a.Rule]
	if rule == nil { // of a version that had other rules
		return
	}
	t := &tracked{found: finding{key: a.key(), value: a.Value, detail: a.Detail}, set: setting, alert: &a, well: now}
	if a.State == Firing && rule.Told {
		e.told[a.key()] = a.Detail
	}
	e.tracked[a.key()] = t
}
