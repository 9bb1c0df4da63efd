// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/vault"
)

// Details opens sealed details for one Show or Follow. It asks for each key once.
type Details struct {
	// Key gives the key of a component's details; an error says why there is none.
	Key func(component string, id audit.KeyID) (vault.Key, error)

	held map[string]held
}

// held is a key that was asked for.
type held struct {
	sealer *vault.Sealer
	err    error
}

// Open opens the detail of a record, if it is sealed.
func (d *Details) Open(c *audit.Content) error {
	id, sealed := c.Sealed()
	if !sealed {
		return nil
	}
	if d == nil {
		return audit.ErrNoKey
	}
	name := c.Leaf.Component + " " + id.String()
	h, asked := d.held[name]
	if !asked {
		key, err := d.Key(c.Leaf.Component, id)
		if h.err = err; err == nil {
			h.sealer = audit.DetailSealer(key)
		}
		if d.held == nil {
			d.held = map[string]held{}
		}
		d.held[name] = h
	}
	if h.err != nil {
		return fmt.Errorf("key %s: %w", id, h.err)
	}
	return c.Open(h.sealer)
}
