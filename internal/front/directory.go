// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/policy"
)

type digest = [sha256.Size]byte

// directory is the credentials of the zone's subjects, and where they are bound to,
// indexed.
type directory struct {
	apiKeys      map[digest]string // to subject
	certificates map[digest]string // of the SPKI, to subject
	passwords    map[string]password
	bindings     map[string]*binding // by the subject's name in the policy
	prefixes     map[netip.Prefix][]string
	lengths      [129]bool // of the prefixes
	cards        map[neighbour.Hardware][]string
}

type password struct{ subject, hash string }

// binding is where a subject may come from; of a list that is not empty, from one.
type binding struct {
	addresses []netip.Prefix
	cards     []neighbour.Hardware
}

func newDirectory() *directory {
	return &directory{
		apiKeys: map[digest]string{}, certificates: map[digest]string{}, passwords: map[string]password{},
		bindings: map[string]*binding{}, prefixes: map[netip.Prefix][]string{}, cards: map[neighbour.Hardware][]string{},
	}
}

// readDirectory opens this front's sealed part of a bundle, nil for none.
func (f *Front) readDirectory(p *policy.Policy) (*directory, error) {
	d := newDirectory()
	if p == nil {
		return d, nil
	}
	for _, part := range p.Sealed {
		if part.Component != f.id {
			continue
		}
		plaintext, err := f.Identity.Unseal(policy.DirectoryInfo, part.Ciphertext)
		if err != nil {
			return d, fault.Wrap(fault.PolicyMalformed, err, "sealed part of bundle version %d", p.Version)
		}
		var list policy.Directory
		if err := canon.Unmarshal(plaintext, &list); err != nil {
			return d, fault.Wrap(fault.PolicyMalformed, err, "directory of bundle version %d", p.Version)
		}
		if err := d.add(list); err != nil {
			return d, fault.Wrap(fault.PolicyMalformed, err, "directory of bundle version %d", p.Version)
		}
	}
	return d, nil
}

func (d *directory) add(list policy.Directory) error {
	for _, c := range list.Credentials {
		switch c.Method {
		case label.ByPassword:
			d.passwords[c.Name] = password{c.Subject, c.Value}
		case label.ByAPIKey, label.ByCertificate:
			sum, err := hex.DecodeString(c.Value)
			if err != nil || len(sum) != sha256.Size {
				return fmt.Errorf("%s of %q is no SHA-256", c.Method, c.Subject)
			}
			if c.Method == label.ByAPIKey {
				d.apiKeys[digest(sum)] = c.Subject
			} else {
				d.certificates[digest(sum)] = c.Subject
			}
		default: // no other method has a credential
		}
	}
	for _, b := range list.Bindings {
		if err := d.bind(b); err != nil {
			return fmt.Errorf("binding of %q: %w", b.Subject, err)
		}
	}
	return nil
}

func (d *directory) bind(b policy.Binding) error {
	if d.bindings[b.Subject] != nil || len(b.Addresses)+len(b.Hardware) == 0 {
		return fmt.Errorf("there twice, or to nothing")
	}
	bound := &binding{}
	for _, text := range b.Addresses {
		p, err := netip.ParsePrefix(text)
		if err != nil || p != p.Masked() {
			return fmt.Errorf("prefix %.64q", text)
		}
		bound.addresses = append(bound.addresses, p)
		d.prefixes[p], d.lengths[p.Bits()] = append(d.prefixes[p], b.Subject), true
	}
	for _, text := range b.Hardware {
		card, err := neighbour.ParseHardware(text)
		if err != nil {
			return fmt.Errorf("network card %.64q", text)
		}
		bound.cards = append(bound.cards, card)
		d.cards[card] = append(d.cards[card], b.Subject)
	}
	d.bindings[b.Subject] = bound
	return nil
}

// holders are the subjects whose address it is: those of the longest prefix.
func (d *directory) holders(address netip.Addr) []string {
	for bits := address.BitLen(); bits >= 0; bits-- {
		if !d.lengths[bits] {
			continue
		}
		if p, err := address.Prefix(bits); err == nil && len(d.prefixes[p]) > 0 {
			return d.prefixes[p]
		}
	}
	return nil
}

// contains tells whether an address is in one of the binding's prefixes.
func (b *binding) contains(address netip.Addr) bool {
	for _, p := range b.addresses {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
