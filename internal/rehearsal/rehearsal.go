// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"errors"
	"sync"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// State is where a rehearsal stands.
type State string

// The states.
const (
	Running     State = "running"
	Finished    State = "finished"
	Cancelled   State = "cancelled"
	Failed      State = "failed"
	Interrupted State = "interrupted" // the center was restarted meanwhile
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
	State         State     `json:"state" enum:"running,finished,cancelled,failed,interrupted"`
	Progress      Progress  `json:"progress"`
	SecondsLeft   float64   `json:"secondsLeft,omitempty" doc:"until its end, at the pace so far"`
	Result        *Result   `json:"result,omitempty" doc:"once it has ended; of one that did not finish, what it had found"`
	Error         string    `json:"error,omitempty"`
}

// Window is the decisions that are rehearsed.
type Window struct{ Since, Until time.Time }

// usualWindow is what is rehearsed when nothing is said.
const usualWindow = 24 * time.Hour

// upTo fills in what of a window was not said.
func (w Window) upTo(now time.Time) (Window, error) {
	if w.Until.IsZero() || w.Until.After(now) {
		w.Until = now
	}
	if w.Since.IsZero() {
		w.Since = w.Until.Add(-usualWindow)
	}
	if !w.Since.Before(w.Until) {
		return w, problem.New(problem.Invalid, "the window ends before it begins")
	}
	return w, nil
}

// stage is for the one rehearsal that may run.
type stage struct {
	mu     sync.Mutex
	work   chan job   // taken by Run
	now    *Rehearsal // nil for none
	at     Progress
	cancel context.CancelFunc
}

// job is a rehearsal with what it works on.
type job struct {
	Rehearsal
	replay Replay
}

// Start begins to rehearse a draft. One rehearsal is run at a time.
func (r *Rehearsals) Start(ctx context.Context, who account.Caller, draft string, w Window) (Rehearsal, error) {
	j, err := r.job(ctx, draft, w)
	if err != nil {
		return Rehearsal{}, err
	}
	j.Author, j.AuthorName = who.Account, who.Name
	if err := r.stage.take(j.Rehearsal); err != nil {
		return Rehearsal{}, err
	}
	if err := r.insert(ctx, &j.Rehearsal); err != nil {
		r.stage.release()
		return Rehearsal{}, err
	}
	r.stage.work <- j
	r.Tell(topic, j.ID)
	return j.Rehearsal, nil
}

// job is a rehearsal to be, of nobody yet.
func (r *Rehearsals) job(ctx context.Context, draft string, w Window) (j job, err error) {
	of, p, err := r.Drafts.Compiled(ctx, draft)
	if err != nil {
		return j, err
	}
	logs, err := r.logs()
	if err != nil {
		return j, err
	}
	now := r.Now().UTC().Truncate(time.Millisecond)
	if w, err = w.upTo(now); err != nil {
		return j, err
	}
	return job{
		replay:    Replay{Logs: logs, Policy: p, Keys: r.DetailKey, Since: w.Since, Until: w.Until},
		Rehearsal: Rehearsal{ID: store.NewID(), Draft: of.ID, DraftRevision: of.Revision, Since: w.Since.UTC(), Until: w.Until.UTC(), Created: now, State: Running},
	}, nil
}

// take makes a rehearsal the one that runs.
func (s *stage) take(r Rehearsal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		return problem.New(problem.TooMany, "a rehearsal by %s runs: wait for it, or cancel it", s.now.AuthorName)
	}
	s.now, s.at, s.cancel = &r, Progress{}, nil
	return nil
}

func (s *stage) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.cancel = nil, nil
}

// begin keeps how the rehearsal that runs is ended, which may have been asked for already.
func (s *stage) begin(cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel = cancel; s.now.State == Cancelled {
		cancel()
	}
}

func (s *stage) move(p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = p
}

// logs are the copies of the logs in which each parcel is once: that of the inner process,
// and what the outer half refused.
func (r *Rehearsals) logs() ([]Log, error) {
	p := r.InForce()
	if p == nil {
		return nil, problem.New(problem.Conflict, "no policy is in force yet, and nothing was decided by it")
	}
	var list []Log
	for i := range p.Components {
		c := &p.Components[i]
		if c.Role == policy.RoleInner || c.Role == policy.RoleOuter {
			list = append(list, Log{Dir: audit.MirrorDir(r.State, audit.Origin(c.ID)), Refusals: c.Role == policy.RoleOuter})
		}
	}
	return list, nil
}

// perform runs one rehearsal and keeps what it found.
func (r *Rehearsals) perform(ctx context.Context, j job) {
	state, found := r.rehearse(ctx, j)
	r.stage.release() // before it has ended for others: who sees that can begin the next
	if ctx.Err() != nil {
		return // the next life says that it was interrupted
	}
	if err := r.end(ctx, j.ID, state, found); err != nil {
		r.Log.Error("the result of a rehearsal is not kept", "rehearsal", j.ID, "error", err)
	}
	r.Tell(topic, j.ID)
}

func (r *Rehearsals) rehearse(ctx context.Context, j job) (State, ended) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.stage.begin(cancel)
	j.replay.Progress = func(p Progress) {
		r.stage.move(p)
		r.Tell(topic, j.ID)
	}
	result, err := Decide(ctx, j.replay)
	switch {
	case err == nil:
		return Finished, ended{Result: result}
	case errors.Is(err, context.Canceled):
		return Cancelled, ended{Result: result}
	default:
		r.Log.Error("a rehearsal failed", "rehearsal", j.ID, "error", err)
		return Failed, ended{Result: result, Error: "the copies of the logs cannot be read: the center's own log says why"}
	}
}

// Cancel ends a rehearsal that runs.
func (r *Rehearsals) Cancel(ctx context.Context, id string) error {
	one, err := r.Get(ctx, id)
	if err != nil {
		return err
	}
	if one.State != Running || !r.stage.stop(id) {
		return problem.New(problem.Conflict, "it has ended")
	}
	return nil
}

// stop ends the rehearsal of an id; it is false when that does not run.
func (s *stage) stop(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || s.now.ID != id {
		return false
	}
	s.now.State = Cancelled // in case it has not begun
	if s.cancel != nil {
		s.cancel()
	}
	return true
}
