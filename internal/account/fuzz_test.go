// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store/storetest"
)

func FuzzKept(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=8192,t=1,p=1$$")
	f.Add("$argon2i$v=19$m=4294967295,t=4294967295,p=255$AA$AA")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := parseKept(s)
		if err == nil && (k.String() != s || k.memory > 256<<10 || k.passes > 10) {
			t.Errorf("%q is read as %q", s, k.String())
		}
	})
}

func FuzzApproverKey(f *testing.F) {
	f.Add(strings.Repeat("0a", 32))
	f.Add("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := parseApproverKey(s)
		if err != nil && problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%q: %v", s, err)
		}
		if again, err2 := parseApproverKey(key); err == nil && (err2 != nil || again != key) {
			t.Errorf("%q is read as %q, and that not at all: %v", s, key, err2)
		}
	})
}

// FuzzPasskeyAnswer gives what browsers answer to the decoders of the library, which are
// the first to see it.
func FuzzPasskeyAnswer(f *testing.F) {
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA"}}`))
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = protocol.ParseCredentialRequestResponseBytes(b)
		_, _ = protocol.ParseCredentialCreationResponseBytes(b)
	})
}

// FuzzSecrets shows things that nobody was given.
func FuzzSecrets(f *testing.F) {
	a, err := Open(storetest.SQLite(f), Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add(sessionPrefix + strings.Repeat("A", 43))
	f.Add(tokenPrefix + strings.Repeat("A", 43))
	f.Add(linkPrefix + strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, secret string) {
		if _, err := a.Identify(context.Background(), secret, ""); problem.CodeOf(err) != problem.SignedOut {
			t.Errorf("%q identifies somebody, or fails: %v", secret, err)
		}
		if _, err := a.LookAtLink(context.Background(), secret); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("%q is a link, or fails: %v", secret, err)
		}
	})
}

func FuzzRules(f *testing.F) {
	text, err := json.Marshal(DefaultRules())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, "Ferry-Across-1", "sys")
	f.Fuzz(func(t *testing.T, text []byte, password, name string) {
		var r Rules
		if json.Unmarshal(text, &r) != nil || r.Check() != nil {
			return
		}
		if r.fits(password, name) == nil && (len(password) < 8 || len(password) > MaxPassword) {
			t.Errorf("%q fits %+v", password, r)
		}
	})
}
