// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"time"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// Bundle makes a bundle of a policy folder for this installation, approved by all
// its approvers. Versions only ever rise.
func (i *Installation) Bundle(folder fs.FS, version uint64) ([]byte, error) {
	s, err := source.Load(folder)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	b, err := s.Bundle(source.Options{
		Version: version, Now: time.Now(), Components: i.Components, Seal: i.seal,
		Issuers: map[string]ed25519.PublicKey{IssuerName: i.Issuer},
	})
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	signed, err := envelope.Seal(envelope.Bundle, b)
	if err != nil {
		return nil, err
	}
	for _, key := range i.Approvers {
		if err := signed.Sign(envelope.Bundle, key); err != nil {
			return nil, err
		}
	}
	return signed.Encode(), nil
}

// seal encrypts a part of the bundle to one component.
func (i *Installation) seal(id string, plaintext []byte) ([]byte, error) {
	for _, c := range i.Components {
		if c.ID == id {
			return pki.Seal(c.Seal, policy.DirectoryInfo, plaintext)
		}
	}
	return nil, fmt.Errorf("no component %q", id)
}
