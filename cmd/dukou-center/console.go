// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/durable"
)

// ownFor is for how long a certificate lasts that the center makes itself, and renewAt how
// long before its end a start makes another.
const (
	ownFor  = 397 * 24 * time.Hour
	renewAt = 30 * 24 * time.Hour
)

// consoleCertificate is what the console shows: the bank's, or one that the center has
// made, whose fingerprint administrators compare when they sign in first.
func (s *settings) consoleCertificate() (tls.Certificate, error) {
	if s.certificate != "" {
		return tls.LoadX509KeyPair(s.certificate, s.key)
	}
	path := filepath.Join(s.state, "console.pem")
	own, err := tls.LoadX509KeyPair(path, path)
	switch {
	case err == nil && time.Until(own.Leaf.NotAfter) > renewAt && own.Leaf.VerifyHostname(s.host()) == nil:
		return own, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return own, err
	}
	if err := s.makeCertificate(path); err != nil {
		return own, err
	}
	return tls.LoadX509KeyPair(path, path)
}

// host is the name or address that the center's own certificate is for.
func (s *settings) host() string {
	if s.domain != "" {
		return s.domain
	}
	host, _, err := net.SplitHostPort(s.console)
	if err != nil || host == "" {
		return "localhost"
	}
	return host
}

func (s *settings) makeCertificate(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: s.host(), Organization: []string{"Dukou"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ownFor), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(s.host()); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{s.host()}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	return durable.WriteFile(path, text, 0o600)
}

// fingerprint is the SHA-256 of a certificate.
func fingerprint(c tls.Certificate) [sha256.Size]byte { return sha256.Sum256(c.Certificate[0]) }

// readFont reads the font of reports, if there is one.
func (s *settings) readFont() ([]byte, error) {
	if s.fontFile == "" {
		return nil, nil
	}
	return os.ReadFile(s.fontFile)
}
