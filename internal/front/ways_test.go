// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// TestWays: all methods of a way must hold, for one and the same subject; the label
// says the strongest of them.
func TestWays(t *testing.T) {
	r := newRig(t)
	own, others := certificate(t), certificate(t)
	b := r.bundle(policy.Limits{}, []label.Assurance{label.ByCertificate, label.ByToken, label.ByAPIKey})
	b.Flows[0].Proofs = [][]label.Assurance{
		{label.ByCertificate, label.ByPassword}, {label.ByToken, label.ByAddress}, {label.ByAPIKey, label.ByAddress}, {label.ByAPIKey, label.ByCertificate},
	}
	r.seal(b, policy.Directory{
		Credentials: []policy.Credential{
			{Subject: "out/user", Method: label.ByPassword, Name: "user", Value: argon("secret")},
			{Subject: "out/user", Method: label.ByCertificate, Value: digest(own.RawSubjectPublicKeyInfo)},
			{Subject: "out/certificate", Method: label.ByCertificate, Value: digest(others.RawSubjectPublicKeyInfo)},
			{Subject: "out/key", Method: label.ByAPIKey, Value: digest([]byte("the key"))},
			{Subject: "out/user", Method: label.ByAPIKey, Value: digest([]byte("key of the user"))},
		},
		Bindings: []policy.Binding{{Subject: "out/key", Addresses: []string{"10.1.0.0/16"}}, {Subject: "out/p-*", Addresses: []string{"2001:db8::/32"}}},
	})
	f, err := r.start(b)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	token := r.token(r.issuer, jwt.SigningMethodEdDSA, "bureau", "p-7", later)
	mine, theirs := []*x509.Certificate{own}, []*x509.Certificate{others}
	for name, test := range map[string]struct {
		given   front.Credentials
		subject string
		proof   string
		by      label.Assurance
		want    fault.Code
	}{
		"certificate and password":    {front.Credentials{Certificates: mine, User: "user", Password: "secret"}, "out/user", "certificate+password", label.ByCertificate, ""},
		"certificate, wrong password": {front.Credentials{Certificates: mine, User: "user", Password: "wrong"}, "", "", "", fault.CredentialInvalid},
		"certificate without":         {front.Credentials{Certificates: mine}, "", "", "", fault.CredentialMissing},
		"password without":            {front.Credentials{User: "user", Password: "secret"}, "", "", "", fault.CredentialMissing},
		"another's certificate":       {front.Credentials{Certificates: theirs, User: "user", Password: "secret"}, "", "", "", fault.CredentialInvalid},
		"user of nobody":              {front.Credentials{Certificates: mine, User: "nobody", Password: "secret"}, "", "", "", fault.CredentialInvalid},
		"no second way":               {front.Credentials{Certificates: mine, User: "user", Password: "wrong", APIKey: "key of the user"}, "", "", "", fault.CredentialInvalid},
		"token at its place":          {front.Credentials{Token: token, Remote: "[2001:db8::7]:1"}, "out/p-7", "token+address", label.ByToken, ""},
		"token from elsewhere":        {front.Credentials{Token: token, Remote: "[2001:db9::7]:1"}, "", "", "", fault.BindingMismatch},
		"key at its place":            {front.Credentials{APIKey: "the key", Remote: "10.1.2.3:1"}, "out/key", "api-key+address", label.ByAPIKey, ""},
		"key from elsewhere":          {front.Credentials{APIKey: "the key", Remote: "10.2.2.3:1"}, "", "", "", fault.BindingMismatch},
		"key that is bound to none":   {front.Credentials{APIKey: "key of the user", Remote: "10.1.2.3:1"}, "", "", "", fault.BindingMismatch},
		"key that nobody has":         {front.Credentials{APIKey: "no key", Remote: "10.1.2.3:1"}, "", "", "", fault.CredentialInvalid},
		"nothing from a known place":  {front.Credentials{Remote: "10.1.2.3:1"}, "", "", "", fault.CredentialMissing},
	} {
		s, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), test.given)
		if test.want != "" {
			if fault.CodeOf(err) != test.want {
				t.Errorf("%s: %+v, %v, want %s", name, s, err, test.want)
			}
			continue
		}
		if err != nil || s.ID != test.subject || s.Proof != test.proof || s.Assurance != test.by || (len(s.Evidence) > 0) != (test.by == label.ByToken) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	// What has a token in it is called a token, so that the other side's front looks at it.
	if err := f.CheckEvidence("f", "out/p-7", label.ByToken, []byte(token)); err != nil {
		t.Error(err)
	}
	if err := f.CheckEvidence("f", "out/p-8", label.ByToken, []byte(token)); fault.CodeOf(err) != fault.EvidenceInvalid {
		t.Errorf("another's token: %v", err)
	}
}
