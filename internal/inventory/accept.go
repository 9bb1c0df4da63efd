// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/problem"
)

// maxDifference bounds the difference of a plan; the rest is in the snapshots.
const maxDifference = 200 << 10

// acceptance is the payload of accepting another configuration.
type acceptance struct {
	Component string `json:"component"`
	Number    int64  `json:"number"`
	Digest    string `json:"digest"`
	Instead   int64  `json:"instead"` // of the one that is intended so far
}

// AcceptFirst makes a snapshot the intended configuration of a component that has none
// yet. Another one is for two persons (PlanAcceptance): accepted is false then, and
// nothing was done.
func (v *Inventory) AcceptFirst(ctx context.Context, by, component string, number int64) (accepted bool, err error) {
	var before, after Comparison
	err = v.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		accepted = false
		if before, err = v.state(ctx, tx, component); err != nil || before.Intended != 0 {
			return err
		}
		accepted = true
		after, err = v.accept(ctx, tx, before, number, by)
		return err
	})
	if err != nil || !accepted {
		return false, err
	}
	return true, v.tell(ctx, before, after)
}

// accept makes a snapshot the intended one, and judges by it what the component last
// told. A difference to that is told at once.
func (v *Inventory) accept(ctx context.Context, tx *sql.Tx, c Comparison, number int64, by string) (Comparison, error) {
	_, number, err := v.effective(ctx, tx, c.Component, number)
	if err != nil {
		return c, err
	}
	now := v.Now()
	c.Intended, c.Accepted, c.AcceptedBy = number, now, by
	if c, err = v.judge(ctx, tx, c, now); err != nil {
		return c, err
	}
	return c, v.put(ctx, tx, c)
}

// PlanAcceptance prepares that another configuration is the intended one.
func (v *Inventory) PlanAcceptance(ctx context.Context, component string, number int64) (Plan, error) {
	s, err := v.state(ctx, v.db, component)
	if err != nil {
		return Plan{}, err
	}
	e, number, err := v.effective(ctx, v.db, component, number)
	if err != nil {
		return Plan{}, err
	}
	if s.Intended == number {
		return Plan{}, problem.New(problem.Conflict, "configuration %d is the intended one already", number)
	}
	text := strings.ReplaceAll(render(e), "\t", `\u{9}`) // no line of it is taken for words in two languages
	if s.Intended != 0 {
		if text, err = v.Difference(ctx, component, s.Intended, number); err != nil {
			return Plan{}, err
		}
	}
	if text == "" {
		text = bilingual.Say("Both are the same.", "两者相同。").Line() + "\n"
	}
	if len(text) > maxDifference {
		text = strings.ToValidUTF8(text[:maxDifference], "") + "\n(shortened: component configuration diff shows all)\n（已截断：全文见 component configuration diff）\n"
	}
	return planOf(Plan{Title: fmt.Sprintf("Accept configuration %d of %s", number, component), Component: component, Number: number, Difference: text},
		acceptance{Component: component, Number: number, Digest: digestOf(e), Instead: s.Intended})
}

// CheckAcceptance tells whether a configuration can be accepted: it is still there, and
// the one that it was compared with is still the intended one.
func (v *Inventory) CheckAcceptance(ctx context.Context, payload json.RawMessage) error {
	var a acceptance
	if err := open(payload, &a); err != nil {
		return err
	}
	s, err := v.state(ctx, v.db, a.Component)
	if err != nil {
		return err
	}
	if s.Intended != a.Instead {
		return problem.New(problem.Conflict, "configuration %d was accepted meanwhile: propose it anew", s.Intended)
	}
	return v.sameSnapshot(ctx, v.db, a)
}

func (v *Inventory) sameSnapshot(ctx context.Context, q querier, a acceptance) error {
	if a.Number <= 0 {
		return problem.New(problem.Invalid, "configuration %d", a.Number)
	}
	e, _, err := v.effective(ctx, q, a.Component, a.Number)
	if err == nil && digestOf(e) != a.Digest {
		err = problem.New(problem.Conflict, "configuration %d is not the one that was proposed", a.Number)
	}
	return err
}

// Accept makes another configuration the intended one. It may be done again.
func (v *Inventory) Accept(ctx context.Context, by string, payload json.RawMessage) (string, error) {
	var a acceptance
	if err := open(payload, &a); err != nil {
		return "", err
	}
	var before, after Comparison
	err := v.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if before, err = v.state(ctx, tx, a.Component); err != nil {
			return err
		}
		if after = before; before.Intended == a.Number {
			return nil
		}
		if before.Intended != a.Instead {
			return problem.New(problem.Conflict, "configuration %d was accepted meanwhile: propose it anew", before.Intended)
		}
		if err := v.sameSnapshot(ctx, tx, a); err != nil {
			return err
		}
		after, err = v.accept(ctx, tx, before, a.Number, by)
		return err
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("configuration %d of %s is the intended one", a.Number, a.Component), v.tell(ctx, before, after)
}
