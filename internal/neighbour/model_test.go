// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package neighbour_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/neighbour"
)

// line is what the kernel's table says of an address on a link.
type line struct {
	card  neighbour.Hardware
	state int
}

type where struct {
	address netip.Addr
	link    int
}

// TestModel holds the table to the plainest one, under random news.
func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	table, model := neighbour.Unplugged(), map[where]line{}
	states := []int{
		netlink.NUD_REACHABLE, netlink.NUD_STALE, netlink.NUD_DELAY, netlink.NUD_PROBE, netlink.NUD_PERMANENT,
		netlink.NUD_FAILED, netlink.NUD_INCOMPLETE, netlink.NUD_NOARP, netlink.NUD_NONE,
	}
	for range 20_000 {
		at := where{netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(6))}), 1 + rng.IntN(2)}
		card := neighbour.Hardware{2, 0, 0, 0, 0, byte(rng.IntN(4))}
		n := netlink.Neigh{
			LinkIndex: at.link, Family: unix.AF_INET, State: states[rng.IntN(len(states))],
			IP: at.address.AsSlice(), HardwareAddr: net.HardwareAddr(card[:]),
		}
		gone := rng.IntN(5) == 0
		switch rng.IntN(20) {
		case 0: // a bridge's, which has no address of its own
			n.Family = unix.AF_BRIDGE
		case 1: // not one card's
			n.HardwareAddr = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
			delete(model, at)
		default:
			delete(model, at)
			if !gone && n.State&(netlink.NUD_REACHABLE|netlink.NUD_STALE|netlink.NUD_DELAY|netlink.NUD_PROBE|netlink.NUD_PERMANENT) != 0 {
				model[at] = line{card, n.State}
			}
		}
		table.Take(n, gone)
		compare(t, table, model, at.address, card)
	}
	for at := range model {
		table.Take(netlink.Neigh{LinkIndex: at.link, Family: unix.AF_INET, IP: at.address.AsSlice()}, true)
	}
	if addresses, cards := table.Size(); addresses != 0 || cards != 0 {
		t.Errorf("%d addresses and %d cards are left of nothing", addresses, cards)
	}
}

func compare(t *testing.T, table *neighbour.Table, model map[where]line, address netip.Addr, card neighbour.Hardware) {
	t.Helper()
	one, oneOK := model[where{address, 1}]
	two, twoOK := model[where{address, 2}]
	var want error
	switch {
	case !oneOK && !twoOK:
		want = neighbour.ErrNone
	case oneOK && twoOK && one.card != two.card:
		want = neighbour.ErrTwo
	}
	got, err := table.Look(address)
	if !errors.Is(err, want) || err == nil && got != one.card && got != two.card {
		t.Fatalf("%s is at %v, %v; the model has %v %v, %v", address, got, err, one, two, want)
	}
	elsewhere := false
	for at, l := range model {
		elsewhere = elsewhere || l.card == card && at.address != address && l.state != netlink.NUD_STALE
	}
	if a, ok := table.Elsewhere(card, func(a netip.Addr) bool { return a == address }); ok != elsewhere {
		t.Fatalf("%v beside %s: %v %t, want %t", card, address, a, ok, elsewhere)
	}
}
