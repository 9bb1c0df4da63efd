// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/problem"
)

const (
	lookEvery   = time.Minute // how often it is looked whether a comparison is due
	defaultHour = 3
	settingName = "configuration-schedule"
)

// Schedule is when configurations are compared each day.
type Schedule struct {
	Hour     int   `json:"hour" minimum:"0" maximum:"23" doc:"of the day, in the center's time zone"`
	Revision int64 `json:"-"`
}

// Schedule reads it.
func (v *Inventory) Schedule(ctx context.Context) (Schedule, error) {
	s := Schedule{Hour: defaultHour}
	var text string
	err := v.db.QueryRowContext(ctx, `SELECT value, revision FROM settings WHERE name = $1`, settingName).Scan(&text, &s.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read when configurations are compared: %w", err)
	}
	return s, json.Unmarshal([]byte(text), &s)
}

// SetSchedule changes it, if it is still of the revision that was read.
func (v *Inventory) SetSchedule(ctx context.Context, hour int, revision int64) (Schedule, error) {
	if hour < 0 || hour > 23 {
		return Schedule{}, problem.New(problem.Invalid, "hour %d: 0 to 23", hour)
	}
	s := Schedule{Hour: hour}
	text, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	err = v.db.Tx(ctx, func(tx *sql.Tx) error {
		s.Revision = 0
		row := tx.QueryRowContext(ctx, `SELECT revision FROM settings WHERE name = $1`, settingName)
		if err := row.Scan(&s.Revision); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if s.Revision != revision {
			return problem.New(problem.Stale, "it was changed meanwhile: read it again")
		}
		s.Revision++
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value, revision) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, revision = excluded.revision`, settingName, string(text), s.Revision)
		return err
	})
	if err != nil {
		return Schedule{}, err
	}
	v.hurry()
	return s, nil
}

func (v *Inventory) hurry() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Run compares each component's configuration once a day, and takes the first of each
// as soon as it answers. It returns nil when ctx ends.
func (v *Inventory) Run(ctx context.Context) error {
	for {
		again := time.NewTimer(lookEvery)
		if err := v.round(ctx); err != nil && ctx.Err() == nil {
			v.Log.Error("configurations are not compared", "error", err)
		}
		select {
		case <-ctx.Done():
			again.Stop()
			return nil
		case <-v.wake:
			again.Stop()
		case <-again.C:
		}
	}
}

// round compares what is due, and tells what ends in all of them. What does not answer is
// due still.
func (v *Inventory) round(ctx context.Context) error {
	s, err := v.Schedule(ctx)
	if err != nil {
		return err
	}
	all, err := v.Comparisons(ctx)
	if err != nil {
		return err
	}
	since := lastAt(v.Now(), s.Hour)
	for _, id := range v.comparable() {
		if c, ok := all[id]; ok && !c.Checked.Before(since) {
			continue
		}
		if _, err := v.Compare(ctx, id); err != nil && ctx.Err() == nil {
			v.Log.Info("configuration is not known", "component", id, "error", err)
		}
	}
	return v.tellEnds(ctx)
}

// tellEnds tells when the certificates end that each component last said it runs with.
func (v *Inventory) tellEnds(ctx context.Context) error {
	if v.Ends == nil {
		return nil
	}
	for _, id := range v.comparable() {
		e, _, err := v.effective(ctx, v.db, id, 0)
		if problem.CodeOf(err) == problem.Unknown {
			continue // it has not said yet
		}
		if err != nil {
			return err
		}
		v.Ends(id, endsOf(e))
	}
	return nil
}

// CompareAll compares every component that answers, at once.
func (v *Inventory) CompareAll(ctx context.Context) ([]Comparison, error) {
	list := []Comparison{}
	for _, id := range v.comparable() {
		c, err := v.Compare(ctx, id)
		if err != nil {
			if c, err = v.state(ctx, v.db, id); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// comparable are the components that answer, with this center itself.
func (v *Inventory) comparable() []string {
	list := []string{v.Self}
	for _, s := range v.Standings() {
		if s.State != "unreachable" && s.ID != v.Self {
			list = append(list, s.ID)
		}
	}
	return list
}

// lastAt is when it was last the hour, in the location of now. An hour that the day does
// not have is taken as the next.
func lastAt(now time.Time, hour int) time.Time {
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, now.Location())
	if at.After(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()-1, hour, 0, 0, 0, now.Location())
	}
	return at
}
