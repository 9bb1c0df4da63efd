// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package neighbour

import (
	"errors"
	"net/netip"
	"time"
)

// Why there is no card for an address.
var (
	// ErrNone says that no card on a link of this host has the address.
	ErrNone = errors.New("no network card on a link of this host has the address")
	// ErrTwo says that two cards have it, on two links.
	ErrTwo = errors.New("two network cards have the address")
	// ErrBlind says that the kernel's news were lost and not made up for yet.
	ErrBlind = errors.New("the neighbour table is not known just now")
)

// At is the card that has an address. An address that is not known is looked for in
// the kernel's table, but not often: news of it may be still on their way.
func (t *Table) At(address netip.Addr) (Hardware, error) {
	address = address.Unmap().WithZone("")
	card, err := t.look(address)
	if err == nil || errors.Is(err, ErrTwo) || !t.again() {
		return card, err
	}
	return t.look(address)
}

func (t *Table) look(address netip.Addr) (Hardware, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.blind {
		return Hardware{}, ErrBlind
	}
	list := t.entries[address]
	if len(list) == 0 {
		return Hardware{}, ErrNone
	}
	for _, e := range list[1:] {
		if e.card != list[0].card {
			return Hardware{}, ErrTwo
		}
	}
	return list[0].card, nil
}

// again reads the table, unless that was done a moment ago or is being done. It tells
// whether to look again.
func (t *Table) again() bool {
	asked := time.Now()
	t.reading.Lock()
	defer t.reading.Unlock()
	if t.read.After(asked) {
		return true // while this look waited
	}
	if time.Since(t.read) < readPause {
		return false
	}
	return t.readLocked() == nil
}

// Elsewhere is an address at which a card has shown itself lately and that is not one
// of those that within knows, if there is one. Those that every card makes for itself
// on its link do not count.
func (t *Table) Elsewhere(card Hardware, within func(netip.Addr) bool) (netip.Addr, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, address := range t.cards[card] {
		if address.IsLinkLocalUnicast() || within(address) {
			continue
		}
		for _, e := range t.entries[address] {
			if e.card == card && e.alive {
				return address, true
			}
		}
	}
	return netip.Addr{}, false
}
