// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func keeper(t *testing.T, now *time.Time) *Keeper {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := WriteKeys(path, path+".pub"); err != nil {
		t.Fatal(err)
	}
	key, err := ReadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return NewKeeper(key, func() time.Time { return *now })
}

func TestTokenHasExactlyTheNamedParts(t *testing.T) {
	now := time.Unix(1_800_000_000, 5)
	k := keeper(t, &now)
	tok, expires, err := k.Issue("person-000123")
	if err != nil {
		t.Fatal(err)
	}
	if len(tok) > MaxLength || expires.Unix() != 1_800_000_900 {
		t.Errorf("length %d, expires %d", len(tok), expires.Unix())
	}
	parts := strings.Split(tok, ".")
	want := []string{
		`{"alg":"EdDSA","typ":"JWT"}`,
		`{"iss":"credit-bureau","sub":"person-000123","aud":["credit-bureau"],"exp":1800000900,"iat":1800000000}`,
	}
	for i, w := range want {
		got, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || !bytes.Equal(got, []byte(w)) {
			t.Errorf("part %d is %s (%v), want %s", i, got, err, w)
		}
	}
	if sub, err := k.Person(tok); err != nil || sub != "person-000123" {
		t.Errorf("Person = %q, %v", sub, err)
	}
}

func TestTokensThatDoNotHold(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	k, stranger := keeper(t, &now), keeper(t, &now)
	good, _, _ := k.Issue("person-000001")
	foreign, _, _ := stranger.Issue("person-000001")
	sign := func(m jwt.SigningMethod, key any, c jwt.Claims) string {
		s, err := jwt.NewWithClaims(m, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(now.Add(d)) }
	parts, own := strings.Split(good, "."), jwt.ClaimStrings{Issuer}
	cases := map[string]string{
		"empty":          "",
		"not a token":    "a.b.c",
		"other key":      foreign,
		"no signature":   parts[0] + "." + parts[1] + ".",
		"alg none":       sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.RegisteredClaims{Issuer: Issuer, Audience: own, ExpiresAt: at(time.Minute)}),
		"hmac of public": sign(jwt.SigningMethodHS256, []byte(k.key.Public().(ed25519.PublicKey)), jwt.RegisteredClaims{Issuer: Issuer, Audience: own, ExpiresAt: at(time.Minute)}),
		"other issuer":   sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: "x", Audience: own, ExpiresAt: at(time.Minute)}),
		"no end":         sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: Issuer, Audience: own}),
		"over":           sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: Issuer, Audience: own, ExpiresAt: at(-time.Second)}),
		"from later":     sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: Issuer, Audience: own, IssuedAt: at(time.Minute), ExpiresAt: at(time.Hour)}),
		"for nobody":     sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: Issuer, ExpiresAt: at(time.Minute)}),
		"for another":    sign(jwt.SigningMethodEdDSA, k.key, jwt.RegisteredClaims{Issuer: Issuer, Audience: jwt.ClaimStrings{"x"}, ExpiresAt: at(time.Minute)}),
		"too long":       good + strings.Repeat("A", MaxLength),
	}
	for name, tok := range cases {
		if sub, err := k.Person(tok); !errors.Is(err, ErrInvalid) || sub != "" {
			t.Errorf("%s: %q, %v", name, sub, err)
		}
	}
	now = now.Add(Life)
	if _, err := k.Person(good); !errors.Is(err, ErrInvalid) {
		t.Errorf("after its life: %v", err)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	private, public := filepath.Join(dir, "k"), filepath.Join(dir, "k.pub")
	if err := WriteKeys(private, public); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("private key: %v, %v", info.Mode(), err)
	}
	key, err := ReadKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		t.Fatalf("public key is not one PEM block: %s", text)
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !key.Public().(ed25519.PublicKey).Equal(pub) {
		t.Errorf("public key does not match: %v", err)
	}
	if err := WriteKeys(private, filepath.Join(dir, "other")); !errors.Is(err, os.ErrExist) {
		t.Errorf("an existing key was not kept: %v", err)
	}
	if _, err := ReadKey(public); err == nil {
		t.Error("a public key was taken for a private one")
	}
}

// FuzzPerson checks that no text but a signed one is a token.
func FuzzPerson(f *testing.F) {
	_, key, _ := ed25519.GenerateKey(bytes.NewReader(make([]byte, 64)))
	k := NewKeeper(key, func() time.Time { return time.Unix(1_800_000_000, 0) })
	good, _, err := k.Issue("person-000001")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("a.b.c")
	f.Add(good[:len(good)-2])
	f.Fuzz(func(t *testing.T, tok string) {
		sub, err := k.Person(tok)
		if err == nil && tok != good {
			t.Errorf("taken for %q: %q", sub, tok)
		}
		if err != nil && !json.Valid([]byte(`"`+sub+`"`)) {
			t.Errorf("a refused token has a person: %q", sub)
		}
	})
}
