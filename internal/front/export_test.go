// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
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
