// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Kinds of note signature.
const (
	algEd25519     = 1 // of a log, by the note package's own rules
	algCosignature = 4 // of a witness, C2SP tlog-cosignature v1
)

// Signer signs checkpoints, and can check its own signatures. The key may be in another process.
type Signer interface {
	note.Signer
	note.Verifier
}

// Origin is the name of the log of a component.
func Origin(component string) string { return "dukou/" + component }

// NewSigner returns a signer of checkpoints of the log origin.
func NewSigner(origin string, key ed25519.PrivateKey) (Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("audit: not an Ed25519 key")
	}
	v, err := NewVerifier(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return logSigner{v, key}, nil
}

type logSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s logSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// NewVerifier returns what verifies checkpoints of the log origin.
func NewVerifier(origin string, key ed25519.PublicKey) (note.Verifier, error) {
	if err := checkName(origin); err != nil {
		return nil, err
	}
	text, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

// checkName accepts what can be the name of a key.
func checkName(name string) error {
	if name == "" || len(name) > MaxString || !utf8.ValidString(name) ||
		strings.IndexFunc(name, unicode.IsSpace) >= 0 || strings.IndexFunc(name, unicode.IsControl) >= 0 ||
		strings.Contains(name, "+") {
		return fmt.Errorf("audit: %q cannot be the name of a log or witness", clip(name))
	}
	return nil
}

// cosigner is the key of a witness: a note.Verifier and, with key, a note.Signer.
// It signs "cosignature/v1", the time, and the text of the checkpoint.
type cosigner struct {
	name   string
	public ed25519.PublicKey
	key    ed25519.PrivateKey
	clock  func() time.Time
}

// NewWitnessVerifier returns what verifies cosignatures of the witness name.
func NewWitnessVerifier(name string, key ed25519.PublicKey) (note.Verifier, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if len(key) != ed25519.PublicKeySize {
		return nil, errors.New("audit: not an Ed25519 key")
	}
	return &cosigner{name: name, public: key}, nil
}

func (c *cosigner) Name() string { return c.name }

func (c *cosigner) KeyHash() uint32 {
	id := append([]byte(c.name+"\n"), algCosignature)
	sum := sha256.Sum256(append(id, c.public...))
	return binary.BigEndian.Uint32(sum[:])
}

func (c *cosigner) Sign(msg []byte) ([]byte, error) {
	now := c.clock().Unix()
	if now < 0 {
		return nil, errors.New("audit: the clock is before 1970")
	}
	sig := binary.BigEndian.AppendUint64(nil, uint64(now))
	return append(sig, ed25519.Sign(c.key, cosigned(uint64(now), msg))...), nil
}

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at>>63 == 0 && ed25519.Verify(c.public, cosigned(at, msg), sig[8:])
}

func cosigned(at uint64, msg []byte) []byte {
	var b bytes.Buffer
	b.WriteString("cosignature/v1\ntime ")
	b.WriteString(strconv.FormatUint(at, 10))
	b.WriteByte('\n')
	b.Write(msg)
	return b.Bytes()
}
