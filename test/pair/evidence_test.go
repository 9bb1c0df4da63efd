// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

func token(t *testing.T, key ed25519.PrivateKey, issuer, subject string, end time.Time) []byte {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: issuer, Subject: subject, ExpiresAt: jwt.NewNumericDate(end),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

// TestEvidence: a captured outer front labels a question with a subject that a token
// proved. The inner front believes the token only.
func TestEvidence(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := newApplication()
	s.startPair()
	center := s.mustGrip(central, inner)
	center.give(s.sign(s.bundle(1), 2), 1, inner, gate, outer)
	s.startFront(frontIn, inner, app, nil)
	center.give(s.sign(s.bundle(1), 2), 1, frontIn)
	f := s.forger(frontOut, s.mustGrip(frontOut, outer))
	verifiers := f.windows(2)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	for name, test := range map[string]struct {
		evidence []byte
		want     fault.Code
	}{
		"good":           {token(t, s.issuer, "bureau", "p-1", later), ""},
		"none":           {nil, fault.EvidenceInvalid},
		"no token":       {[]byte("token"), fault.EvidenceInvalid},
		"another's":      {token(t, s.issuer, "bureau", "p-2", later), fault.EvidenceInvalid},
		"another key":    {token(t, stranger, "bureau", "p-1", later), fault.EvidenceInvalid},
		"another issuer": {token(t, s.issuer, "other", "p-1", later), fault.EvidenceInvalid},
		"ended":          {token(t, s.issuer, "bureau", "p-1", time.Now().Add(-time.Minute)), fault.EvidenceInvalid},
		"a whole family": {token(t, s.issuer, "bureau", "p-*", later), fault.EvidenceInvalid},
	} {
		h := question()
		h.Evidence = test.evidence
		c := f.make(h, class(1, 1), verifiers, forgery{label: func(l *label.Label) { l.Assurance = label.ByToken }})
		err := f.ask(h.ID, c)
		if test.want == "" && err != nil || test.want != "" && fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if reached := app.count(h.ID) == 1; reached != (test.want == "") {
			t.Errorf("%s: reached the application: %t", name, reached)
		}
	}
	// What is not evidence proves nothing: the flow says how a subject may be known.
	h := question()
	c := f.make(h, class(1, 1), verifiers, forgery{label: func(l *label.Label) { l.Assurance = label.ByPassword }})
	if err := f.ask(h.ID, c); fault.CodeOf(err) != fault.LabelDimension {
		t.Errorf("by a way that the flow does not accept: %v", err)
	}
}
