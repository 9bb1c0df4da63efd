// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// changedFiles are the example with another rate.
func changedFiles(t testing.TB, rate int) []draft.File {
	t.Helper()
	return edited(t, bankFiles(t), "flows/query.yaml", "rate: 200/s", fmt.Sprintf("rate: %d/s", rate))
}

// rate is that of the flow in force.
func (w *world) rate() int64 { return w.keeper.Current().Flow("credit-query").Limits.Rate }

func TestPublish(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		first := w.publish(bankFiles(t))
		if first.Version != 1 || first.ReturnVersion != 0 || first.Base != 0 || w.inForce() != 1 {
			t.Errorf("%+v, %d in force", first, w.inForce())
		}
		got, err := w.desk.Publication(t.Context(), first.ID)
		if err != nil || got.State != draft.Confirmed {
			t.Errorf("the first waits for nothing, and is %s: %v", got.State, err)
		}
		w.outcome(first.ID, draft.Outcome{Code: "first"})
		second := w.prepare(changedFiles(t, 100))
		if second.Version != 2 || second.ReturnVersion != 3 || second.Base != 1 || w.inForce() != 1 {
			t.Errorf("%+v, %d in force", second, w.inForce())
		}
		payload, a, b := w.payload(second), w.ballot(second, "a", "a"), w.ballot(second, "b", "b")
		for name, err := range map[string]error{
			"check":             w.desk.CheckPublish(t.Context(), payload),
			"the proposer":      w.desk.CheckBallot(t.Context(), payload, a, nil),
			"the second person": w.desk.CheckBallot(t.Context(), payload, b, []draft.Ballot{a}),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range 2 { // the second time does nothing
			if result, err := w.desk.Publish(t.Context(), payload, []draft.Ballot{a, b}); err != nil || !strings.Contains(result, "dukou policy confirm "+second.ID) {
				t.Errorf("%q: %v", result, err)
			}
		}
		if w.inForce() != 2 || w.rate() != 100 || !slices.Equal(w.applied, []uint64{1, 2}) {
			t.Errorf("%d in force, rate %d, applied %v", w.inForce(), w.rate(), w.applied)
		}
		_, err = w.desk.Prepare(t.Context(), caller("a"), draft.Preparation{Draft: second.Draft, Revision: 1})
		code(t, err, problem.Conflict, "another one while this waits")
		w.pass(draft.UsualConfirm*time.Minute - time.Second)
		if err := w.desk.Look(t.Context()); err != nil || w.inForce() != 2 {
			t.Errorf("%d in force: %v", w.inForce(), err)
		}
		w.outcome(second.ID, draft.Outcome{Code: "unconfirmed"})
		done, err := w.desk.Confirm(t.Context(), caller("b"), second.ID)
		if err != nil || done.State != draft.Confirmed || done.By != "b" {
			t.Errorf("%+v: %v", done, err)
		}
		w.outcome(second.ID, draft.Outcome{Code: "confirmed"})
		var kept []byte
		if err := w.db.QueryRowContext(t.Context(), `SELECT signed_return FROM policies WHERE id = $1`, second.ID).Scan(&kept); err != nil || len(kept) != 0 {
			t.Errorf("%d bytes of the signed return are kept: %v", len(kept), err)
		}
		w.pass(time.Hour)
		if err := w.desk.Look(t.Context()); err != nil || w.inForce() != 2 {
			t.Errorf("%d in force: %v", w.inForce(), err)
		}
		_, err = w.desk.RollBack(t.Context(), caller("a"), second.ID)
		code(t, err, problem.Conflict, "to roll back what was confirmed")
	})
}

// TestReturn: what nobody confirms goes back, and so does what somebody rolls back; its
// source is that of what was in force before.
func TestReturn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, back := range map[string]func(w *world, p draft.Publication) error{
			"in time": func(w *world, _ draft.Publication) error {
				w.pass(draft.UsualConfirm * time.Minute)
				return w.desk.Look(t.Context())
			},
			"at once": func(w *world, p draft.Publication) error {
				_, err := w.desk.RollBack(t.Context(), caller("a"), p.ID)
				return err
			},
		} {
			w := newWorld(t, db)
			w.publish(bankFiles(t))
			p := w.prepare(changedFiles(t, 100))
			if _, err := w.desk.Publish(t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}); err != nil {
				t.Fatal(err)
			}
			if err := back(w, p); err != nil {
				t.Error(err)
			}
			got, err := w.desk.Publication(t.Context(), p.ID)
			if err != nil || got.State != draft.Returned || w.inForce() != p.ReturnVersion || w.rate() != 200 {
				t.Errorf("%s: %s, %d in force: %v", name, got.State, w.inForce(), err)
			}
			w.outcome(p.ID, draft.Outcome{Code: map[string]string{"in time": "late", "at once": "rolled-back"}[name]})
			folder, err := w.desk.SourceInForce(t.Context())
			if text, _ := folder.Find("flows/query.yaml"); err != nil || !strings.Contains(text, "rate: 200/s") {
				t.Errorf("%s: the source of what is back in force is not here: %v", name, err)
			}
			_, err = w.desk.Confirm(t.Context(), caller("a"), p.ID)
			code(t, err, problem.Conflict, "to confirm what went back")
			next := w.prepare(changedFiles(t, 50))
			if next.Version <= p.ReturnVersion {
				t.Errorf("version %d is given again", next.Version)
			}
			if _, err := w.db.ExecContext(t.Context(), `DELETE FROM policies`); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestBallots: who signs, with which key, over what.
func TestBallots(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	other := w.prepare(changedFiles(t, 50))
	payload, a := w.payload(p), w.ballot(p, "a", "a")
	swapped := w.ballot(p, "b", "b")
	slices.Reverse(swapped.Signatures)
	short := w.ballot(p, "b", "b")
	short.Signatures = short.Signatures[:1]
	w.keys["stranger"], w.keys["keyless"], w.keys["twin"] = publicOf("stranger"), nil, publicOf("a")
	for name, test := range map[string]struct {
		ballot draft.Ballot
		want   problem.Code
	}{
		"another's key":              {w.ballot(p, "b", "a"), problem.Invalid},
		"no approver's key":          {w.ballot(p, "stranger", "stranger"), problem.Conflict},
		"no key":                     {w.ballot(p, "keyless", "b"), problem.Conflict},
		"the proposer's key again":   {w.ballot(p, "twin", "a"), problem.OwnProposal},
		"over another publication":   {w.ballot(other, "b", "b"), problem.Invalid},
		"the bundles swapped":        {swapped, problem.Invalid},
		"no signature of the return": {short, problem.Invalid},
		"no signatures":              {draft.Ballot{Account: "b"}, problem.Invalid},
		"rubbish":                    {draft.Ballot{Account: "b", Signatures: [][]byte{{1}, {2}}}, problem.Invalid},
	} {
		code(t, w.desk.CheckBallot(t.Context(), payload, test.ballot, []draft.Ballot{a}), test.want, name)
	}
	for name, ballots := range map[string][]draft.Ballot{
		"one person":       {a},
		"one person twice": {a, a},
		"nobody":           nil,
		"a stranger":       {a, w.ballot(p, "stranger", "stranger")},
	} {
		_, err := w.desk.Publish(t.Context(), payload, ballots)
		code(t, err, problem.Conflict, name)
	}
	c := w.config()
	c.Anchors.Quorum = 1 // for bundles that are applied as files; two persons are wanted all the same
	c.Apply = func(context.Context, []byte) (*policy.Policy, error) {
		t.Error("one person's signature is enough")
		return nil, errKilled
	}
	_, err := draft.Open(w.db, c).Publish(t.Context(), payload, []draft.Ballot{a})
	code(t, err, problem.Conflict, "one person where one approval is enough")
	if got, err := w.desk.Publication(t.Context(), p.ID); err != nil || got.State != draft.Prepared {
		t.Errorf("it is %s: %v", got.State, err)
	}
	if w.inForce() != 1 {
		t.Errorf("%d in force", w.inForce())
	}
}

// TestPayloads: a payload means one publication, and all of it.
func TestPayloads(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	var payload map[string]any
	if err := json.Unmarshal(w.payload(p), &payload); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{
		"publication": strings.Repeat("0", 32), "version": 9, "digest": strings.Repeat("0", 64), "return": 9, "returnDigest": "", "confirmWithin": 1000, "more": 1,
	} {
		changed := map[string]any{}
		for k, v := range payload {
			changed[k] = v
		}
		changed[key] = value
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.desk.CheckPublish(t.Context(), text); err == nil {
			t.Errorf("another %s passes", key)
		}
	}
}

// TestOvertaken: what was made when something else was in force does not come into force,
// and does not go back from what somebody has applied over it.
func TestOvertaken(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	late, p := w.prepare(changedFiles(t, 100)), w.prepare(changedFiles(t, 50))
	lateBallots := []draft.Ballot{w.ballot(late, "a", "a"), w.ballot(late, "b", "b")}
	if _, err := w.desk.Publish(t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}); err != nil {
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

func TestPrepareRefuses(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	failing := w.upload(edited(t, bankFiles(t), "cases/credit.yaml", "expect: policy-denied", "expect: allow"))
	_, err := w.desk.Prepare(t.Context(), caller("a"), draft.Preparation{Draft: failing.ID, Revision: 1})
	code(t, err, problem.Invalid, "cases that fail")
	keyless := w.upload(slices.DeleteFunc(bankFiles(t), func(f draft.File) bool { return f.Path == "bureau.key.pub" }))
	_, err = w.desk.Prepare(t.Context(), caller("a"), draft.Preparation{Draft: keyless.ID, Revision: 1})
	code(t, err, problem.Invalid, "an issuer without a key")
	w.publish(bankFiles(t))
	if _, err = w.desk.Prepare(t.Context(), caller("a"), draft.Preparation{Draft: keyless.ID, Revision: 1}); err != nil {
		t.Errorf("its key is in force: %v", err)
	}
	_, err = w.desk.Prepare(t.Context(), caller("a"), draft.Preparation{Draft: keyless.ID, Revision: 2})
	code(t, err, problem.Stale, "another revision than was read")
	for name, a := range map[string]policy.Anchors{
		"one approver":    {Approvers: []ed25519.PublicKey{publicOf("a")}, Quorum: 1},
		"three approvals": {Approvers: anchors().Approvers, Quorum: 3},
	} {
		c := w.config()
		c.Anchors = a
		_, err := draft.Open(w.db, c).Prepare(t.Context(), caller("a"), draft.Preparation{Draft: keyless.ID, Revision: 1})
		code(t, err, problem.Conflict, name)
	}
}

// TestSealed: fronts, and nobody else, get the credentials of their zone, in both bundles.
func TestSealed(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	for _, back := range []bool{false, true} {
		data, err := w.desk.Document(t.Context(), p.ID, back)
		if err != nil {
			t.Fatal(err)
		}
		s, err := envelope.Decode(data)
		if err != nil || len(s.Signatures) != 0 {
			t.Fatalf("%d signatures: %v", len(s.Signatures), err)
		}
		for _, key := range []string{"a", "b"} {
			if err := s.Sign(envelope.Bundle, keyOf(key)); err != nil {
				t.Fatal(err)
			}
		}
		opened, err := policy.Open(s.Encode(), anchors(), w.clock().UnixMilli(), 0)
		if err != nil || len(opened.Sealed) != 2 || len(opened.Components) != len(admitted(t)) {
			t.Errorf("return %t: %v", back, err)
		}
	}
}

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

// killedAt kills at a step: 0 and 1 are before and behind the putting in force, 2 and 3
// before and behind the putting back; 4 and more are the same, where the database is gone
// too at that moment.
func killedAt(t *testing.T, step int, confirm bool) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	payload, ballots := w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}
	life, kill := context.WithCancel(t.Context())
	defer kill()
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
	_, err := w.desk.Publish(life, payload, ballots)
	if killed != (err != nil) {
		t.Fatalf("killed %t: %v", killed, err)
	}
	if killed {
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
			if _, err := w.desk.Publish(t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}); err != nil {
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
	payload, ballots := w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}
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
	if _, err := w.desk.Publish(w.t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}); err != nil {
		w.t.Fatal(err)
	}
	w.fault = func(uint64) (error, error) { return fault.New(fault.PolicyOld, "it is older"), nil }
	w.pass(time.Hour)
	if err := w.desk.Look(w.t.Context()); err != nil || w.inForce() != p.Version {
		w.t.Errorf("%d in force: %v", w.inForce(), err)
	}
	w.outcome(p.ID, draft.Outcome{Code: "not-returned", Problem: "policy-old", Detail: "it is older"})
}

// outcome holds what the center says in codes of a publication.
func (w *world) outcome(id string, want draft.Outcome) {
	w.t.Helper()
	if got, err := w.desk.Publication(w.t.Context(), id); err != nil || got.Outcome == nil || *got.Outcome != want {
		w.t.Errorf("%+v, want %+v: %v", got.Outcome, want, err)
	}
}

// TestOvertakenOnItsWay: what is approved is not put in force over another policy.
func TestOvertakenOnItsWay(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	w.fault = func(uint64) (error, error) { return fault.New(fault.RecordFailed, "the disk is full"), nil }
	_, err := w.desk.Publish(t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")})
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

func TestForce(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	if f, err := w.desk.Force(t.Context()); err != nil || f.Version != 0 || f.Source {
		t.Errorf("%+v: %v", f, err)
	}
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	if _, err := w.desk.Publish(t.Context(), w.payload(p), []draft.Ballot{w.ballot(p, "a", "a"), w.ballot(p, "b", "b")}); err != nil {
		t.Fatal(err)
	}
	f, err := w.desk.Force(t.Context())
	if err != nil || f.Version != p.Version || f.Digest != p.Digest || !f.Source || f.Publication != p.ID || f.Waits == nil || f.Waits.State != draft.Unconfirmed {
		t.Errorf("%+v: %v", f, err)
	}
	if list, err := w.desk.Waiting(t.Context()); err != nil || len(list) != 1 || list[0].Verb != "policy confirm" {
		t.Errorf("%+v: %v", list, err)
	}
	w.applyFile(bankFiles(t), 30)
	if f, err = w.desk.Force(t.Context()); err != nil || f.Version != 30 || f.Source || f.Publication != "" {
		t.Errorf("%+v: %v", f, err)
	}
}

// TestLapse: what nobody approves is forgotten, but not that its versions were given.
func TestLapse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		p := w.prepare(bankFiles(t))
		payload := w.payload(p)
		w.pass(89 * 24 * time.Hour)
		if err := w.desk.Lapse(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.desk.CheckPublish(t.Context(), payload); err != nil {
			t.Errorf("too early: %v", err)
		}
		w.pass(2 * 24 * time.Hour)
		if err := w.desk.Lapse(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.outcome(p.ID, draft.Outcome{Code: "lapsed"})
		code(t, w.desk.CheckPublish(t.Context(), payload), problem.Conflict, "to publish what has lapsed")
		_, err := w.desk.Document(t.Context(), p.ID, false)
		code(t, err, problem.Unknown, "its bundle")
		if next := w.prepare(bankFiles(t)); next.Version <= p.Version {
			t.Errorf("version %d is given again", next.Version)
		}
	})
}
