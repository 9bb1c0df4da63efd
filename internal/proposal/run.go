// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
)

const (
	lookEvery   = 15 * time.Second // at the latest, for what is due or expires
	againAfter  = 15 * time.Second // something that an act needs was away
	giveUpAfter = time.Hour        // of trying
	doTimeout   = 5 * time.Minute  // of one try
)

// Run does what is approved and due, in the order in which it was proposed, and goes on
// with what an earlier life has begun. It returns nil when ctx ends.
func (s *Proposals) Run(ctx context.Context) error {
	for {
		again := time.NewTimer(lookEvery)
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("proposals cannot be looked at", "error", err)
		}
		select {
		case <-ctx.Done():
			again.Stop()
			return nil
		case <-s.wake:
			again.Stop()
		case <-again.C:
		}
	}
}

// round expires and does what is to be now.
func (s *Proposals) round(ctx context.Context) error {
	now := s.Now()
	old, err := s.query(ctx, s.db, `SELECT `+columns+` FROM proposals WHERE state = 'open' AND expires <= $1`, now.UnixMilli())
	if err != nil {
		return err
	}
	for _, p := range old {
		p.Result, p.Outcome = fmt.Sprintf("nobody approved it within %d days", OpenFor/(24*time.Hour)), &Outcome{Code: codeExpired}
		if err := s.end(ctx, p, Expired, Waiting); err != nil {
			return err
		}
	}
	due, err := s.query(ctx, s.db, `SELECT `+columns+` FROM proposals
		WHERE state IN ('approved', 'doing') AND due <= $1 AND next_try <= $1 ORDER BY created, id`, now.UnixMilli())
	if err != nil {
		return err
	}
	for _, p := range due {
		if err := s.perform(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// perform does one act, or goes on with it.
func (s *Proposals) perform(ctx context.Context, p Proposal) error {
	act, ok := s.acts[p.Kind]
	if !ok {
		p.Result, p.Outcome = "this version of the center does not know the act", &Outcome{Code: codeUnknown}
		return s.end(ctx, p, Failed, Approved, Doing)
	}
	if p.State == Approved {
		if err := s.still(ctx, act, p); err != nil {
			return s.failed(ctx, p, err)
		}
		if err := s.record(own("do", "begun", p, "")); err != nil {
			return err
		}
		if err := s.move(ctx, p, Doing, Approved); err != nil || s.lost(ctx, &p) {
			return err
		}
	}
	try, cancel := context.WithTimeout(ctx, doTimeout)
	defer cancel()
	result, err := act.Do(try, p)
	if ctx.Err() != nil {
		return ctx.Err() // the next life goes on with it
	}
	if err != nil {
		return s.failed(ctx, p, err)
	}
	p.Result, p.Outcome = fit(result), &Outcome{Code: codeDone}
	return s.end(ctx, p, Done, Doing)
}

// still holds what is approved to the rules again, right before it is done: both
// persons still have the duty, and the act still takes it.
func (s *Proposals) still(ctx context.Context, act Act, p Proposal) error {
	holders, err := s.Holders(ctx, p.Duty)
	if err != nil {
		return problem.Wrap(problem.Unavailable, err, "who holds the duty cannot be read")
	}
	for _, v := range p.Votes {
		if !slices.Contains(holders, v.Account) {
			return problem.Wrap(problem.Conflict, &lostError{v.Name}, "%s voted and does not hold the duty %s any more: propose it anew", v.Name, p.Duty)
		}
	}
	if act.Check == nil {
		return nil
	}
	return act.Check(ctx, p)
}

// failed ends an act that cannot be done, or has it tried again where something was
// away.
func (s *Proposals) failed(ctx context.Context, p Proposal, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.Log.Error("an act of two persons failed", "proposal", p.ID, "kind", p.Kind, "error", cause)
	now := s.Now()
	if problem.CodeOf(cause) == problem.Unavailable {
		given, err := s.later(ctx, p, now)
		if err != nil || !given {
			return err
		}
	}
	p.Result = fit(told(cause))
	p.Outcome = outcomeOf(cause, p.Result)
	return s.end(ctx, p, Failed, Approved, Doing)
}

// later notes that an act is to be tried again, or says that it was tried for long
// enough.
func (s *Proposals) later(ctx context.Context, p Proposal, now time.Time) (enough bool, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE proposals SET next_try = $2, first_try = CASE first_try WHEN 0 THEN $3 ELSE first_try END WHERE id = $1`,
			p.ID, now.Add(againAfter).UnixMilli(), now.UnixMilli())
		if err != nil {
			return err
		}
		var first int64
		err = tx.QueryRowContext(ctx, `SELECT first_try FROM proposals WHERE id = $1`, p.ID).Scan(&first)
		enough = now.Sub(time.UnixMilli(first)) >= giveUpAfter
		return err
	})
	return enough, err
}

// told is an error as administrators are told it.
func told(err error) string {
	if d := problem.Of(err); d.Detail != "" {
		return d.Detail
	}
	return "it failed; the center's own log says why"
}

func fit(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) > MaxResult {
		s = strings.ToValidUTF8(s[:MaxResult], "") + "…"
	}
	return s
}

// end records how a proposal ends, and ends it.
func (s *Proposals) end(ctx context.Context, p Proposal, to State, from ...State) error {
	action, verdict := "do", "allow"
	switch to {
	case Failed:
		verdict = "failed"
	case Expired:
		action, verdict = "expire", "refuse"
	}
	if err := s.record(own(action, verdict, p, p.Result)); err != nil {
		return err
	}
	return s.move(ctx, p, to, from...)
}

// move brings a proposal to a state, if it is still in one of those that it may come
// from.
func (s *Proposals) move(ctx context.Context, p Proposal, to State, from ...State) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		now, err := s.read(ctx, tx, p.ID)
		if err != nil || !slices.Contains(from, now.State) {
			return err
		}
		now.State, now.Result, now.Outcome, now.Changed = to, p.Result, p.Outcome, s.Now()
		return s.update(ctx, tx, now)
	})
	if err == nil {
		s.Tell(topic, p.ID)
	}
	return err
}

// lost tells whether a proposal was taken back right before it was begun.
func (s *Proposals) lost(ctx context.Context, p *Proposal) bool {
	now, err := s.Get(ctx, p.ID)
	*p = now
	return err != nil || now.State != Doing
}
