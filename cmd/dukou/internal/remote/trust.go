// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

// Trust is by what a center's certificate is known. The zero value is the authorities
// that this host trusts.
type Trust struct {
	CA  []byte // PEM of certificates; empty for those of the host
	Pin string // SHA-256 of the certificate's public key (SPKI) in hex; alone it is enough
}

// Verify tells whether the parts can be read.
func (t Trust) Verify() error {
	_, err := t.config()
	return err
}

func (t Trust) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if len(t.CA) > 0 {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("--ca: no certificate (PEM) is in it")
		}
	}
	if t.Pin == "" {
		return c, nil
	}
	pin, err := hex.DecodeString(t.Pin)
	if err != nil || len(pin) != sha256.Size {
		return nil, errors.New("--pin: not a SHA-256 in hex (64 digits)")
	}
	c.InsecureSkipVerify = len(t.CA) == 0 // the pin alone is the identity, unless an authority is named too
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if sum := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo); !bytes.Equal(sum[:], pin) {
			return fmt.Errorf("its certificate's key is %x, which is not the pinned one", sum)
		}
		return nil
	}
	return c, nil
}
