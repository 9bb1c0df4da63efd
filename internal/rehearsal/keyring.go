// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"slices"
	"strings"
	"sync"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/vault"
)

// keyring opens details.
type keyring struct {
	get func(context.Context, string, audit.KeyID) (vault.Key, error)

	mu   sync.Mutex
	held map[string]held
}

type held struct {
	sealer *vault.Sealer // nil where there is no key
	err    error
}

// open opens a detail. It is sealed where there is no key for it.
func (k *keyring) open(ctx context.Context, c *audit.Content) found {
	id, closed := c.Sealed()
	if !closed {
		return decided
	}
	sealer := k.sealer(ctx, c.Leaf.Component, id)
	if sealer == nil {
		return sealed
	}
	if c.Open(sealer) != nil {
		return incomplete
	}
	return decided
}

func (k *keyring) sealer(ctx context.Context, origin string, id audit.KeyID) *vault.Sealer {
	name := id.String() + " of " + origin
	k.mu.Lock()
	defer k.mu.Unlock()
	h, asked := k.held[name]
	if !asked {
		key, err := k.get(ctx, strings.TrimPrefix(origin, audit.Origin("")), id)
		if h.err = err; err == nil {
			h.sealer = audit.DetailSealer(key)
		}
		k.held[name] = h
	}
	return h.sealer
}

// missing are the keys that were not to be had, and why.
func (k *keyring) missing() []string {
	var list []string
	for name, h := range k.held {
		if h.err != nil {
			list = append(list, clipped(name+": "+h.err.Error()))
		}
	}
	slices.Sort(list)
	return list[:min(len(list), 50)]
}

// maxMissing is the most bytes of what is told of a key.
const maxMissing = 300

func clipped(s string) string {
	if len(s) <= maxMissing {
		return s
	}
	return strings.ToValidUTF8(s[:maxMissing], "") + "…"
}
