// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package quarantine

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
)

// Kind is the kind of the act.
const Kind = "release-quarantined"

// lasts is for how long a release is made: a proposal waits no longer for its second person.
const lasts = 8 * 24 * time.Hour

// Payload is what the act is done by.
type Payload struct {
	Front    string `json:"front"`
	Parcel   string `json:"parcel"`
	Document []byte `json:"document"` // canonical, without signatures
}

// Plan is what is proposed. Its title names no file: everybody sees it.
type Plan struct {
	Title      string
	Payload    json.RawMessage
	Difference string
}

// Ballot is one person's yes.
type Ballot struct {
	Account    string // id
	Signatures [][]byte
}

// Prepare makes the document by which a file is released, for both persons to sign.
func (d *Desk) Prepare(ctx context.Context, front, id string) ([]byte, error) {
	h, known, err := d.find(ctx, front, id)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, problem.New(problem.Conflict, "%s has more in quarantine than it tells of, and not of this: release or look at newer ones first", front)
	}
	document := canon.Must(control.ReleaseOf(d.Guard, front, &h, d.Now().Add(lasts)))
	if _, err := control.DecodeRelease(document); err != nil {
		return nil, problem.Wrap(problem.Conflict, err, "what has no sound name or form (%s) is not released", h.Code)
	}
	return document, nil
}

// Plan is the proposal of a document that Prepare made.
func (d *Desk) Plan(ctx context.Context, front, id string, document []byte) (Plan, error) {
	payload, err := json.Marshal(Payload{front, id, document})
	if err != nil {
		return Plan{}, err
	}
	if err := d.Check(ctx, payload); err != nil {
		return Plan{}, err
	}
	r, err := d.meant(payload)
	return Plan{Title: fmt.Sprintf("Release parcel %s from the quarantine of %s", r.Parcel, r.Front), Payload: payload, Difference: words(&r)}, err
}

// meant is the document of a payload.
func (d *Desk) meant(payload json.RawMessage) (control.ReleaseDocument, error) {
	var p Payload
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return control.ReleaseDocument{}, problem.Wrap(problem.Invalid, err, "the payload is not that of a release")
	}
	r, err := control.DecodeRelease(p.Document)
	if err != nil {
		return r, problem.Wrap(problem.Invalid, err, "the document is not that of a release")
	}
	if r.Guard != d.Guard || r.Front != p.Front || r.Parcel.String() != p.Parcel {
		return r, problem.New(problem.Invalid, "the document is for parcel %s at %s of guard %s", r.Parcel, r.Front, r.Guard)
	}
	return r, nil
}

// Check refuses a release of what does not lie there as the document says, or that is too late.
func (d *Desk) Check(ctx context.Context, payload json.RawMessage) error {
	r, err := d.meant(payload)
	if err != nil {
		return err
	}
	if err := r.InTime(d.Now()); err != nil {
		return problem.Wrap(problem.Conflict, err, "the document has ended, or is for too long: propose it anew")
	}
	h, known, err := d.find(ctx, r.Front, r.Parcel.String())
	if err != nil {
		return err
	}
	if known && !r.Frees(d.Guard, r.Front, &h) {
		return problem.New(problem.Conflict, "what lies there is not what the document says: propose it anew")
	}
	return nil
}

// CheckBallot verifies a person's signature. Nobody signs with a key that another one has
// signed with.
func (d *Desk) CheckBallot(ctx context.Context, payload json.RawMessage, b Ballot, others []Ballot) error {
	r, err := d.meant(payload)
	if err != nil {
		return err
	}
	key, err := d.Approver(ctx, b.Account)
	if err != nil {
		return err
	}
	document := canon.Must(r)
	if !signedBy(document, key, b) {
		return problem.New(problem.Invalid, "wanted is a signature by your approver key, %s, over the release (dukou quarantine release and dukou proposal approve make it)", envelope.IDOf(key))
	}
	if slices.ContainsFunc(others, func(other Ballot) bool { return signedBy(document, key, other) }) {
		return problem.New(problem.OwnProposal, "the other person has signed with the same key")
	}
	return nil
}

func signedBy(document []byte, key ed25519.PublicKey, b Ballot) bool {
	if len(b.Signatures) != 1 {
		return false
	}
	s := envelope.Signed{Payload: document, Signatures: []envelope.Signature{{Key: envelope.IDOf(key), COSE: b.Signatures[0]}}}
	return len(s.Signers(envelope.Release, []ed25519.PublicKey{key})) > 0
}

// Release has the front release the file, and says in a sentence what was done. To call it
// again does nothing twice: the front remembers by which document it has released what.
func (d *Desk) Release(ctx context.Context, payload json.RawMessage, ballots []Ballot) (string, error) {
	r, err := d.meant(payload)
	if err != nil {
		return "", err
	}
	s := &envelope.Signed{Payload: canon.Must(r)}
	for _, b := range ballots {
		for _, cose := range b.Signatures {
			for _, key := range d.Anchors.Approvers { // a signature does not say by whom
				s.Signatures = append(s.Signatures, envelope.Signature{Key: envelope.IDOf(key), COSE: cose})
			}
		}
	}
	if s, err = s.Only(envelope.Release, d.Anchors.Approvers); err != nil {
		return "", err
	}
	if len(s.Signatures) < max(d.Anchors.Quorum, 2) {
		return "", problem.New(problem.Conflict, "%d of two persons' signatures hold", len(s.Signatures))
	}
	if err := d.Send(ctx, r.Front, s.Encode()); err != nil {
		return "", told(&r, err)
	}
	return fmt.Sprintf("%s has released parcel %s on flow %s.", r.Front, r.Parcel, r.Flow), nil
}

// told is why a front has not released, as administrators are told it: what may pass is
// tried again.
func told(r *control.ReleaseDocument, err error) error {
	code := fault.CodeOf(err)
	switch fault.KindOf(code) {
	case fault.Unavailable, fault.TooMany, fault.Timeout, fault.BadAnswer, fault.Internal:
		if code != fault.PolicyExpired {
			return problem.Wrap(problem.Unavailable, err, "%s cannot release it yet (%s)", r.Front, code)
		}
	}
	return problem.Wrap(problem.Conflict, err, "%s does not release it: %s", r.Front, code)
}
