// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"context"
	"slices"
	"testing"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store/storetest"
)

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
	w.keys["stranger"], w.keys["keyless"], w.keys["twin"] = drafttest.Public("stranger"), nil, drafttest.Public("a")
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
}

// TestTwoSign: one person's signatures put nothing in force, however few are wanted.
func TestTwoSign(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.prepare(changedFiles(t, 100))
	payload, a := w.payload(p), w.ballot(p, "a", "a")
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
