// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/veraison/go-cose"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
)

func newKey(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func seal(t testing.TB, kind envelope.Type, keys ...ed25519.PrivateKey) *envelope.Signed {
	t.Helper()
	s, err := envelope.Seal(kind, "the payload", keys...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := envelope.Decode(s.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestQuorum(t *testing.T) {
	a, aKey := newKey(t)
	b, bKey := newKey(t)
	c, _ := newKey(t)
	stranger, strangerKey := newKey(t)
	all := []ed25519.PublicKey{a, b, c}
	for name, test := range map[string]struct {
		by     []ed25519.PrivateKey
		keys   []ed25519.PublicKey
		quorum int
		ok     bool
	}{
		"nobody":                        {nil, all, 1, false},
		"one of one":                    {[]ed25519.PrivateKey{aKey}, all, 1, true},
		"one of two":                    {[]ed25519.PrivateKey{aKey}, all, 2, false},
		"two of two":                    {[]ed25519.PrivateKey{bKey, aKey}, all, 2, true},
		"one signs twice":               {[]ed25519.PrivateKey{aKey, aKey}, all, 2, false},
		"a key that is pinned twice":    {[]ed25519.PrivateKey{aKey}, []ed25519.PublicKey{a, a}, 2, false},
		"a stranger":                    {[]ed25519.PrivateKey{strangerKey}, all, 1, false},
		"a stranger beside one":         {[]ed25519.PrivateKey{strangerKey, aKey}, all, 2, false},
		"a quorum of none":              {[]ed25519.PrivateKey{aKey}, all, 0, false},
		"a pinned key that is no key":   {[]ed25519.PrivateKey{aKey}, []ed25519.PublicKey{{1, 2, 3}, nil}, 1, false},
		"a stranger pinned by no one":   {[]ed25519.PrivateKey{strangerKey}, nil, 1, false},
		"a stranger pinned as approver": {[]ed25519.PrivateKey{strangerKey}, []ed25519.PublicKey{stranger}, 1, true},
	} {
		var got string
		err := seal(t, envelope.Bundle, test.by...).Open(envelope.Bundle, test.quorum, test.keys, &got)
		if (err == nil) != test.ok || test.ok && got != "the payload" {
			t.Errorf("%s: %v", name, err)
		}
		if !test.ok && test.quorum > 0 && !errors.Is(err, envelope.ErrUnsigned) {
			t.Errorf("%s: %v, want ErrUnsigned", name, err)
		}
	}
}

// TestCopiedSignature: the same signature under other names counts for nobody else.
func TestCopiedSignature(t *testing.T) {
	a, aKey := newKey(t)
	b, _ := newKey(t)
	s := seal(t, envelope.Bundle, aKey)
	s.Signatures = append(s.Signatures, s.Signatures[0], envelope.Signature{Key: envelope.IDOf(b), COSE: s.Signatures[0].COSE})
	if n := len(s.Signers(envelope.Bundle, []ed25519.PublicKey{a, b})); n != 1 {
		t.Errorf("%d signers", n)
	}
}

// TestOnly: who hands a document on can put nothing beside what was signed.
func TestOnly(t *testing.T) {
	a, aKey := newKey(t)
	b, bKey := newKey(t)
	_, strangerKey := newKey(t)
	keys := []ed25519.PublicKey{a, b}
	clean := seal(t, envelope.Bundle, aKey, bKey)
	stuffed := seal(t, envelope.Bundle, strangerKey, bKey, aKey)
	for i := range stuffed.Signatures {
		var m cose.Sign1Message
		if err := m.UnmarshalCBOR(stuffed.Signatures[i].COSE); err != nil {
			t.Fatal(err)
		}
		m.Headers.Unprotected["secret"] = "message"
		var err error
		if stuffed.Signatures[i].COSE, err = m.MarshalCBOR(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(stuffed.Signers(envelope.Bundle, keys)); n != 2 {
		t.Fatalf("%d signatures hold", n)
	}
	got, err := stuffed.Only(envelope.Bundle, keys)
	if err != nil || !bytes.Equal(got.Encode(), clean.Encode()) {
		t.Errorf("%x, want %x: %v", got.Encode(), clean.Encode(), err)
	}
	if got, err := stuffed.Only(envelope.Lease, keys); err != nil || len(got.Signatures) != 0 {
		t.Errorf("of another type: %d signatures, %v", len(got.Signatures), err)
	}
}

func TestBoundToTypeAndPayload(t *testing.T) {
	a, aKey := newKey(t)
	pinned := []ed25519.PublicKey{a}
	types := []envelope.Type{envelope.Bundle, envelope.Request, envelope.Admission, envelope.Lease, envelope.Time}
	for _, made := range types {
		for _, taken := range types {
			if n := len(seal(t, made, aKey).Signers(taken, pinned)); (n == 1) != (made == taken) {
				t.Errorf("%q passes for %q: %d", made, taken, n)
			}
		}
	}
	s := seal(t, envelope.Bundle, aKey)
	digest := s.Digest()
	s.Payload = canon.Must("another payload")
	if len(s.Signers(envelope.Bundle, pinned)) != 0 || s.Digest() == digest {
		t.Error("another payload under the signature")
	}
}

// TestAttachedPayload: a signature that brings its own payload says nothing about ours.
func TestAttachedPayload(t *testing.T) {
	a, aKey := newKey(t)
	s := seal(t, envelope.Bundle, aKey)
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, aKey)
	if err != nil {
		t.Fatal(err)
	}
	m := cose.NewSign1Message()
	m.Headers.Protected.SetAlgorithm(cose.AlgorithmEdDSA)
	m.Payload = s.Payload
	if err := m.Sign(rand.Reader, []byte(envelope.Bundle), signer); err != nil {
		t.Fatal(err)
	}
	if s.Signatures[0].COSE, err = m.MarshalCBOR(); err != nil {
		t.Fatal(err)
	}
	if len(s.Signers(envelope.Bundle, []ed25519.PublicKey{a})) != 0 {
		t.Error("an attached payload is taken")
	}
}

func TestEveryBit(t *testing.T) {
	a, aKey := newKey(t)
	good := seal(t, envelope.Bundle, aKey).Encode()
	for i := range len(good) * 8 {
		data := bytes.Clone(good)
		data[i/8] ^= 1 << (i % 8)
		s, err := envelope.Decode(data)
		if err != nil {
			continue
		}
		if len(s.Signers(envelope.Bundle, []ed25519.PublicKey{a})) != 0 {
			t.Fatalf("bit %d changes nothing", i)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	_, key := newKey(t)
	s := seal(t, envelope.Bundle, key)
	many := *s
	for len(many.Signatures) <= 16 {
		many.Signatures = append(many.Signatures, s.Signatures[0])
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "cut": s.Encode()[:40], "byte behind": append(s.Encode(), 0), "too long": make([]byte, envelope.MaxSize+1),
		"too many signatures": many.Encode(),
	} {
		if _, err := envelope.Decode(data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	public, key := newKey(f)
	f.Add(seal(f, envelope.Bundle, key).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := envelope.Decode(data)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Encode(), data) {
			t.Fatal("does not encode to itself")
		}
		s.Signers(envelope.Bundle, []ed25519.PublicKey{public})
	})
}
