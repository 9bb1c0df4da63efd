// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Acknowledge notes that somebody has taken an alert on. It goes on firing until what is
// wrong ends.
func (m *Monitor) Acknowledge(ctx context.Context, by, id, note string) (Alert, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.flush(ctx); err != nil { // so that what is on the disk is what is so
		return Alert{}, err
	}
	a, _, err := m.Get(ctx, id)
	if err != nil {
		return a, err
	}
	if a.By != "" {
		return a, problem.New(problem.Conflict, "%s has acknowledged it already", a.By)
	}
	now := m.Now()
	a.By, a.At, a.Note, a.Revision = by, now, cut(note, maxWords), a.Revision+1
	err = m.DB.Tx(ctx, func(tx *sql.Tx) error {
		return writeAlert(ctx, tx, &a, []Event{{At: now, What: "acknowledged", Who: by, Text: a.Note}})
	})
	if err != nil {
		return a, err
	}
	if t := m.engine.tracked[a.key()]; t != nil && t.alert != nil && t.alert.ID == id {
		t.alert.By, t.alert.At, t.alert.Note, t.alert.Revision = a.By, a.At, a.Note, a.Revision
	}
	m.Tell("alerts", id)
	return a, nil
}

// maxSilence is how long alerts may be kept from being told at once.
const maxSilence = 7 * 24 * time.Hour

const maxSilences = 200 // at once

// CreateSilence keeps alerts from being told until an end. Its id, maker and time are
// filled in.
func (m *Monitor) CreateSilence(ctx context.Context, by string, s Silence) (Silence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.Now()
	if err := checkSilence(&s, now); err != nil {
		return s, err
	}
	if len(m.active(now)) >= maxSilences {
		return s, problem.New(problem.TooMany, "there are %d silences already: end some", maxSilences)
	}
	s.ID, s.By, s.Created, s.EndedBy = store.NewID(), by, now, ""
	err := m.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO silences (`+silenceColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'')`,
			s.ID, s.Rule, s.Component, s.Flow, s.Reason, s.By, millis(s.Created), millis(s.Ends))
		return err
	})
	if err != nil {
		return s, fmt.Errorf("create silence: %w", err)
	}
	m.engine.silences = append(m.active(now), s)
	m.Tell("silences", s.ID)
	return s, nil
}

// active are the silences that hold now. It is called with the lock held.
func (m *Monitor) active(now time.Time) []Silence {
	return slices.DeleteFunc(slices.Clone(m.engine.silences), func(s Silence) bool { return !now.Before(s.Ends) || s.EndedBy != "" })
}

func checkSilence(s *Silence, now time.Time) error {
	s.Reason = cut(s.Reason, maxWords)
	stars := strings.Trim(s.Component+s.Flow, "*") // what only a star stands in matches all
	switch {
	case s.Reason == "":
		return problem.New(problem.Invalid, "a silence wants a reason")
	case s.Rule != "" && ruleOf(s.Rule) == nil:
		return problem.New(problem.Invalid, "there is no rule %q", cut(s.Rule, maxName))
	case s.Rule == "" && stars == "":
		return problem.New(problem.Invalid, "a silence names a rule, a component or a flow: one for everything would hide the next failure too")
	case len(s.Component) > maxName || len(s.Flow) > maxName:
		return problem.New(problem.Invalid, "a name has at most %d bytes", maxName)
	case !s.Ends.After(now) || s.Ends.Sub(now) > maxSilence:
		return problem.New(problem.Invalid, "a silence ends after now, and within %d days", int(maxSilence.Hours()/24))
	default:
		return nil
	}
}

// EndSilence ends a silence early.
func (m *Monitor) EndSilence(ctx context.Context, by, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.Now()
	at := slices.IndexFunc(m.engine.silences, func(s Silence) bool { return s.ID == id && s.EndedBy == "" && now.Before(s.Ends) })
	if at < 0 {
		return problem.New(problem.Unknown, "there is no such silence, or it has ended")
	}
	err := m.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE silences SET ended_by = $2, ends_ms = $3 WHERE id = $1`, id, by, millis(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("end silence: %w", err)
	}
	m.engine.silences = slices.Delete(slices.Clone(m.engine.silences), at, at+1)
	m.Tell("silences", id)
	return nil
}

// Silences are those that hold, or with all also those that have ended, the newest first.
func (m *Monitor) Silences(ctx context.Context, all bool) ([]Silence, error) {
	if all {
		return m.silences(ctx, "")
	}
	return m.silences(ctx, `WHERE ended_by = '' AND ends_ms > $1`, millis(m.Now()))
}

// cut makes a text of others fit to be shown: one line, valid, of at most n bytes.
func cut(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(text), "?"))
	if len(text) <= n {
		return text
	}
	end := n - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
