// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"slices"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/problem"
)

// Ballot is one person's yes to a publication.
type Ballot struct {
	Account    string   // id
	Signatures [][]byte // detached COSE over the bundle, and over the return where there is one
}

// CheckBallot verifies a person's signatures. Nobody signs with a key that another one
// has signed with, however accounts and keys come to belong together.
func (d *Desk) CheckBallot(ctx context.Context, payload json.RawMessage, b Ballot, others []Ballot) error {
	p, err := d.meant(ctx, payload)
	if err != nil {
		return err
	}
	key, err := d.Approver(ctx, b.Account)
	if err != nil {
		return err
	}
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return err
	}
	if !docs.signedBy(key, b) {
		return problem.New(problem.Invalid, "wanted are signatures by your approver key, %s, over the bundle and over the return (dukou proposal approve makes them)", envelope.IDOf(key))
	}
	if slices.ContainsFunc(others, func(other Ballot) bool { return docs.signedBy(key, other) }) {
		return problem.New(problem.OwnProposal, "the other person has signed with the same key")
	}
	return nil
}

// Approver is the key that a person signs with, which must be one that was pinned.
func (d *Desk) Approver(ctx context.Context, account string) (ed25519.PublicKey, error) {
	text, err := d.ApproverKey(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, key := range d.Anchors.Approvers {
		if text == hex.EncodeToString(key) {
			return key, nil
		}
	}
	if text == "" {
		return nil, problem.New(problem.Conflict, "you have no approver key: register the public one of yours (dukou account key set)")
	}
	return nil, problem.New(problem.Conflict, "your approver key, %s, is none of those that this installation was made with", text)
}

// signedBy tells whether a ballot has a key's signatures over each of the bundles.
func (docs *documents) signedBy(key ed25519.PublicKey, b Ballot) bool {
	payloads := docs.payloads()
	if len(b.Signatures) != len(payloads) {
		return false
	}
	for i, payload := range payloads {
		s := envelope.Signed{Payload: payload, Signatures: []envelope.Signature{{Key: envelope.IDOf(key), COSE: b.Signatures[i]}}}
		if len(s.Signers(envelope.Bundle, []ed25519.PublicKey{key})) == 0 {
			return false
		}
	}
	return true
}

// payloads are the bundles in the order in which they are signed.
func (docs *documents) payloads() [][]byte {
	if len(docs.back) == 0 {
		return [][]byte{docs.bundle}
	}
	return [][]byte{docs.bundle, docs.back}
}

// sign puts the signatures of all ballots under the bundles.
func (d *Desk) sign(ctx context.Context, p Publication, ballots []Ballot) error {
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return err
	}
	var signed [2][]byte
	for i, payload := range docs.payloads() {
		s := &envelope.Signed{Payload: payload}
		for _, b := range ballots {
			if i >= len(b.Signatures) {
				continue
			}
			for _, key := range d.Anchors.Approvers { // a signature does not say by whom
				s.Signatures = append(s.Signatures, envelope.Signature{Key: envelope.IDOf(key), COSE: b.Signatures[i]})
			}
		}
		if s, err = s.Only(envelope.Bundle, d.Anchors.Approvers); err != nil {
			return err
		}
		if len(s.Signatures) < max(d.Anchors.Quorum, 2) {
			return problem.New(problem.Conflict, "%d of two persons' signatures hold", len(s.Signatures))
		}
		signed[i] = s.Encode()
	}
	return d.approve(ctx, p.ID, signed[0], signed[1])
}
