// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

var errKilled = errors.New("killed")

// TestKilled kills the center before and behind each step of a publication. In the end
// exactly one of the two policies is in force, each was put there once, and what was
// confirmed is never put back.
func TestKilled(t *testing.T) {
	for _, confirm := range []bool{false, true} {
		for step := range 8 {
			t.Run(fmt.Sprintf("confirm=%t/step=%d", confirm, step), func(t *testing.T) { killedAt(t, step, confirm) })
		}
	}
}

// killing has the center die once, at a step of a publication, and tells whether it has.
func (w *world) killing(p draft.Publication, step int, kill func()) *bool {
	killed := false
	w.fault = func(version uint64) (before, after error) {
		if killed || (version == p.Version) != (step%4 < 2) {
			return nil, nil
		}
		killed = true
		if step >= 4 {
			kill()
		}
		if step%2 == 0 {
			return errKilled, nil
		}
		return nil, errKilled
	}
	return &killed
}

// killedAt kills at a step: 0 and 1 are before and behind the putting in force, 2 and 3
// before and behind the putting back; 4 and more are the same, where the database is gone
// too at that moment.
func killedAt(t *testing.T, step int, confirm bool) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	payload, ballots := w.payload(p), w.both(p)
	life, kill := context.WithCancel(t.Context())
	defer kill()
	killed := w.killing(p, step, kill)
	_, err := w.desk.Publish(life, payload, ballots)
	if *killed != (err != nil) {
		t.Fatalf("killed %t: %v", *killed, err)
	}
	if *killed {
		code(t, err, problem.Unavailable, "killed")
		w.restart()
		if err := w.desk.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if result, err := w.desk.Publish(t.Context(), payload, ballots); err != nil || result == "" || w.inForce() != p.Version {
		t.Fatalf("%q, %d in force: %v", result, w.inForce(), err)
	}
	want, applied := p.ReturnVersion, []uint64{1, p.Version, p.ReturnVersion}
	if confirm {
		if _, err := w.desk.Confirm(t.Context(), caller("b"), p.ID); err != nil {
			t.Fatal(err)
		}
		want, applied = p.Version, applied[:2]
	}
	w.pass(time.Hour)
	_ = w.desk.Look(life) // it may be killed in it
	w.restart()
	for range 2 {
		if err := w.desk.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.inForce() != want || !slices.Equal(w.applied, applied) {
		t.Errorf("%d in force, want %d; applied %v", w.inForce(), want, w.applied)
	}
}

// TestConfirmOrReturn: of a confirmation and a return at the same time one wins, and the
// policy in force is the winner's.
func TestConfirmOrReturn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.publish(bankFiles(t))
		for range 8 {
			p := w.prepare(changedFiles(t, 100))
			if _, err := w.approved(p); err != nil {
				t.Fatal(err)
			}
			confirmed := make(chan error, 1)
			go func() {
				_, err := w.desk.Confirm(t.Context(), caller("b"), p.ID)
				confirmed <- err
			}()
			_, returned := w.desk.RollBack(t.Context(), caller("a"), p.ID)
			sure := <-confirmed
			if (sure == nil) == (returned == nil) || (sure == nil) != (w.inForce() == p.Version) {
				t.Fatalf("confirmed: %v, rolled back: %v, %d in force", sure, returned, w.inForce())
			}
		}
	})
}

// TestRefusedForGood: a bundle that is refused for what it is ends the publication; what
// may pass is tried again.
func TestRefusedForGood(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	payload, ballots := w.payload(p), w.both(p)
	w.fault = func(uint64) (error, error) { return fault.New(fault.RecordFailed, "the disk is full"), nil }
	_, err := w.desk.Publish(t.Context(), payload, ballots)
	code(t, err, problem.Unavailable, "a full disk")
	w.fault = func(uint64) (error, error) { return fault.New(fault.PolicyExpired, "it has ended"), nil }
	_, err = w.desk.Publish(t.Context(), payload, ballots)
	code(t, err, problem.Conflict, "an expired bundle")
	w.fault = nil
	got, err := w.desk.Publication(t.Context(), p.ID)
	if err != nil || got.State != draft.Failed || !strings.Contains(got.Result, "it has ended") {
		t.Errorf("%+v: %v", got, err)
	}
	w.outcome(p.ID, draft.Outcome{Code: "not-applied", Problem: "policy-expired", Detail: "it has ended"})
	if err := w.desk.Look(t.Context()); err != nil || w.inForce() != 1 {
		t.Errorf("%d in force: %v", w.inForce(), err)
	}
	w.refusedReturn()
}

// refusedReturn: what cannot be put back stays in force, and that is told.
func (w *world) refusedReturn() {
	w.t.Helper()
	p := w.prepare(changedFiles(w.t, 90))
	if _, err := w.approved(p); err != nil {
		w.t.Fatal(err)
	}
	w.fault = func(uint64) (error, error) { return fault.New(fault.PolicyOld, "it is older"), nil }
	w.pass(time.Hour)
	if err := w.desk.Look(w.t.Context()); err != nil || w.inForce() != p.Version {
		w.t.Errorf("%d in force: %v", w.inForce(), err)
	}
	w.outcome(p.ID, draft.Outcome{Code: "not-returned", Problem: "policy-old", Detail: "it is older"})
}

// TestOvertaken: what was made when something else was in force does not come into force,
// and does not go back from what somebody has applied over it.
func TestOvertaken(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	late, p := w.prepare(changedFiles(t, 100)), w.prepare(changedFiles(t, 50))
	lateBallots := w.both(late)
	if _, err := w.approved(p); err != nil {
		t.Fatal(err)
	}
	code(t, w.desk.CheckPublish(t.Context(), w.payload(late)), problem.Conflict, "made for another")
	if _, err := w.desk.Publish(t.Context(), w.payload(late), lateBallots); err == nil || w.inForce() != p.Version {
		t.Errorf("%d in force: %v", w.inForce(), err)
	}
	w.applyFile(changedFiles(t, 70), 40)
	if err := w.desk.Look(t.Context()); err != nil || w.inForce() != 40 {
		t.Errorf("%d in force: %v", w.inForce(), err)
	}
	got, err := w.desk.Publication(t.Context(), p.ID)
	if err != nil || got.State != draft.Superseded {
		t.Errorf("%s: %v", got.State, err)
	}
	w.outcome(p.ID, draft.Outcome{Code: "superseded"})
	if next := w.prepare(changedFiles(t, 60)); next.Version != 41 || next.Base != 40 {
		t.Errorf("%+v", next)
	}
}

// TestOvertakenOnItsWay: what is approved is not put in force over another policy.
func TestOvertakenOnItsWay(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	w.fault = func(uint64) (error, error) { return fault.New(fault.RecordFailed, "the disk is full"), nil }
	_, err := w.approved(p)
	code(t, err, problem.Unavailable, "a full disk")
	w.fault = nil
	w.applyFile(changedFiles(t, 70), 40)
	if err := w.desk.Look(t.Context()); err != nil || w.inForce() != 40 {
		t.Errorf("%d in force: %v", w.inForce(), err)
	}
	w.outcome(p.ID, draft.Outcome{
		Code: "not-applied", Problem: "conflict", Detail: "policy version 40 is in force, and this one was made when version 1 was: prepare it anew",
	})
}
