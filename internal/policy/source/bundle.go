// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/policy"
)

// Options are what a bundle needs beside the files.
type Options struct {
	Version    uint64 // above that of every bundle before
	Now        time.Time
	Components []policy.Component // as enrolment admitted them
	// Seal encrypts a part to one component; nil leaves the credentials out, so
	// that fronts know no subject but those of tokens.
	Seal func(component string, plaintext []byte) ([]byte, error)
	// Issuers are the keys of issuers whose key-file the folder does not have; a
	// key here is used before one in the folder.
	Issuers map[string]ed25519.PublicKey
}

// slack lets the clocks of the enforcing hosts be this far behind ours.
const slack = time.Minute

// MissingIssuers are the issuers that need a key in Options.
func (s *Source) MissingIssuers() []string {
	var missing []string
	for _, i := range s.draft.Issuers {
		if i.Key == nil {
			missing = append(missing, i.Name)
		}
	}
	return missing
}

// Directory is the credentials and bindings of all zones, which a bundle has sealed to
// the fronts.
func (s *Source) Directory() policy.Directory {
	return policy.Directory{Credentials: slices.Clone(s.credentials), Bindings: slices.Clone(s.bindings)}
}

// Bundle makes the bundle that the approvers will sign.
func (s *Source) Bundle(o Options) (policy.Bundle, error) {
	b := s.draft
	b.Version, b.Created = o.Version, o.Now.UnixMilli()
	b.NotBefore, b.NotAfter = o.Now.Add(-slack).UnixMilli(), o.Now.Add(s.valid).UnixMilli()
	b.Components = slices.Clone(o.Components)
	slices.SortFunc(b.Components, func(x, y policy.Component) int { return strings.Compare(x.ID, y.ID) })
	b.Issuers = slices.Clone(b.Issuers)
	for i := range b.Issuers {
		if key := o.Issuers[b.Issuers[i].Name]; key != nil {
			b.Issuers[i].Key = key
		}
		if len(b.Issuers[i].Key) != ed25519.PublicKeySize {
			return b, fmt.Errorf("issuer %q has no key: its key-file is not there and none was given", b.Issuers[i].Name)
		}
	}
	var err error
	b.Sealed, err = s.seal(b.Components, o.Seal)
	return b, err
}

// seal gives each front the credentials and bindings of its zone's subjects, and
// nobody else.
func (s *Source) seal(components []policy.Component, seal func(string, []byte) ([]byte, error)) ([]policy.SealedPart, error) {
	if seal == nil {
		return nil, nil
	}
	var parts []policy.SealedPart
	for _, c := range components {
		if c.Role != policy.RoleFront {
			continue
		}
		var d policy.Directory
		for _, credential := range s.credentials {
			if strings.HasPrefix(credential.Subject, c.Zone+"/") {
				d.Credentials = append(d.Credentials, credential)
			}
		}
		for _, binding := range s.bindings {
			if strings.HasPrefix(binding.Subject, c.Zone+"/") {
				d.Bindings = append(d.Bindings, binding)
			}
		}
		ciphertext, err := seal(c.ID, canon.Must(d))
		if err != nil {
			return nil, fmt.Errorf("seal the credentials to %q: %w", c.ID, err)
		}
		parts = append(parts, policy.SealedPart{Component: c.ID, Ciphertext: ciphertext})
	}
	return parts, nil
}
