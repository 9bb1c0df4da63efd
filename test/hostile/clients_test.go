// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// readFull reads until the end or until the buffer is full.
func readFull(from io.Reader, b []byte) (int, error) {
	n, err := io.ReadFull(from, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// clients come with wrong and expired identities.
func (r *rig) clients(t *testing.T) {
	t.Run("keys", r.wrongKeys)
	t.Run("tokens", r.wrongTokens)
	t.Run("others", func(t *testing.T) { // who is proven asks for what is not theirs
		person, token := r.person(t)
		other, _ := r.person(t)
		bearer := map[string]string{"Authorization": "Bearer " + token}
		r.wantCode(t, "clients", "another's report", r.get(t, "/reports/"+other+"?purpose=self-inquiry", bearer), fault.PolicyDenied)
		r.wantCode(t, "clients", "another purpose", r.get(t, "/reports/"+person+"?purpose=loan-review", bearer), fault.PolicyDenied)
		r.wantCode(t, "clients", "a token where a key is wanted", r.post(t, "/login", signInBody(r.user(), ""), bearer), fault.CredentialMissing)
		if n := len(r.app.about(person)) + len(r.app.about(other)); n > 0 {
			t.Errorf("%d requests reached the application", n)
		}
	})
	t.Run("twice", func(t *testing.T) { // the same request twice is two requests: a client may ask again
		person, token := r.person(t)
		for range 2 {
			r.get(t, "/reports/"+person+"?purpose=self-inquiry", map[string]string{"Authorization": "Bearer " + token})
		}
		if seen := r.app.about(person); len(seen) != 2 || parcelID.ReplaceAllString(seen[0], "") != parcelID.ReplaceAllString(seen[1], "") {
			t.Errorf("the application saw %q", seen)
		}
	})
}

func (r *rig) wrongKeys(t *testing.T) {
	wrong := []string{
		"wrong", strings.ToUpper(demo.APIKey), demo.APIKey + "x", demo.APIKey[:len(demo.APIKey)-1], demo.APIKey + "," + demo.APIKey, "\"" + demo.APIKey + "\"",
		"a68d51f8538a3017a661e08ed4258336ab3aa17d75b425a76f1a2d341ef8b8d2", // the digest that the policy holds
		strings.Repeat("k", 16<<10), "'; --",
	}
	for _, key := range wrong {
		user := r.user()
		r.wantCode(t, "clients", fmt.Sprintf("key %.30q", key), r.post(t, "/login", signInBody(user, ""), map[string]string{"X-API-Key": key}), fault.CredentialInvalid)
		if len(r.app.about(user)) > 0 {
			t.Errorf("with key %.30q it reached the application", key)
		}
	}
	for _, header := range []map[string]string{
		{}, {"X-API-Key": ""}, {"X-Subject": "internet/portal"}, {"Authorization": "Basic cG9ydGFsOnBvcnRhbA=="}, {"Authorization": "X-API-Key " + demo.APIKey},
		{"Cookie": "X-API-Key=" + demo.APIKey}, {"X-Forwarded-User": "portal"},
	} {
		name := fmt.Sprintf("without a key, with %v", header)
		user := r.user()
		r.wantCode(t, "clients", name, r.post(t, "/login", signInBody(user, ""), maps.Clone(header)), fault.CredentialMissing)
		if len(r.app.about(user)) > 0 {
			t.Errorf("%s it reached the application", name)
		}
	}
}

func (r *rig) wrongTokens(t *testing.T) {
	person, good := r.person(t)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := []byte(r.issuer.Public().(ed25519.PublicKey))
	with := func(name string, value any) jwt.MapClaims {
		c := claims(person)
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	eddsa := func(c jwt.MapClaims) string { return r.token(t, jwt.SigningMethodEdDSA, r.issuer, c) }
	part := strings.Split(good, ".")
	headed := func(header string) string { return r.headed(t, header, claims(person)) }
	now := time.Now()
	tokens := map[string]string{
		"expired": eddsa(with("exp", now.Add(-time.Minute).Unix())), "expired long ago": eddsa(with("exp", 1)), "without an end": eddsa(with("exp", nil)),
		"an end that is text": eddsa(with("exp", "never")), "an end beyond all numbers": eddsa(with("exp", 1e300)), "a negative end": eddsa(with("exp", -1)),
		"not valid yet":    eddsa(with("nbf", now.Add(time.Hour).Unix())),
		"another audience": eddsa(with("aud", "somebody")), "no audience": eddsa(with("aud", nil)), "another issuer": eddsa(with("iss", "somebody")), "no issuer": eddsa(with("iss", nil)),
		"no subject": eddsa(with("sub", nil)), "a subject with a zone": eddsa(with("sub", "intranet/front-intranet")), "every subject": eddsa(with("sub", "person-*")), "a subject that is a list": eddsa(with("sub", []string{person})),
		"a stranger's key": r.token(t, jwt.SigningMethodEdDSA, stranger, claims(person)),
		"alg none":         r.token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(person)), "alg None": headed(`{"alg":"None","typ":"JWT"}`), "alg missing": headed(`{"typ":"JWT"}`),
		"HS256 by the public key": r.token(t, jwt.SigningMethodHS256, public, claims(person)), "HS512 by the public key": r.token(t, jwt.SigningMethodHS512, public, claims(person)),
		"alg in small letters": headed(`{"alg":"eddsa","typ":"JWT"}`), "no signature": part[0] + "." + part[1] + ".", "signature of another": part[0] + "." + part[1] + "." + strings.Repeat("A", 86),
		"payload changed": part[0] + "." + encode(strings.Replace(decode(t, part[1]), person, "person-000001", 1)) + "." + part[2],
		"cut off":         good[:len(good)-4], "two parts": part[0] + "." + part[1], "four parts": good + ".x", "no parts": "token", "dots": "..", "spaces inside": strings.Replace(good, ".", " .", 1),
		"padded": good + "==", "other base64": strings.ReplaceAll(strings.ReplaceAll(good, "-", "+"), "_", "/") + "+/", "not base64": "!" + good[1:], "6 kB": eddsa(with("pad", strings.Repeat("a", 4_500))) + "x", "9 kB": eddsa(with("pad", strings.Repeat("a", 7_000))),
		"claims twice": r.signed(t, `{"alg":"EdDSA"}`, `{"iss":"credit-bureau","aud":"credit-bureau","sub":"`+person+`","exp":1,"exp":"x"}`), "claims that are a list": r.signed(t, `{"alg":"EdDSA"}`, `[]`),
	}
	for name, token := range tokens {
		r.wantCode(t, "clients", "token: "+name, r.get(t, "/reports/"+person+"?purpose=self-inquiry", map[string]string{"Authorization": "Bearer " + token}), fault.EvidenceInvalid)
	}
	for name, field := range map[string]string{"none": "", "no scheme": good, "another scheme": "Basic " + good, "no token": "Bearer", "an empty token": "Bearer "} {
		r.wantCode(t, "clients", "token: "+name, r.get(t, "/reports/"+person+"?purpose=self-inquiry", map[string]string{"Authorization": field}), fault.CredentialMissing)
	}
	if seen := r.app.about(person); len(seen) > 0 {
		t.Errorf("%d requests reached the application: %q", len(seen), seen)
	}
	r.kidTricks(t)
}

// kidTricks name other keys beside a good signature: nobody looks there.
func (r *rig) kidTricks(t *testing.T) {
	for _, header := range []string{
		`{"alg":"EdDSA","kid":"../../../dev/null"}`, `{"alg":"EdDSA","kid":"x' UNION SELECT 'k"}`, `{"alg":"EdDSA","jku":"http://127.0.0.1:1/keys"}`,
		`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}`, `{"alg":"EdDSA","x5u":"http://127.0.0.1:1/"}`, `{"alg":"EdDSA","crit":["x"],"x":1}`, `{"alg":"EdDSA","b64":false}`,
	} {
		person, _ := r.person(t)
		_, stranger, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		forged := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(person))
		text := encode(header) + "." + strings.Split(mustString(t, forged.SigningString), ".")[1]
		text += "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(stranger, []byte(text)))
		r.wantCode(t, "clients", "token: stranger's, with head "+header, r.get(t, "/reports/"+person+"?purpose=self-inquiry", map[string]string{"Authorization": "Bearer " + text}), fault.EvidenceInvalid)
		if len(r.app.about(person)) > 0 {
			t.Errorf("%s: it reached the application", header)
		}
	}
}

// headed is a token that the issuer signed under another head.
func (r *rig) headed(t *testing.T, header string, c jwt.MapClaims) string {
	t.Helper()
	text := mustString(t, jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SigningString)
	return r.signed(t, header, decode(t, strings.Split(text, ".")[1]))
}

func (r *rig) signed(t *testing.T, header, payload string) string {
	t.Helper()
	text := encode(header) + "." + encode(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(r.issuer, []byte(text)))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decode(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustString(t *testing.T, make func() (string, error)) string {
	t.Helper()
	text, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
