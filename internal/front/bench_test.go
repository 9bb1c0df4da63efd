// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/neighbour/neighbourtest"
	"dukou.dev/dukou/internal/policy"
)

// BenchmarkAuthenticateBound is the same for subjects that are bound: one to addresses
// and a network card, one to an address alone.
func BenchmarkAuthenticateBound(b *testing.B) {
	r, lab := newRig(b), neighbourtest.New(b)
	if err := lab.Do(func() (err error) {
		r.neighbours, err = neighbour.Open()
		return err
	}); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.neighbours.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}()
	lab.Permanent(b, "10.9.0.2", cardOne)
	lab.Permanent(b, "10.9.0.3", cardTwo)
	f, err := r.start(r.boundBundle())
	if err != nil {
		b.Fatal(err)
	}
	flow := f.Policy().Flow("f")
	for name, c := range map[string]front.Credentials{
		"card": {APIKey: "the key", Remote: "10.9.0.2:1"}, "address": {Remote: "10.9.0.3:1"},
	} {
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
