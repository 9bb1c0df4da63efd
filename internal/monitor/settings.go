// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/problem"
)

// Override is a setting that differs from the default, for all or for one component or
// flow.
type Override struct {
	Name    string    `json:"name" doc:"of a component or flow; empty for all"`
	Setting *Setting  `json:"setting"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`

	revision int64
}

// View is a rule as it is held now.
type View struct {
	Rule
	Effective Setting    `json:"effective" doc:"for all that have no setting of their own"`
	Own       []Override `json:"own" doc:"settings for all (without a name) and for single components and flows"`
	Revision  int64      `json:"revision"`
}

// Views are all rules as they are held now.
func (m *Monitor) Views() []View {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []View
	for _, r := range Rules() {
		list = append(list, m.view(r))
	}
	return list
}

// View is one rule as it is held now.
func (m *Monitor) View(rule string) (View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := ruleOf(rule)
	if r == nil {
		return View{}, problem.New(problem.Unknown, "there is no such rule")
	}
	return m.view(*r), nil
}

func (m *Monitor) view(r Rule) View {
	v := View{Rule: r, Effective: m.engine.effective(r.ID, ""), Own: []Override{}}
	for t, o := range m.overrides {
		if t.rule != r.ID {
			continue
		}
		v.Revision += o.revision
		if o.Setting != nil {
			v.Own = append(v.Own, o)
		}
	}
	slices.SortFunc(v.Own, func(a, b Override) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// Change is another setting of a rule.
type Change struct {
	Rule     string   `json:"rule"`
	Name     string   `json:"name" doc:"of a component or flow; empty for all"`
	Setting  *Setting `json:"setting" doc:"null takes the setting back"`
	Revision int64    `json:"revision" doc:"of the rule as it was read"`
}

const maxOverrides = 1000 // of one rule

// Lowers tells whether a change makes a rule whose alerts are critical protect less than
// it does. Such a change takes two persons.
func (m *Monitor) Lowers(c Change) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, after, err := m.compare(c)
	if err != nil {
		return false, err
	}
	return before.Level == Critical && ruleOf(c.Rule).weaker(before, after), nil
}

// Difference says in a line what a change does, for who has to approve it and for the audit.
func (m *Monitor) Difference(c Change) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, after, err := m.compare(c)
	if err != nil {
		return "", err
	}
	of := bilingual.Say("rule %s for %s", "告警规则 %s，适用于 %s", c.Rule, c.Name)
	if c.Name == "" {
		of = bilingual.Say("rule %s for all", "告警规则 %s，适用于全部", c.Rule)
	}
	return fmt.Sprintf("%s\n- %s\n+ %s\n", of.Line(), before.words().Line(), after.words().Line()), nil
}

// words are a setting in a line.
func (s Setting) words() bilingual.Words {
	if !s.On {
		return bilingual.Say("off", "停用")
	}
	return bilingual.Say("on, threshold %g, for %d s, level %d", "启用，阈值 %g，持续 %d 秒，级别 %d", s.Threshold, s.For, s.Level)
}

// compare checks a change, and gives the setting before and after. It is called with the
// lock held.
func (m *Monitor) compare(c Change) (before, after Setting, err error) {
	r := ruleOf(c.Rule)
	if r == nil {
		return before, after, problem.New(problem.Unknown, "there is no such rule")
	}
	if len(c.Name) > maxName || strings.ContainsFunc(c.Name, func(r rune) bool { return r <= ' ' }) {
		return before, after, problem.New(problem.Invalid, "a name has at most %d bytes, and no spaces", maxName)
	}
	before = m.engine.effective(c.Rule, c.Name)
	if s := c.Setting; s != nil {
		switch {
		case !s.Level.Valid() || s.For < 0 || s.For > 86400 || math.IsNaN(s.Threshold) || s.Threshold < 0 || s.Threshold > 1e12:
			return before, after, problem.New(problem.Invalid, "level is 1 to 3, for 0 to 86400 seconds, the threshold 0 to 10^12")
		case r.Unit == "" && s.Threshold != 0:
			return before, after, problem.New(problem.Invalid, "%s is so or not so: its threshold is 0", c.Rule)
		}
		return before, *s, nil
	}
	after = r.Default
	if all, ok := m.engine.settings[target{c.Rule, ""}]; ok && c.Name != "" {
		after = all
	}
	return before, after, nil
}

// Set makes a change that lowers no protection. It is told who makes it.
func (m *Monitor) Set(ctx context.Context, by string, c Change) error {
	lowers, err := m.Lowers(c)
	if err != nil {
		return err
	}
	if lowers {
		return problem.New(problem.Conflict, "this makes a critical rule protect less: a second person has to approve it")
	}
	return m.set(ctx, by, c)
}

// Lower makes any change, for an act of two persons. It may be called again: what is set
// already is not set twice.
func (m *Monitor) Lower(ctx context.Context, by string, c Change) error {
	m.mu.Lock()
	before, after, err := m.compare(c)
	m.mu.Unlock()
	if err != nil || before == after {
		return err
	}
	return m.set(ctx, by, c)
}

func (m *Monitor) set(ctx context.Context, by string, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.view(*ruleOf(c.Rule))
	if v.Revision != c.Revision {
		return problem.New(problem.Stale, "the rule was changed meanwhile: read it again")
	}
	if c.Setting != nil && len(v.Own) >= maxOverrides {
		return problem.New(problem.TooMany, "a rule has at most %d settings of its own", maxOverrides)
	}
	o := Override{Name: c.Name, Setting: c.Setting, By: by, At: m.Now(), revision: m.overrides[target{c.Rule, c.Name}].revision + 1}
	text := ""
	if c.Setting != nil {
		b, err := json.Marshal(c.Setting)
		if err != nil {
			return fmt.Errorf("set %s: %w", c.Rule, err)
		}
		text = string(b)
	}
	err := m.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO monitor_settings (rule, name, setting, set_by, set_ms, revision) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (rule, name) DO UPDATE SET setting = $3, set_by = $4, set_ms = $5, revision = $6`, c.Rule, c.Name, text, by, millis(o.At), o.revision)
		return err
	})
	if err != nil {
		return fmt.Errorf("set %s: %w", c.Rule, err)
	}
	m.take(c.Rule, o)
	m.Tell("rules", c.Rule)
	return nil
}
