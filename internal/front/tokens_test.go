// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/policy"
)

// signToken is a token of an issuer that holds from one hour to the next.
func signToken(t testing.TB, key ed25519.PrivateKey, subject string, from time.Time, audience ...string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.RegisteredClaims{
		Issuer: "bureau", Subject: subject, Audience: audience,
		NotBefore: jwt.NewNumericDate(from), ExpiresAt: jwt.NewNumericDate(from.Add(time.Hour)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRememberedToken: a token that was verified before is held to its times, its
// audience and its issuer's key again at each use.
func TestRememberedToken(t *testing.T) {
	public, key := newKey(t)
	other, _ := newKey(t)
	start := time.Unix(1_800_000_000, 0)
	token := signToken(t, key, "p-7", start, "here")
	issuer := policy.Issuer{Name: "bureau", Key: public, Audience: "here"}
	renewed, elsewhere, nobody, renamed := issuer, issuer, issuer, issuer
	renewed.Key, elsewhere.Audience, nobody.Audience, renamed.Name = other, "there", "", "office"
	tokens := front.NewTokens()
	for i, step := range []struct {
		issuer policy.Issuer
		after  time.Duration // of the start
		token  string
		want   fault.Code // empty for the subject
		kept   int        // in memory, then
	}{
		{issuer, -time.Minute, token, fault.EvidenceInvalid, 1}, // too early, though well signed
		{renewed, 0, token, fault.EvidenceInvalid, 1},
		{issuer, 0, token[:len(token)-8] + "AAAAAAAA", fault.EvidenceInvalid, 1},
		{issuer, 0, token, "", 1},
		{issuer, time.Minute, token, "", 1},
		{issuer, 0, token[:len(token)-8] + "AAAAAAAA", fault.EvidenceInvalid, 1},
		{renewed, time.Minute, token, fault.EvidenceInvalid, 1},
		{elsewhere, time.Minute, token, fault.EvidenceInvalid, 1},
		{nobody, time.Minute, token, fault.EvidenceInvalid, 1},
		{renamed, time.Minute, token, fault.EvidenceInvalid, 1},
		{issuer, time.Hour + time.Minute, token, fault.EvidenceInvalid, 1},
		{issuer, -time.Minute, token, fault.EvidenceInvalid, 1},
		{issuer, time.Minute, token, "", 1},
		{issuer, time.Minute, signToken(t, key, "a/b", start, "here"), fault.EvidenceInvalid, 2},
		{issuer, time.Minute, signToken(t, key, strings.Repeat("n", 2<<10), start, "here"), "", 2}, // too long to be kept
	} {
		name, err := tokens.Subject(&step.issuer, step.token, func() time.Time { return start.Add(step.after) })
		if fault.CodeOf(err) != step.want && !(err == nil && step.want == "") {
			t.Errorf("step %d: %q, %v, want %q", i, name, err, step.want)
		}
		if got := tokens.Kept(); got != step.kept {
			t.Errorf("step %d: %d tokens are kept, want %d", i, got, step.kept)
		}
	}
}

// TestTokensBounded: no more tokens are remembered than the bound says, those in use
// stay, and many may ask at once.
func TestTokensBounded(t *testing.T) {
	public, key := newKey(t)
	start := time.Unix(1_800_000_000, 0)
	issuer := policy.Issuer{Name: "bureau", Key: public}
	tokens := front.NewTokens()
	now := func() time.Time { return start }
	own := signToken(t, key, "p-own", start)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range front.Generation * 3 / 8 {
				want := fmt.Sprintf("p-%d-%d", worker, i)
				name, err := tokens.Subject(&issuer, signToken(t, key, want, start), now)
				if err != nil || name != want {
					t.Errorf("%q, %v, want %q", name, err, want)
				}
				if name, err = tokens.Subject(&issuer, own, now); err != nil || name != "p-own" {
					t.Errorf("%q, %v, want p-own", name, err)
				}
			}
		})
	}
	all.Wait()
	if got := tokens.Kept(); got > 2*front.Generation || got <= front.Generation {
		t.Errorf("%d tokens are kept, the bound is %d", got, 2*front.Generation)
	}
	if !tokens.Knows(&issuer, own) {
		t.Error("a token that is used all the time was forgotten")
	}
}
