// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/test/golden"
)

// vectorFile is what the console's own signing is held against: it signs in the browser,
// and must make the very bytes that are made here.
const vectorFile = "../../web/src/signing/testdata/vector.json"

// vector is one key, one document of each kind that is signed, and the signatures.
type vector struct {
	Private     string    `json:"private"`
	Public      string    `json:"public"`
	Fingerprint string    `json:"fingerprint"`
	Bundle      signature `json:"bundle"`
	Return      signature `json:"return"`
}

type signature struct {
	Version  uint64 `json:"version"`
	Document []byte `json:"document"` // without signatures, as the center gives it
	Digest   string `json:"digest"`
	COSE     []byte `json:"cose"`
}

func TestVector(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x5d}, ed25519.SeedSize)) // of nobody
	v := vector{
		Private: pemOf(t, "PRIVATE KEY", key), Public: pemOf(t, "PUBLIC KEY", key.Public()),
		Fingerprint: envelope.IDOf(key.Public().(ed25519.PublicKey)).String(),
		Bundle:      signed(t, 41, key), Return: signed(t, 1<<60, key), // more than a JavaScript number holds
	}
	golden.HoldJSON(t, vectorFile, v)
}

func pemOf(t *testing.T, kind string, key any) string {
	t.Helper()
	marshal := x509.MarshalPKIXPublicKey
	if kind == "PRIVATE KEY" {
		marshal = x509.MarshalPKCS8PrivateKey
	}
	der, err := marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// signed is a document with the field that is looked at before it is signed.
func signed(t *testing.T, version uint64, key ed25519.PrivateKey) signature {
	t.Helper()
	s := &envelope.Signed{Payload: canon.Must(map[string]any{"Format": uint64(1), "Version": version, "Guard": "渡口", "Created": int64(1763800000000), "Sealed": [][]byte{bytes.Repeat([]byte{7}, 300)}})}
	out := signature{Version: version, Document: s.Encode()}
	digest := s.Digest()
	out.Digest = hex.EncodeToString(digest[:])
	if err := s.Sign(envelope.Bundle, key); err != nil {
		t.Fatal(err)
	}
	out.COSE = s.Signatures[0].COSE
	return out
}
