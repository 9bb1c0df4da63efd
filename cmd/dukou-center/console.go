// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/pki"
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
	certificate, key, err := pki.BrowserCertificate("Dukou", ownFor, s.host())
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(certificate, key...), 0o600)
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
