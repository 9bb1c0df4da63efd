// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

const (
	maxToken      = 8 << 10 // bytes of a token
	maxRemembered = 2 << 10 // bytes of a token whose claims are remembered
	generation    = 2 << 10 // tokens; at most twice as many are remembered
)

// tokens verifies tokens (JWT, RFC 7519, with EdDSA only) and remembers the claims of
// those whose signature held: a client sends the same one again and again, and the
// signature is most of the work. All that time, audience and policy decide is looked at
// anew each time. What this process has not verified itself is never in here.
type tokens struct {
	mu     sync.Mutex
	recent map[signed]*jwt.RegisteredClaims
	older  map[signed]*jwt.RegisteredClaims // the generation before
}

// signed is the digest of an issuer's key and a token that it has signed.
type signed [sha256.Size]byte

func newTokens() *tokens { return &tokens{recent: map[signed]*jwt.RegisteredClaims{}} }

// subject verifies a token of an issuer and gives its subject's name.
func (t *tokens) subject(issuer *policy.Issuer, token string, now func() time.Time) (string, error) {
	if len(token) > maxToken {
		return "", fault.New(fault.EvidenceInvalid, "a token of %d bytes", len(token))
	}
	claims, err := t.claims(issuer, token)
	if err != nil {
		return "", fault.Wrap(fault.EvidenceInvalid, err, "token")
	}
	rules := []jwt.ParserOption{
		jwt.WithIssuer(issuer.Name), jwt.WithExpirationRequired(), jwt.WithTimeFunc(now), jwt.WithLeeway(5 * time.Second),
	}
	if issuer.Audience != "" {
		rules = append(rules, jwt.WithAudience(issuer.Audience))
	}
	if err := jwt.NewValidator(rules...).Validate(claims); err != nil {
		return "", fault.Wrap(fault.EvidenceInvalid, err, "token")
	}
	if issuer.Audience == "" && len(claims.Audience) > 0 {
		return "", fault.New(fault.EvidenceInvalid, "a token for %.64q, and issuer %q has no audience here", claims.Audience, issuer.Name)
	}
	if name := claims.Subject; name != "" && !strings.ContainsAny(name, "/*") {
		return name, nil
	}
	return "", fault.New(fault.EvidenceInvalid, "a token without a proper subject")
}

// claims are those of a token whose signature by the issuer's key holds. Nobody
// changes them.
func (t *tokens) claims(issuer *policy.Issuer, token string) (*jwt.RegisteredClaims, error) {
	of := signed(sha256.Sum256(append(append(make([]byte, 0, maxRemembered), issuer.Key...), token...)))
	if c := t.known(of); c != nil {
		return c, nil
	}
	var c jwt.RegisteredClaims
	// What the claims say is looked at by the caller, each time.
	p := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithoutClaimsValidation())
	if _, err := p.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return issuer.Key, nil }); err != nil {
		return nil, err
	}
	if len(token) <= maxRemembered {
		t.remember(of, &c)
	}
	return &c, nil
}

// known are the claims of a token that was verified before, else nil. Who is asked for
// stays for another generation.
func (t *tokens) known(of signed) *jwt.RegisteredClaims {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.recent[of]; c != nil {
		return c
	}
	c := t.older[of]
	if c != nil {
		t.put(of, c)
	}
	return c
}

func (t *tokens) remember(of signed, c *jwt.RegisteredClaims) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(of, c)
}

func (t *tokens) put(of signed, c *jwt.RegisteredClaims) {
	if len(t.recent) >= generation {
		t.older, t.recent = t.recent, make(map[signed]*jwt.RegisteredClaims, generation)
	}
	t.recent[of] = c
}
