// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package envelope is a document with public signatures: a payload in canonical
// CBOR and one detached COSE_Sign1 (RFC 9052, EdDSA) for each signer. What kind of
// document it is enters every signature, so that none can pass for another.
package envelope

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/veraison/go-cose"

	"dukou.dev/dukou/internal/canon"
)

// Type names a kind of document.
type Type string

// The kinds of documents.
const (
	Bundle    Type = "dukou bundle 1"
	Request   Type = "dukou enrolment request 1"
	Admission Type = "dukou admission 1"
	Lease     Type = "dukou lease 1"
	Time      Type = "dukou time 1"
	Manifest  Type = "dukou manifest 1"
	Release   Type = "dukou release 1"
)

// MaxSize bounds a document, in bytes.
const MaxSize = 16 << 20

const maxSignatures = 16

// Signed is a document and its signatures.
type Signed struct {
	_          struct{} `cbor:",toarray"`
	Payload    []byte
	Signatures []Signature
}

// Signature is one detached COSE_Sign1 by the key with this fingerprint.
type Signature struct {
	_    struct{} `cbor:",toarray"`
	Key  KeyID
	COSE []byte
}

// KeyID is SHA-256 of an Ed25519 public key.
type KeyID [32]byte

// IDOf is the fingerprint of a public key.
func IDOf(key ed25519.PublicKey) KeyID { return sha256.Sum256(key) }

// String is the fingerprint in hexadecimal.
func (k KeyID) String() string { return hex.EncodeToString(k[:]) }

// ErrUnsigned says that too few of the keys signed a document.
var ErrUnsigned = errors.New("not signed by enough of the keys")

// Seal makes a document of v with the signatures of keys (none is allowed: a draft).
func Seal(t Type, v any, keys ...ed25519.PrivateKey) (*Signed, error) {
	payload, err := canon.Marshal(v)
	if err != nil {
		return nil, err
	}
	s := &Signed{Payload: payload}
	for _, key := range keys {
		if err := s.Sign(t, key); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Sign adds a signature; a key that signed before replaces its own.
func (s *Signed) Sign(t Type, key ed25519.PrivateKey) error {
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, key)
	if err != nil {
		return fmt.Errorf("sign %s: %w", t, err)
	}
	m := cose.NewSign1Message()
	m.Headers.Protected.SetAlgorithm(cose.AlgorithmEdDSA)
	m.Payload = s.Payload
	if err := m.Sign(rand.Reader, []byte(t), signer); err != nil {
		return fmt.Errorf("sign %s: %w", t, err)
	}
	m.Payload = nil // detached: the payload travels once
	b, err := m.MarshalCBOR()
	if err != nil {
		return fmt.Errorf("sign %s: %w", t, err)
	}
	id := IDOf(key.Public().(ed25519.PublicKey))
	for i := range s.Signatures {
		if s.Signatures[i].Key == id {
			s.Signatures[i].COSE = b
			return nil
		}
	}
	s.Signatures = append(s.Signatures, Signature{Key: id, COSE: b})
	return nil
}

// Digest is what approvers compare: SHA-256 of the payload.
func (s *Signed) Digest() [32]byte { return sha256.Sum256(s.Payload) }

// Encode gives the document's bytes.
func (s *Signed) Encode() []byte { return canon.Must(s) }

// Decode reads a document without looking at its signatures.
func Decode(data []byte) (*Signed, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("document of %d bytes, at most %d", len(data), MaxSize)
	}
	var s Signed
	if err := canon.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if len(s.Signatures) > maxSignatures {
		return nil, fmt.Errorf("%d signatures, at most %d", len(s.Signatures), maxSignatures)
	}
	return &s, nil
}

// Signers are those of the keys whose valid signatures the document bears, each once.
func (s *Signed) Signers(t Type, keys []ed25519.PublicKey) []ed25519.PublicKey {
	var valid []ed25519.PublicKey
	for i, key := range keys {
		twice := slices.ContainsFunc(keys[:i], func(k ed25519.PublicKey) bool { return bytes.Equal(k, key) })
		if !twice && s.signedBy(t, key) {
			valid = append(valid, key)
		}
	}
	return valid
}

// Only is the same document with the valid signatures of the keys in their order, each in
// the form that Sign makes, and nothing else: what is around a signature, and those of
// others, anyone can change.
func (s *Signed) Only(t Type, keys []ed25519.PublicKey) (*Signed, error) {
	only := &Signed{Payload: s.Payload}
	for _, key := range s.Signers(t, keys) {
		m := cose.NewSign1Message()
		m.Headers.Protected.SetAlgorithm(cose.AlgorithmEdDSA)
		m.Signature = s.signature(t, key)
		b, err := m.MarshalCBOR()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		only.Signatures = append(only.Signatures, Signature{Key: IDOf(key), COSE: b})
	}
	return only, nil
}

func (s *Signed) signedBy(t Type, key ed25519.PublicKey) bool { return s.signature(t, key) != nil }

// signature is the valid one of a key, nil for none.
func (s *Signed) signature(t Type, key ed25519.PublicKey) []byte {
	if len(key) != ed25519.PublicKeySize {
		return nil // ed25519 would panic
	}
	verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, key)
	if err != nil {
		return nil
	}
	id := IDOf(key)
	for _, sig := range s.Signatures {
		var m cose.Sign1Message
		if sig.Key != id || m.UnmarshalCBOR(sig.COSE) != nil || len(m.Payload) != 0 {
			continue
		}
		m.Payload = s.Payload
		if m.Verify([]byte(t), verifier) == nil {
			return m.Signature
		}
	}
	return nil
}

// Open verifies that at least quorum of the distinct keys signed and decodes the payload into v.
func (s *Signed) Open(t Type, quorum int, keys []ed25519.PublicKey, v any) error {
	if quorum < 1 {
		return fmt.Errorf("%s: a quorum of %d", t, quorum)
	}
	if n := len(s.Signers(t, keys)); n < quorum {
		return fmt.Errorf("%s: %w: %d of %d needed", t, ErrUnsigned, n, quorum)
	}
	if err := canon.Unmarshal(s.Payload, v); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	return nil
}
