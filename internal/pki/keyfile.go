// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/durable"
)

// ReadKey reads an Ed25519 private key, PEM PKCS #8.
func ReadKey(name string) (ed25519.PrivateKey, error) {
	der, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	any, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", name)
	}
	return key, nil
}

// ReadPublicKey reads an Ed25519 public key, PEM PKIX.
func ReadPublicKey(name string) (ed25519.PublicKey, error) {
	der, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	any, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	key, ok := any.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", name)
	}
	return key, nil
}

// WritePublicKey writes an Ed25519 public key, PEM PKIX.
func WritePublicKey(name string, key ed25519.PublicKey) error {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return err
	}
	return durable.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644)
}

// WitnessKey reads the key with which a witness whose state is in dir cosigns, or
// makes it. Its public half lies beside it in witness.pub.
func WitnessKey(dir string) (ed25519.PrivateKey, error) {
	name := filepath.Join(dir, "witness.seed")
	seed, err := os.ReadFile(name)
	if err == nil && len(seed) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %d bytes: %w", name, len(seed), err)
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := WritePublicKey(filepath.Join(dir, "witness.pub"), public); err != nil {
		return nil, err
	}
	return key, durable.WriteFile(name, key.Seed(), 0o600)
}

func readPEM(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", name)
	}
	return block.Bytes, nil
}

// ReadCounter reads a durable counter; a file that is not there is 0.
func ReadCounter(name string) (uint64, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(data), "\n"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// WriteCounter makes a counter durable.
func WriteCounter(name string, n uint64) error {
	return durable.WriteFile(name, fmt.Appendf(nil, "%d\n", n), 0o600)
}
