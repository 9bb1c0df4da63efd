// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/ed25519"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
)

// WitnessName is the name of a component as a witness of another's log.
func WitnessName(id string) string { return audit.Origin(id) + "/witness" }

// openWitness makes the inner half a witness of the center's log, on which nobody
// else looks. Its key is of its own, since a key signs one kind of thing.
func openWitness(h *Half) (*audit.Witness, error) {
	key, err := pki.WitnessKey(h.State)
	if err != nil {
		return nil, err
	}
	return audit.OpenWitness(audit.WitnessConfig{
		Dir: filepath.Join(h.State, "witness"), Name: WitnessName(h.id), Key: key, Keys: centerLog{h}, Clock: h.Clock.Now,
	})
}

// answerWitness keeps a checkpoint of the center's log. A log that was forked or
// taken back is recorded.
func (h *Half) answerWitness(payload []byte) ([]byte, error) {
	kept, err := control.AnswerWitness(h.witness, audit.Origin(h.centerID()), payload)
	if code := fault.CodeOf(err); err != nil && code == fault.ParcelAltered {
		h.Log.Error("the center's log is not sound", "error", err)
		h.record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: string(code), Subject: h.centerID(), Action: "witness"})
	}
	return kept, err
}

// centerLog finds the key of the center's log.
type centerLog struct{ half *Half }

// Verifier implements note.Verifiers.
func (c centerLog) Verifier(name string, hash uint32) (note.Verifier, error) {
	id := c.half.centerID()
	if audit.Origin(id) == name {
		verifier, err := audit.NewVerifier(name, c.half.keyOf(id))
		if err == nil && verifier.KeyHash() == hash {
			return verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

// keyOf is the key of a component by the bundle in force, before the first by the
// admission; nil for a stranger.
func (h *Half) keyOf(id string) ed25519.PublicKey {
	if p := h.keeper.Current(); p != nil {
		if c := p.Component(id); c != nil {
			return c.Key
		}
		return nil
	}
	for _, p := range h.Identity.Admission.Peers {
		if p.ID == id {
			return p.Key
		}
	}
	return nil
}
