// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package token makes and checks the bureau's sign-in tokens.
//
// A token is a JWT signed with Ed25519, whose header is {"alg":"EdDSA","typ":"JWT"}
// and whose claims are iss and aud "credit-bureau", sub (the person id), iat and exp,
// and no others. Whoever holds the public key can check it without asking the bureau.
package token

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// Issuer is the iss claim of every token, and the aud claim: the bureau gives tokens
	// for its own interface and for nothing else.
	Issuer = "credit-bureau"
	// Life is how long a token holds.
	Life = 15 * time.Minute
	// MaxLength is the largest token in bytes.
	MaxLength = 512
)

// ErrInvalid says that a token does not hold, for whatever reason.
var ErrInvalid = errors.New("invalid token")

// Keeper issues tokens and checks them.
type Keeper struct {
	key ed25519.PrivateKey
	now func() time.Time
}

// NewKeeper returns a keeper that signs with key and reads the time from now.
func NewKeeper(key ed25519.PrivateKey, now func() time.Time) *Keeper {
	return &Keeper{key: key, now: now}
}

// Issue makes a token for a person and says when it ends.
func (k *Keeper) Issue(person string) (token string, expires time.Time, err error) {
	now := k.now().Truncate(time.Second)
	expires = now.Add(Life)
	claims := jwt.RegisteredClaims{
		Issuer:    Issuer,
		Audience:  jwt.ClaimStrings{Issuer},
		Subject:   person,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(expires),
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(k.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("issue a token: %w", err)
	}
	return token, expires, nil
}

// Person returns whom the token was issued to, or [ErrInvalid].
func (k *Keeper) Person(token string) (string, error) {
	if len(token) > MaxLength {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrInvalid, MaxLength)
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims,
		func(*jwt.Token) (any, error) { return k.key.Public(), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(Issuer),
		jwt.WithAudience(Issuer),
		jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.now),
	)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return claims.Subject, nil
}
