// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/problem"
)

// Comparison is how a component's configuration stands to the intended one.
type Comparison struct {
	Component  string    `json:"component"`
	State      string    `json:"state" enum:"same,drift,unaccepted,unknown" doc:"unaccepted: none was accepted yet; unknown: it has not told yet"`
	Since      time.Time `json:"since,omitzero" doc:"of the state"`
	Checked    time.Time `json:"checked,omitzero" doc:"the last comparison"`
	Number     int64     `json:"number,omitempty" doc:"of the last snapshot that it told"`
	Intended   int64     `json:"intended,omitempty" doc:"of the one that was accepted"`
	Accepted   time.Time `json:"accepted,omitzero"`
	AcceptedBy string    `json:"acceptedBy,omitempty"`

	latest string // digest of snapshot Number
	told   string // digest of the drift that was recorded, empty for none
}

// The states of a comparison.
const (
	same       = "same"
	drift      = "drift"
	unaccepted = "unaccepted"
	unknown    = "unknown"
)

// Drift says that a component's configuration is not the intended one, or is it again.
type Drift struct {
	Component        string
	Number, Intended int64
	Since            time.Time
	Gone             bool
}

// state reads the comparison of a component.
func (v *Inventory) state(ctx context.Context, q querier, component string) (Comparison, error) {
	c := Comparison{Component: component, State: unknown}
	var accepted, checked, since int64
	err := q.QueryRowContext(ctx, `SELECT intended, accepted, by_name, checked, state, since, told,
			(SELECT COALESCE(MAX(number), 0) FROM configurations WHERE component = $1 AND source = 'component'),
			COALESCE((SELECT digest FROM configurations WHERE component = $1 AND source = 'component' ORDER BY number DESC LIMIT 1), '')
		FROM configuration_states WHERE component = $1`, component).
		Scan(&c.Intended, &accepted, &c.AcceptedBy, &checked, &c.State, &since, &c.told, &c.Number, &c.latest)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read a comparison: %w", err)
	}
	c.Accepted, c.Checked, c.Since = timeOf(accepted), timeOf(checked), timeOf(since)
	return c, nil
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (v *Inventory) put(ctx context.Context, tx *sql.Tx, c Comparison) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO configuration_states (component, intended, accepted, by_name, checked, state, since, told)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (component) DO UPDATE SET intended = excluded.intended, accepted = excluded.accepted, by_name = excluded.by_name,
			checked = excluded.checked, state = excluded.state, since = excluded.since, told = excluded.told`,
		c.Component, c.Intended, millis(c.Accepted), c.AcceptedBy, millis(c.Checked), c.State, millis(c.Since), c.told)
	return err
}

// Compare asks a component what it runs with, keeps that if it changed, and compares it
// with the intended configuration. A difference is recorded and told once.
func (v *Inventory) Compare(ctx context.Context, component string) (Comparison, error) {
	e, err := v.Effective(ctx, component)
	if err != nil {
		return Comparison{}, v.untold(ctx, component, err)
	}
	if _, err := control.DecodeEffective(canon.Must(e)); err != nil || e.Component != component {
		return Comparison{}, problem.Wrap(problem.Unavailable, err, "%s tells what is not its configuration", component)
	}
	now := v.Now()
	var before, after Comparison
	err = v.db.Tx(ctx, func(tx *sql.Tx) error {
		number, err := v.keep(ctx, tx, e, fromComponent, now)
		if err != nil {
			return err
		}
		if before, err = v.state(ctx, tx, component); err != nil {
			return err
		}
		after = before
		after.Checked, after.Number, after.latest = now, number, digestOf(e)
		if after, err = v.judge(ctx, tx, after, now); err != nil {
			return err
		}
		return v.put(ctx, tx, after)
	})
	if err != nil {
		return Comparison{}, fmt.Errorf("keep a configuration: %w", err)
	}
	return after, v.tell(ctx, before, after)
}

// untold is why a component did not tell its configuration: there is none of that name,
// or it does not answer. Without the signer nobody knows who is admitted.
func (v *Inventory) untold(ctx context.Context, component string, cause error) error {
	away := problem.Wrap(problem.Unavailable, cause, "%s does not tell its configuration", component)
	if slices.ContainsFunc(v.Standings(), func(s Standing) bool { return s.ID == component }) {
		return away
	}
	if _, err := v.admitted(ctx); err != nil {
		return away
	}
	if _, err := v.Component(ctx, component); problem.CodeOf(err) == problem.Unknown {
		return err
	}
	return away
}

// judge compares what a component last told with the intended configuration.
func (v *Inventory) judge(ctx context.Context, tx *sql.Tx, c Comparison, now time.Time) (Comparison, error) {
	was := c.State
	switch {
	case c.Number == 0: // only imported ones are there
		c.State = unknown
	case c.Intended == 0:
		c.State = unaccepted
	default:
		intended, _, err := v.effective(ctx, tx, c.Component, c.Intended)
		if err != nil {
			return c, err
		}
		if c.State = drift; digestOf(intended) == c.latest {
			c.State = same
		}
	}
	if c.State != was {
		c.Since = now
	}
	if c.State != drift {
		c.told = ""
	}
	return c, nil
}

// Compared is the detail of the record of a comparison.
type Compared struct {
	Number     int64  `cbor:"number"`
	Intended   int64  `cbor:"intended"`
	Difference string `cbor:"difference"`
}

// tell records and tells of a difference that is new, or gone. It may be told twice when
// the center ends in between, and is never not told.
func (v *Inventory) tell(ctx context.Context, before, after Comparison) error {
	if before.State != after.State || before.Number != after.Number {
		v.Tell(topic, after.Component)
	}
	d := Drift{Component: after.Component, Number: after.Number, Intended: after.Intended, Since: after.Since}
	switch {
	case after.State == drift && after.told != after.latest:
		if err := v.recordDrift(ctx, after); err != nil {
			return err
		}
	case before.State == drift && after.State == same:
		d.Gone = true
		v.Record(own(audit.ClassHealth, "compare-configuration", "info", "", after.Component, Compared{Number: after.Number, Intended: after.Intended}))
	default:
		return nil
	}
	if v.Alert != nil {
		v.Alert(d)
	}
	return nil
}

func (v *Inventory) recordDrift(ctx context.Context, c Comparison) error {
	text, err := v.Difference(ctx, c.Component, c.Intended, c.Number)
	if err != nil {
		return err
	}
	detail := Compared{Number: c.Number, Intended: c.Intended, Difference: text}
	v.Log.Warn("configuration is not the intended one", "component", c.Component, "number", c.Number, "intended", c.Intended)
	if err := v.Record(own(audit.ClassHealth, "compare-configuration", "refuse", "configuration-drift", c.Component, detail)).Wait(); err != nil {
		return fmt.Errorf("record a difference: %w", err)
	}
	_, err = v.db.ExecContext(ctx, `UPDATE configuration_states SET told = $2 WHERE component = $1 AND state = 'drift'`, c.Component, c.latest)
	return err
}

// Comparisons are those of all components that were compared, by name.
func (v *Inventory) Comparisons(ctx context.Context) (map[string]Comparison, error) {
	rows, err := v.db.QueryContext(ctx, `SELECT component FROM configuration_states`)
	if err != nil {
		return nil, fmt.Errorf("read comparisons: %w", err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	all := make(map[string]Comparison, len(names))
	for _, name := range names {
		if all[name], err = v.state(ctx, v.db, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}
