// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package quarantine_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/quarantine"
)

// stage is a desk over one front that answers as it is told.
type stage struct {
	*quarantine.Desk
	keys  []ed25519.PrivateKey // of the persons 0 and 1
	lies  control.Quarantined
	away  error
	sends error // what the front says of a release
	sent  []byte
	now   time.Time
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{now: time.UnixMilli(1_790_000_000_000)}
	anchors := policy.Anchors{Quorum: 2}
	for range 2 {
		public, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		anchors.Approvers, s.keys = append(anchors.Approvers, public), append(s.keys, key)
	}
	s.lies = control.Quarantined{Component: "front", Total: 1, Items: []control.Held{{
		Parcel: parcel.ID{1}, Flow: "files", Name: "a.exe", Size: 5, Bundle: 1, Code: fault.ContentType, Since: 1_789_000_000_000,
	}}}
	s.Desk = quarantine.New(quarantine.Config{
		Guard: "guard", Anchors: anchors, Now: func() time.Time { return s.now },
		InForce: func() *policy.Policy {
			return &policy.Policy{Bundle: policy.Bundle{Flows: []policy.Flow{{Kind: "deliver", Exit: "front"}, {Kind: "deliver", Exit: "front"}, {Kind: "ask", Exit: "other"}}}}
		},
		Look: func(context.Context, string) (control.Quarantined, error) { return s.lies, s.away },
		Send: func(_ context.Context, _ string, document []byte) error { s.sent = document; return s.sends },
		Approver: func(_ context.Context, account string) (ed25519.PublicKey, error) {
			switch account {
			case "0":
				return anchors.Approvers[0], nil
			case "1", "also 1":
				return anchors.Approvers[1], nil
			}
			return nil, errors.New("no key")
		},
	})
	return s
}

func (s *stage) ballot(t *testing.T, account string, document []byte, key int, typ envelope.Type) quarantine.Ballot {
	t.Helper()
	e := envelope.Signed{Payload: document}
	if err := e.Sign(typ, s.keys[key]); err != nil {
		t.Fatal(err)
	}
	return quarantine.Ballot{Account: account, Signatures: [][]byte{e.Signatures[0].COSE}}
}

func wants(t *testing.T, what string, err error, code problem.Code) {
	t.Helper()
	if problem.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (s *stage) plan(t *testing.T) (document []byte, p quarantine.Plan) {
	t.Helper()
	id := parcel.ID{1}.String()
	document, err := s.Prepare(t.Context(), "front", id)
	if err == nil {
		p, err = s.Plan(t.Context(), "front", id, document)
	}
	if err != nil {
		t.Fatal(err)
	}
	return document, p
}

// TestRelease: two persons' signatures go to the front, and what it says is told by what
// can be done about it.
func TestRelease(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	document, p := s.plan(t)
	if strings.Contains(p.Title, "a.exe") || !strings.Contains(p.Difference, "a.exe") {
		t.Errorf("%q, %q", p.Title, p.Difference)
	}
	zero, one := s.ballot(t, "0", document, 0, envelope.Release), s.ballot(t, "1", document, 1, envelope.Release)
	if err := errors.Join(s.CheckBallot(ctx, p.Payload, zero, nil), s.CheckBallot(ctx, p.Payload, one, []quarantine.Ballot{zero})); err != nil {
		t.Error(err)
	}
	wants(t, "signed as a bundle", s.CheckBallot(ctx, p.Payload, s.ballot(t, "0", document, 0, envelope.Bundle), nil), problem.Invalid)
	wants(t, "by another's key", s.CheckBallot(ctx, p.Payload, s.ballot(t, "0", document, 1, envelope.Release), nil), problem.Invalid)
	wants(t, "two persons, one key", s.CheckBallot(ctx, p.Payload, s.ballot(t, "also 1", document, 1, envelope.Release), []quarantine.Ballot{one}), problem.OwnProposal)
	wants(t, "twice", s.CheckBallot(ctx, p.Payload, quarantine.Ballot{Account: "0", Signatures: append(zero.Signatures, zero.Signatures...)}, nil), problem.Invalid)
	if s.CheckBallot(ctx, p.Payload, quarantine.Ballot{Account: "2", Signatures: one.Signatures}, nil) == nil {
		t.Error("somebody without a key has signed")
	}
	for _, alone := range [][]quarantine.Ballot{nil, {zero}, {zero, zero}} {
		_, err := s.Release(ctx, p.Payload, alone)
		if wants(t, "by one", err, problem.Conflict); s.sent != nil {
			t.Fatal("a release by one went to the front")
		}
	}
	for code, want := range map[fault.Code]problem.Code{
		fault.PeerUnavailable: problem.Unavailable, fault.TooBusy: problem.Unavailable, fault.TargetUnavailable: problem.Unavailable, fault.RateLimited: problem.Unavailable,
		fault.RecordFailed: problem.Unavailable, fault.PolicyExpired: problem.Conflict, fault.ParcelUnknown: problem.Conflict, fault.PolicyUnsigned: problem.Conflict,
	} {
		s.sends = fault.New(code, "the test says so")
		_, err := s.Release(ctx, p.Payload, []quarantine.Ballot{zero, one})
		wants(t, string(code), err, want)
	}
	s.sends = nil
	if _, err := s.Release(ctx, p.Payload, []quarantine.Ballot{one, zero}); err != nil {
		t.Fatal(err)
	}
	if r, _, err := control.OpenRelease(s.sent, s.Anchors.Approvers, 2); err != nil || r.Parcel != (parcel.ID{1}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestWhatMayBeProposed: nothing that does not lie there, or not any more, or otherwise.
func TestWhatMayBeProposed(t *testing.T) {
	s := newStage(t)
	ctx, id := t.Context(), parcel.ID{1}.String()
	document, p := s.plan(t)
	proposed := func(front, id string, change func(*control.ReleaseDocument)) error {
		r, err := control.DecodeRelease(document)
		if err != nil {
			t.Fatal(err)
		}
		change(&r)
		_, err = s.Plan(ctx, front, id, canon.Must(r))
		return err
	}
	for name, change := range map[string]func(*control.ReleaseDocument){
		"of another guard":  func(r *control.ReleaseDocument) { r.Guard = "x" },
		"of another front":  func(r *control.ReleaseDocument) { r.Front = "x" },
		"of another parcel": func(r *control.ReleaseDocument) { r.Parcel[1]++ },
		"without a name":    func(r *control.ReleaseDocument) { r.Name = "" },
	} {
		wants(t, name, proposed("front", id, change), problem.Invalid)
	}
	for name, change := range map[string]func(*control.ReleaseDocument){
		"with another name": func(r *control.ReleaseDocument) { r.Name = "x" },
		"with another body": func(r *control.ReleaseDocument) { r.Root[0]++ },
		"that has ended":    func(r *control.ReleaseDocument) { r.NotAfter = s.now.UnixMilli() - 1 },
		"without an end":    func(r *control.ReleaseDocument) { r.NotAfter = s.now.Add(control.MaxRelease).UnixMilli() + 1 },
	} {
		wants(t, name, proposed("front", id, change), problem.Conflict)
	}
	wants(t, "at another front", proposed("other", id, func(r *control.ReleaseDocument) { r.Front = "other" }), problem.Unknown)
	wants(t, "another payload", s.Check(ctx, json.RawMessage(`{"front":"front","also":1}`)), problem.Invalid)
	s.lies.Items[0].Name, s.lies.Items[0].Code = "", fault.NameInvalid
	_, err := s.Prepare(ctx, "front", id)
	wants(t, "without a sound name", err, problem.Conflict)
	wants(t, "changed meanwhile", s.Check(ctx, p.Payload), problem.Conflict)
	s.lies.Items = nil
	if err := s.Check(ctx, p.Payload); err != nil { // it may be one that is not told of
		t.Error(err)
	}
	_, err = s.Prepare(ctx, "front", id)
	wants(t, "not told of", err, problem.Conflict)
	s.lies.Total = 0
	wants(t, "gone", s.Check(ctx, p.Payload), problem.Unknown)
	s.away = fault.New(fault.PeerUnavailable, "away")
	wants(t, "away", s.Check(ctx, p.Payload), problem.Unavailable)
	if items, fronts := s.List(ctx); len(items) != 0 || len(fronts) != 1 || fronts[0].Error != string(fault.PeerUnavailable) {
		t.Errorf("%v, %v", items, fronts)
	}
}
