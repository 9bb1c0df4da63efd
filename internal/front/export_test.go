// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"crypto/sha256"
	"time"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// CheckEvidence holds the evidence of a parcel to its label, as the flow's exit does.
func (f *Front) CheckEvidence(flow, subject string, by label.Assurance, evidence []byte) error {
	p := f.Policy()
	return f.checkEvidence(&arrived{
		policy: p, flow: p.Flow(flow), label: label.Label{Subject: subject, Assurance: by}, header: &parcel.Header{Evidence: evidence},
	})
}

// The parts that keep strangers at bay, with a clock handed in.
var (
	NewGuesses = newGuesses
	NewDamper  = newDamper
	SourceOf   = sourceOf
)

// Methods of them.
var (
	Wait      = (*guesses).wait
	Failed    = (*guesses).failed
	Succeeded = (*guesses).succeeded
	Pass      = (*damper).pass
)

// Held is how many refusals a damper counted since it was last asked.
func Held(d *damper) (n uint64) {
	for _, c := range d.take() {
		n += c.times
	}
	return n
}

// SumUp records what was only counted.
func (f *Front) SumUp() { f.sumUp() }

// PasswordMatches holds a password against a hash, for its fuzz test.
func PasswordMatches(phc, password string) (bool, error) {
	h, err := parseHash(phc)
	return err == nil && h.matches(password), err
}

// Tokens is the memory of verified tokens.
type Tokens struct{ *tokens }

// Generation is half of how many it holds.
const Generation = generation

// NewTokens is an empty one.
func NewTokens() Tokens { return Tokens{newTokens()} }

// Subject verifies a token at a time.
func (t Tokens) Subject(issuer *policy.Issuer, token string, now func() time.Time) (string, error) {
	return t.subject(issuer, token, now)
}

// Kept is how many claims are remembered.
func (t Tokens) Kept() int { return len(t.recent) + len(t.older) }

// Knows tells whether the claims of a token are remembered.
func (t Tokens) Knows(issuer *policy.Issuer, token string) bool {
	return t.known(sha256.Sum256(append(append([]byte{}, issuer.Key...), token...))) != nil
}
