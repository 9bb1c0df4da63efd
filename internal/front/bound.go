// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/policy"
)

// place is where a request came from. card is set where hidden is nil; hidden says why
// the card is not known.
type place struct {
	address netip.Addr
	card    neighbour.Hardware
	hidden  error
}

var errNoTable = errors.New("this front does not follow the kernel's neighbour table")

// place looks where the request came from: the address by the connection, the card by
// the kernel, neither by what the client says.
func (a *attempt) place() (place, error) {
	if a.at.address.IsValid() {
		return a.at, nil
	}
	at, err := netip.ParseAddrPort(a.given.Remote)
	if err != nil {
		return place{}, fault.New(fault.BindingMismatch, "the client has no address (listener over a Unix socket?), and one is wanted")
	}
	p := place{address: at.Addr().Unmap().WithZone("")}
	if a.front.Neighbours == nil {
		p.hidden = errNoTable
	} else {
		p.card, p.hidden = a.front.Neighbours.At(p.address)
	}
	a.at = p
	return p, nil
}

// owner is the one subject whom the place belongs to, for a way that looks at nothing else.
func (a *attempt) owner(w *policy.Way) (string, error) {
	p, err := a.place()
	if err != nil {
		return "", err
	}
	var list []string
	if w.Needs(label.ByHardware) {
		if p.hidden != nil {
			return "", fault.Wrap(fault.BindingMismatch, p.hidden, "%s", p.address)
		}
		list = a.directory.cards[p.card]
	} else {
		list = a.directory.holders(p.address)
	}
	owner := ""
	for _, id := range list {
		if strings.HasSuffix(id, "*") || !strings.HasPrefix(id, a.flow.From+"/") {
			continue // a family's place does not say which of it
		}
		if owner != "" {
			return "", fault.New(fault.BindingMismatch, "%s is the place of %q and of %q", p.address, owner, id)
		}
		owner = id
	}
	if owner == "" {
		return "", fault.New(fault.BindingMismatch, "%s is nobody's", p.address)
	}
	return owner, nil
}

// bound holds a request to what its subject is bound to: always to all that there is,
// and the way may want that there is some.
func (a *attempt) bound(w *policy.Way, id string) error {
	b := a.directory.binding(a.policy, id)
	switch {
	case w.Needs(label.ByAddress) && (b == nil || len(b.addresses) == 0):
		return fault.New(fault.BindingMismatch, "%q is not bound to an address, and %q wants it", id, w.Name)
	case w.Needs(label.ByHardware) && (b == nil || len(b.cards) == 0):
		return fault.New(fault.BindingMismatch, "%q is not bound to a network card, and %q wants it", id, w.Name)
	case b == nil:
		return nil
	}
	p, err := a.place()
	if err != nil {
		return err
	}
	return a.holds(id, b, p)
}

// binding is that of a subject, or of the family that it is of; nil where there is none.
func (d *directory) binding(p *policy.Policy, id string) *binding {
	if len(d.bindings) == 0 {
		return nil
	}
	s := p.Subject(id)
	if s == nil {
		return nil // refused later: nobody
	}
	return d.bindings[s.ID]
}

// holds tells whether a binding holds at a place.
func (a *attempt) holds(id string, b *binding, p place) error {
	if len(b.addresses) > 0 && !b.contains(p.address) {
		return fault.New(fault.BindingMismatch, "%q came from %s, which it is not bound to", id, p.address)
	}
	if len(b.cards) == 0 {
		return a.sameCard(id, p)
	}
	if p.hidden != nil {
		return fault.Wrap(fault.BindingMismatch, p.hidden, "%q came from %s", id, p.address)
	}
	if !slices.Contains(b.cards, p.card) {
		return fault.New(fault.BindingMismatch, "%q came from %s on network card %s, which it is not bound to", id, p.address, p.card)
	}
	if len(b.addresses) == 0 {
		return nil
	}
	if other, ok := a.front.Neighbours.Elsewhere(p.card, b.contains); ok {
		return fault.New(fault.BindingMismatch, "network card %s of %q is at %s and at %s, which it is not bound to", p.card, id, p.address, other)
	}
	return nil
}

// sameCard holds a subject that is bound to addresses only to the card that was there
// when this process first saw it at one of them. Behind a router no card is to be seen.
func (a *attempt) sameCard(id string, p place) error {
	switch {
	case errors.Is(p.hidden, errNoTable) || errors.Is(p.hidden, neighbour.ErrNone):
		return nil
	case p.hidden != nil:
		return fault.Wrap(fault.BindingMismatch, p.hidden, "%q came from %s", id, p.address)
	}
	first, seen := a.front.cards.at(p.address)
	if seen && first != p.card {
		return fault.New(fault.BindingMismatch, "%s was on network card %s and is on %s now", p.address, first, p.card)
	}
	a.fresh = !seen
	return nil
}

// watch remembers the card at an address from which a subject has been proven.
func (a *attempt) watch() error {
	if !a.fresh {
		return nil
	}
	if first, ok := a.front.cards.keep(a.at.address, a.at.card); !ok || first != a.at.card {
		return fault.New(fault.BindingMismatch, "%s is on two network cards, or more addresses are watched than can be", a.at.address)
	}
	return nil
}

// maxCards bounds the addresses whose first card is remembered.
const maxCards = 1 << 16

// cards remembers the network card that was first seen at an address, for the life of
// the process.
type cards struct {
	mu   sync.RWMutex
	seen map[netip.Addr]neighbour.Hardware
}

func newCards() *cards { return &cards{seen: map[netip.Addr]neighbour.Hardware{}} }

func (c *cards) at(address netip.Addr) (neighbour.Hardware, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	card, ok := c.seen[address]
	return card, ok
}

// keep gives the first card at an address, which is this one where there was none;
// false where no more can be remembered.
func (c *cards) keep(address netip.Addr, card neighbour.Hardware) (neighbour.Hardware, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first, ok := c.seen[address]; ok {
		return first, true
	}
	if len(c.seen) >= maxCards {
		return card, false
	}
	c.seen[address] = card
	return card, true
}
