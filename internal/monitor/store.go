// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

const alertColumns = `id, rule, component, flow, part, level, state, value, cause, silence, told, first_ms, last_ms, resolved_ms, times, acknowledged_by, acknowledged_ms, note, revision`

// measured is what of an alert has no column of its own.
type measured struct {
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Detail    string  `json:"detail,omitempty"`
}

func writeAlert(ctx context.Context, tx *sql.Tx, a *Alert, events []Event) error {
	value, err := json.Marshal(measured{a.Value, a.Threshold, a.Detail})
	if err != nil {
		return fmt.Errorf("write alert: %w", err)
	}
	told := int64(0)
	if a.Told {
		told = 1
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO alerts (`+alertColumns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)
		ON CONFLICT (id) DO UPDATE SET level=$6, state=$7, value=$8, cause=$9, silence=$10, told=$11, last_ms=$13, resolved_ms=$14,
			times=$15, acknowledged_by=$16, acknowledged_ms=$17, note=$18, revision=$19`,
		a.ID, a.Rule, a.Component, a.Flow, a.Part, int64(a.Level), string(a.State), string(value), a.Cause, a.Silence, told,
		millis(a.First), millis(a.Last), millis(a.Resolved), a.Count, a.By, millis(a.At), a.Note, a.Revision)
	if err != nil {
		return fmt.Errorf("write alert: %w", err)
	}
	for _, e := range events {
		_, err := tx.ExecContext(ctx, `INSERT INTO alert_events (alert, seq, at_ms, what, who, text)
			SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), $3, $4, $5 FROM alert_events WHERE alert = $1`, a.ID, millis(e.At), e.What, e.Who, e.Text)
		if err != nil {
			return fmt.Errorf("write alert: %w", err)
		}
	}
	return nil
}

func readAlert(r store.Row) (a Alert, err error) {
	var level, told, first, last, resolved, acknowledged int64
	var state, value string
	err = r.Scan(&a.ID, &a.Rule, &a.Component, &a.Flow, &a.Part, &level, &state, &value, &a.Cause, &a.Silence, &told,
		&first, &last, &resolved, &a.Count, &a.By, &acknowledged, &a.Note, &a.Revision)
	if err != nil {
		return a, err
	}
	var v measured
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return a, fmt.Errorf("alert %s: %w", a.ID, err)
	}
	a.Level, a.State, a.Told = Level(level), State(state), told != 0
	a.Value, a.Threshold, a.Detail = v.Value, v.Threshold, v.Detail
	a.First, a.Last, a.Resolved, a.At = at(first), at(last), at(resolved), at(acknowledged)
	return a, nil
}

func (m *Monitor) alerts(ctx context.Context, where string, args ...any) (list []Alert, err error) {
	rows, err := m.DB.QueryContext(ctx, `SELECT `+alertColumns+` FROM alerts `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		a, err := readAlert(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// load takes up what an earlier life has written.
func (m *Monitor) load(ctx context.Context, now time.Time) error {
	if err := m.loadSettings(ctx); err != nil {
		return err
	}
	silences, err := m.silences(ctx, `WHERE ended_by = '' AND ends_ms > $1`, millis(now))
	if err != nil {
		return err
	}
	m.engine.silences = silences
	lately, err := m.alerts(ctx, `WHERE state = 'firing' OR resolved_ms > $1 ORDER BY last_ms`, millis(now.Add(-again)))
	if err != nil {
		return err
	}
	for _, a := range lately {
		if m.engine.rules[a.Rule] != nil {
			m.engine.resume(now, a, m.engine.effective(a.Rule, a.key().name()))
		}
	}
	return m.loadHabits(ctx, now)
}

func (m *Monitor) loadSettings(ctx context.Context) error {
	rows, err := m.DB.QueryContext(ctx, `SELECT rule, name, setting, set_by, set_ms, revision FROM monitor_settings`)
	if err != nil {
		return fmt.Errorf("read the settings of rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var rule, text string
		var ms int64
		var o Override
		if err := rows.Scan(&rule, &o.Name, &text, &o.By, &ms, &o.revision); err != nil {
			return err
		}
		if text != "" {
			o.Setting = &Setting{}
			if err := json.Unmarshal([]byte(text), o.Setting); err != nil {
				return fmt.Errorf("setting of %s: %w", rule, err)
			}
		}
		o.At = at(ms)
		m.take(rule, o)
	}
	return rows.Err()
}

// take puts a setting that is written in force. It is called with the lock held.
func (m *Monitor) take(rule string, o Override) {
	t := target{rule, o.Name}
	m.overrides[t] = o
	if o.Setting == nil {
		delete(m.engine.settings, t)
		return
	}
	m.engine.settings[t] = *o.Setting
}

const silenceColumns = `id, rule, component, flow, reason, created_by, created_ms, ends_ms, ended_by`

func (m *Monitor) silences(ctx context.Context, where string, args ...any) (list []Silence, err error) {
	rows, err := m.DB.QueryContext(ctx, `SELECT `+silenceColumns+` FROM silences `+where+` ORDER BY created_ms DESC, id LIMIT 500`, args...)
	if err != nil {
		return nil, fmt.Errorf("read silences: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s Silence
		var created, ends int64
		if err := rows.Scan(&s.ID, &s.Rule, &s.Component, &s.Flow, &s.Reason, &s.By, &created, &ends, &s.EndedBy); err != nil {
			return nil, err
		}
		s.Created, s.Ends = at(created), at(ends)
		list = append(list, s)
	}
	return list, rows.Err()
}

func (m *Monitor) loadHabits(ctx context.Context, now time.Time) error {
	rows, err := m.DB.QueryContext(ctx, `SELECT flow, hour, parcels FROM monitor_hours WHERE hour >= $1`, hourOf(now)-habitDays*24)
	if err != nil {
		return fmt.Errorf("read what flows do usually: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var flow string
		var hour, parcels int64
		if err := rows.Scan(&flow, &hour, &parcels); err != nil {
			return err
		}
		m.eyes.habits.add(time.Unix(hour*3600, 0), flow, uint64(max(parcels, 0)))
	}
	return rows.Err()
}

// writeHabits writes what every flow did in an hour that has ended.
func (m *Monitor) writeHabits(ctx context.Context, hour int64) error {
	return m.DB.Tx(ctx, func(tx *sql.Tx) error {
		for flow, hours := range m.eyes.habits.hours {
			n, ok := hours[hour]
			if !ok {
				continue
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO monitor_hours (flow, hour, parcels) VALUES ($1, $2, $3)
				ON CONFLICT (flow, hour) DO UPDATE SET parcels = $3`, flow, hour, int64(min(n, 1<<62)))
			if err != nil {
				return fmt.Errorf("write what flows do usually: %w", err)
			}
		}
		return nil
	})
}

// kept is for how long alerts that have ended are listed: as long as the audit is kept
// where nothing else is said.
const kept = 190 * 24 * time.Hour

func (m *Monitor) sweep(ctx context.Context, now time.Time) error {
	return m.DB.Tx(ctx, func(tx *sql.Tx) error {
		old := millis(now.Add(-kept))
		for _, text := range []string{
			`DELETE FROM alert_events WHERE alert IN (SELECT id FROM alerts WHERE state = 'resolved' AND resolved_ms < $1)`,
			`DELETE FROM alerts WHERE state = 'resolved' AND resolved_ms < $1`,
			`DELETE FROM silences WHERE ends_ms < $1`,
		} {
			if _, err := tx.ExecContext(ctx, text, old); err != nil {
				return fmt.Errorf("drop old alerts: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM monitor_hours WHERE hour < $1`, hourOf(now)-habitDays*24)
		return err
	})
}

// Filter says which alerts to list.
type Filter struct {
	State     State // empty for both
	Level     Level // at least; 0 for all
	Rule      string
	Component string
	Flow      string
	Cause     string // of those that this alert explains
	Roots     bool   // only those that no other explains
}

func (f Filter) where() (parts []string, args []any) {
	add := func(text string, arg any) {
		args = append(args, arg)
		parts = append(parts, fmt.Sprintf(text, len(args)))
	}
	for _, c := range []struct{ column, value string }{
		{"state", string(f.State)}, {"rule", f.Rule}, {"component", f.Component}, {"flow", f.Flow}, {"cause", f.Cause},
	} {
		if c.value != "" {
			add(c.column+" = $%d", c.value)
		}
	}
	if f.Level > 0 {
		add("level >= $%d", int64(f.Level))
	}
	if f.Roots {
		parts = append(parts, "cause = ''")
	}
	return parts, args
}

// List is alerts, the newest first, at most limit, and the cursor of the next ones, empty
// at the end. after is such a cursor, or empty.
func (m *Monitor) List(ctx context.Context, f Filter, limit int, after string) (list []Alert, next string, err error) {
	parts, args := f.where()
	if after != "" {
		behind, err := store.ParsePlace(after)
		if err != nil {
			return nil, "", err
		}
		args = append(args, behind.Milli, behind.ID)
		n := len(args)
		parts = append(parts, fmt.Sprintf("(first_ms < $%d OR first_ms = $%d AND id < $%d)", n-1, n-1, n))
	}
	where := ""
	if len(parts) > 0 {
		where = "WHERE " + strings.Join(parts, " AND ")
	}
	args = append(args, int64(limit)+1)
	list, err = m.alerts(ctx, where+fmt.Sprintf(" ORDER BY first_ms DESC, id DESC LIMIT $%d", len(args)), args...)
	if err == nil && len(list) > limit {
		list = list[:limit]
		last := &list[limit-1]
		next = store.PlaceOf(last.First, last.ID).String()
	}
	return list, next, err
}

// Get is one alert and all that happened to it, oldest first.
func (m *Monitor) Get(ctx context.Context, id string) (Alert, []Event, error) {
	a, err := readAlert(m.DB.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM alerts WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil, problem.New(problem.Unknown, "there is no such alert")
	}
	if err != nil {
		return a, nil, fmt.Errorf("read alert: %w", err)
	}
	rows, err := m.DB.QueryContext(ctx, `SELECT at_ms, what, who, text FROM alert_events WHERE alert = $1 ORDER BY seq LIMIT 1000`, id)
	if err != nil {
		return a, nil, fmt.Errorf("read alert: %w", err)
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var e Event
		var ms int64
		if err := rows.Scan(&ms, &e.What, &e.Who, &e.Text); err != nil {
			return a, nil, err
		}
		e.At = at(ms)
		events = append(events, e)
	}
	return a, events, rows.Err()
}
