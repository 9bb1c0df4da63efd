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
// the kernel's table first, since news of it may be still on their way; then that it is
// not there is believed until news say otherwise.
func (t *Table) At(address netip.Addr) (Hardware, error) {
	address = address.Unmap().WithZone("")
	card, err := t.look(address)
	if err == nil || errors.Is(err, ErrTwo) || t.knownMissing(address) {
		return card, err
	}
	t.again()
	if card, err = t.look(address); errors.Is(err, ErrNone) {
		t.setMissing(address)
	}
	return card, err
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

// again reads the table, after a pause if that was done a moment ago; whoever waits
// meanwhile shares the reading. Where it fails, what was known stays.
func (t *Table) again() {
	asked := time.Now()
	t.reading.Lock()
	defer t.reading.Unlock()
	if t.read.After(asked) {
		return // while this look waited
	}
	time.Sleep(readPause - time.Since(t.read))
	_ = t.readLocked()
}

func (t *Table) knownMissing(address netip.Addr) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	since, ok := t.missing[address]
	return ok && !t.blind && time.Since(since) < missingFor
}

func (t *Table) setMissing(address netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.missing) >= maxMissing {
		clear(t.missing)
	}
	if len(t.entries[address]) == 0 {
		t.missing[address] = time.Now()
	}
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
