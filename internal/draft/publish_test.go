// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// changedFiles are the example with another rate.
func changedFiles(t testing.TB, rate int) []draft.File {
	t.Helper()
	return drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "rate: 200/s", fmt.Sprintf("rate: %d/s", rate))
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
			if _, err := w.approved(p); err != nil {
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

func TestPrepareRefuses(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	failing := w.upload(drafttest.Edited(t, bankFiles(t), "cases/credit.yaml", "expect: policy-denied", "expect: allow"))
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
		"one approver":    {Approvers: []ed25519.PublicKey{drafttest.Public("a")}, Quorum: 1},
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
			if err := s.Sign(envelope.Bundle, drafttest.Key(key)); err != nil {
				t.Fatal(err)
			}
		}
		opened, err := policy.Open(s.Encode(), anchors(), w.clock().UnixMilli(), 0)
		if err != nil || len(opened.Sealed) != 2 || len(opened.Components) != len(admitted(t)) {
			t.Errorf("return %t: %v", back, err)
		}
	}
}

// outcome holds what the center says in codes of a publication.
func (w *world) outcome(id string, want draft.Outcome) {
	w.t.Helper()
	if got, err := w.desk.Publication(w.t.Context(), id); err != nil || got.Outcome == nil || *got.Outcome != want {
		w.t.Errorf("%+v, want %+v: %v", got.Outcome, want, err)
	}
}

func TestForce(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	if f, err := w.desk.Force(t.Context()); err != nil || f.Version != 0 || f.Source {
		t.Errorf("%+v: %v", f, err)
	}
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	if _, err := w.approved(p); err != nil {
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
