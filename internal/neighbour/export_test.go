// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package neighbour

import (
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// Unplugged is a table that no kernel tells anything.
func Unplugged() *Table {
	return &Table{entries: map[netip.Addr][]entry{}, cards: map[Hardware][]netip.Addr{}, missing: map[netip.Addr]time.Time{}}
}

// Take tells it one piece of news.
func (t *Table) Take(n netlink.Neigh, gone bool) { t.take(&n, gone) }

// Look looks without asking the kernel.
func (t *Table) Look(a netip.Addr) (Hardware, error) { return t.look(a) }

// Size is how many addresses and cards it holds.
func (t *Table) Size() (addresses, cards int) { return len(t.entries), len(t.cards) }
