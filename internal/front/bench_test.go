// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// BenchmarkAuthenticate is what establishing a subject costs each request.
func BenchmarkAuthenticate(b *testing.B) {
	r := newRig(b)
	own := certificate(b)
	f, err := r.start(r.bundle(policy.Limits{}, []label.Assurance{label.ByCertificate, label.ByToken, label.ByAPIKey},
		policy.Credential{Subject: "out/key", Method: label.ByAPIKey, Value: digest([]byte("the key"))},
		policy.Credential{Subject: "out/certificate", Method: label.ByCertificate, Value: digest(own.RawSubjectPublicKeyInfo)},
	))
	if err != nil {
		b.Fatal(err)
	}
	flow := f.Policy().Flow("f")
	token := r.token(r.issuer, jwt.SigningMethodEdDSA, "bureau", "p-7", time.Now().Add(time.Hour))
	for name, c := range map[string]front.Credentials{
		"api-key": {APIKey: "the key"}, "certificate": {Certificates: []*x509.Certificate{own}}, "token": {Token: token},
	} {
		c.Remote = "10.1.2.3:4567"
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Authenticate(b.Context(), flow, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
