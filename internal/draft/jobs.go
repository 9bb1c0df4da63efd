// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// JobState is where a rehearsal stands.
type JobState string

// The states.
const (
	Running     JobState = "running"
	Finished    JobState = "finished"
	Cancelled   JobState = "cancelled"
	Broken      JobState = "failed"
	Interrupted JobState = "interrupted" // the center was restarted meanwhile
)

// Rehearsal is one run of a draft against recorded decisions.
type Rehearsal struct {
	ID            string    `json:"id"`
	Draft         string    `json:"draft"`
	DraftRevision int64     `json:"draftRevision"`
	Since         time.Time `json:"since"`
	Until         time.Time `json:"until"`
	Author        string    `json:"author" doc:"id of the account"`
	AuthorName    string    `json:"authorName"`
	Created       time.Time `json:"created"`
	Ended         time.Time `json:"ended,omitzero"`
	State         JobState  `json:"state" enum:"running,finished,cancelled,failed,interrupted"`
	Progress      Progress  `json:"progress"`
	SecondsLeft   float64   `json:"secondsLeft,omitempty" doc:"until its end, at the pace so far"`
	Result        *Result   `json:"result,omitempty" doc:"once it has ended; of one that did not finish, what it had found"`
	Error         string    `json:"error,omitempty"`
}

// Window is the decisions that are rehearsed.
type Window struct{ Since, Until time.Time }

// usualWindow is what is rehearsed when nothing is said.
const usualWindow = 24 * time.Hour

// jobs is the one rehearsal that may run.
type jobs struct {
	mu     sync.Mutex
	work   chan job // taken by runRehearsals
	now    *job     // nil for none
	at     Progress
	cancel context.CancelFunc
}

// job is a rehearsal with what it works on.
type job struct {
	Rehearsal
	replay Replay
}

func newJobs() jobs { return jobs{work: make(chan job, 1)} }

// StartRehearsal begins to rehearse a draft. One is run at a time.
func (d *Desk) StartRehearsal(ctx context.Context, who account.Caller, draft string, w Window) (Rehearsal, error) {
	out, folder, err := d.Get(ctx, draft)
	if err != nil {
		return Rehearsal{}, err
	}
	_, p, err := loaded(folder)
	if err != nil {
		return Rehearsal{}, err
	}
	logs, err := d.logs()
	if err != nil {
		return Rehearsal{}, err
	}
	now := d.moment()
	if w.Until.IsZero() || w.Until.After(now) {
		w.Until = now
	}
	if w.Since.IsZero() {
		w.Since = w.Until.Add(-usualWindow)
	}
	if !w.Since.Before(w.Until) {
		return Rehearsal{}, problem.New(problem.Invalid, "the window ends before it begins")
	}
	j := job{replay: Replay{Logs: logs, Policy: p, Keys: d.DetailKey, Since: w.Since, Until: w.Until}}
	j.Rehearsal = Rehearsal{
		ID: store.NewID(), Draft: out.ID, DraftRevision: out.Revision, Since: w.Since.UTC(), Until: w.Until.UTC(),
		Author: who.Account, AuthorName: who.Name, Created: now, State: Running,
	}
	if err := d.jobs.take(&j); err != nil {
		return Rehearsal{}, err
	}
	if err := d.insertRehearsal(ctx, j.Rehearsal); err != nil {
		d.jobs.release()
		return Rehearsal{}, err
	}
	d.jobs.work <- j
	d.Tell(topicRehearsals, j.ID)
	return j.Rehearsal, nil
}

// take makes a job the one that runs.
func (s *jobs) take(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		return problem.New(problem.TooMany, "a rehearsal by %s runs: wait for it, or cancel it", s.now.AuthorName)
	}
	held := *j // cancelling changes it
	s.now, s.at, s.cancel = &held, Progress{}, nil
	return nil
}

func (s *jobs) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.cancel = nil, nil
}

// logs are the copies of the logs in which each parcel is once: that of the inner process,
// and what the outer half refused.
func (d *Desk) logs() ([]Log, error) {
	p := d.InForce()
	if p == nil {
		return nil, problem.New(problem.Conflict, "no policy is in force yet, and nothing was decided by it")
	}
	var list []Log
	for i := range p.Components {
		c := &p.Components[i]
		if c.Role == policy.RoleInner || c.Role == policy.RoleOuter {
			list = append(list, Log{Dir: audit.MirrorDir(d.State, audit.Origin(c.ID)), Refusals: c.Role == policy.RoleOuter})
		}
	}
	return list, nil
}

// runRehearsals works on one rehearsal after another until ctx ends.
func (d *Desk) runRehearsals(ctx context.Context) error {
	if err := d.interrupted(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("rehearsals: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-d.jobs.work:
			d.rehearse(ctx, j)
		}
	}
}

// rehearse runs one rehearsal and keeps what it found.
func (d *Desk) rehearse(ctx context.Context, j job) {
	defer d.jobs.release()
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	d.jobs.mu.Lock()
	early := d.jobs.now.State == Cancelled
	d.jobs.cancel = cancel
	d.jobs.mu.Unlock()
	if early {
		cancel()
	}
	j.replay.Progress = func(p Progress) {
		d.jobs.mu.Lock()
		d.jobs.at = p
		d.jobs.mu.Unlock()
		d.Tell(topicRehearsals, j.ID)
	}
	result, err := Rehearse(work, j.replay)
	state, why := Finished, ""
	switch {
	case ctx.Err() != nil:
		return // the next life says that it was interrupted
	case errors.Is(err, context.Canceled):
		state = Cancelled
	case err != nil:
		d.Log.Error("a rehearsal failed", "rehearsal", j.ID, "error", err)
		state, why = Broken, "the copies of the logs cannot be read: the center's own log says why"
	}
	if err := d.endRehearsal(ctx, j.ID, state, ended{Result: result, Error: why}); err != nil {
		d.Log.Error("the result of a rehearsal is not kept", "rehearsal", j.ID, "error", err)
	}
	d.Tell(topicRehearsals, j.ID)
}

// CancelRehearsal ends a rehearsal that runs.
func (d *Desk) CancelRehearsal(ctx context.Context, id string) error {
	r, err := d.Rehearsal(ctx, id)
	if err != nil {
		return err
	}
	d.jobs.mu.Lock()
	defer d.jobs.mu.Unlock()
	if r.State != Running || d.jobs.now == nil || d.jobs.now.ID != id {
		return problem.New(problem.Conflict, "it has ended")
	}
	d.jobs.now.State = Cancelled // in case it has not begun
	if d.jobs.cancel != nil {
		d.jobs.cancel()
	}
	return nil
}

// ended is what is kept of a rehearsal that has ended.
type ended struct {
	Result Result `json:"result"`
	Error  string `json:"error"`
}

const rehearsalColumns = `id, draft, draft_revision, since, until, author, author_name, created, ended, state, result`

func (d *Desk) scanRehearsal(row scanner) (Rehearsal, error) {
	var r Rehearsal
	var since, until, created, over int64
	var text string
	err := row.Scan(&r.ID, &r.Draft, &r.DraftRevision, &since, &until, &r.Author, &r.AuthorName, &created, &over, &r.State, &text)
	if err != nil {
		return r, err
	}
	r.Since, r.Until, r.Created, r.Ended = at(since), at(until), at(created), at(over)
	if text == "" {
		d.jobs.mu.Lock()
		defer d.jobs.mu.Unlock()
		if d.jobs.now != nil && d.jobs.now.ID == r.ID {
			r.Progress, r.SecondsLeft = d.jobs.at, d.jobs.at.Left.Seconds()
		}
		return r, nil
	}
	var e ended
	err = json.Unmarshal([]byte(text), &e)
	r.Result, r.Error = &e.Result, e.Error
	r.Progress = Progress{Decided: e.Result.Decided}
	if r.State == Finished {
		r.Progress.Percent = 100
	}
	return r, err
}

// Rehearsal is one rehearsal.
func (d *Desk) Rehearsal(ctx context.Context, id string) (Rehearsal, error) {
	r, err := d.scanRehearsal(d.db.QueryRowContext(ctx, `SELECT `+rehearsalColumns+` FROM rehearsals WHERE id = $1`, id))
	return r, unknown(err, "rehearsal", id)
}

// RehearsalList is a page of the rehearsals.
func (d *Desk) RehearsalList(ctx context.Context, p Page) ([]Rehearsal, string, error) {
	return paged(ctx, d.db, rehearsalColumns, "rehearsals", p, d.scanRehearsal,
		func(one Rehearsal) (time.Time, string) { return one.Created, one.ID })
}

// keptRehearsals is how many results are kept.
const keptRehearsals = 200

func (d *Desk) insertRehearsal(ctx context.Context, r Rehearsal) error {
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO rehearsals (`+rehearsalColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			r.ID, r.Draft, r.DraftRevision, r.Since.UnixMilli(), r.Until.UnixMilli(), r.Author, r.AuthorName, r.Created.UnixMilli(), int64(0), string(r.State), "")
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM rehearsals WHERE id NOT IN (SELECT id FROM rehearsals ORDER BY created DESC, id DESC LIMIT $1)`, keptRehearsals)
		return err
	})
}

func (d *Desk) endRehearsal(ctx context.Context, id string, state JobState, e ended) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE rehearsals SET state = $2, ended = $3, result = $4 WHERE id = $1`, id, string(state), d.Now().UnixMilli(), string(text))
		return err
	})
}

// interrupted ends what an earlier life of the center was at.
func (d *Desk) interrupted(ctx context.Context) error {
	d.jobs.mu.Lock()
	mine := ""
	if d.jobs.now != nil {
		mine = d.jobs.now.ID
	}
	d.jobs.mu.Unlock()
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE rehearsals SET state = $1, ended = $2 WHERE state = $3 AND id <> $4`,
			string(Interrupted), d.Now().UnixMilli(), string(Running), mine)
		return err
	})
}

// rehearsed says in a sentence how a publication's draft was rehearsed.
func (d *Desk) rehearsed(ctx context.Context, p Publication) bilingual.Words {
	none := bilingual.Say("rehearsal: none of this revision", "预演：此修订未做预演")
	var id string
	err := d.db.QueryRowContext(ctx, `SELECT id FROM rehearsals WHERE draft = $1 AND draft_revision = $2 AND state = $3 ORDER BY created DESC LIMIT 1`,
		p.Draft, p.DraftRevision, string(Finished)).Scan(&id)
	if err != nil {
		return none
	}
	r, err := d.Rehearsal(ctx, id)
	if err != nil || r.Result == nil {
		return none
	}
	return bilingual.Say("rehearsal %s: %d decisions of %s to %s, %d would be others; %d could not be decided anew",
		"预演 %s：重新判定 %d 项（%s 至 %s），其中 %d 项结果不同；%d 项无法重新判定", r.ID, r.Result.Decided,
		r.Since.Format(time.RFC3339), r.Until.Format(time.RFC3339), r.Result.Changed, r.Result.Secret+r.Result.Sealed+r.Result.Incomplete)
}
