// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package neighbour knows which network card is at an address on the links of this
// host, by the kernel's neighbour table (ARP, NDP) and never by what a client says.
// The kernel tells of every change, so that a look costs no system call.
package neighbour

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Table is the kernel's neighbour table of the network namespace that Open was called
// in. What it does not know for certain it does not tell.
type Table struct {
	news *nl.NetlinkSocket // that the kernel tells changes on
	ask  *netlink.Handle   // that the whole table is asked for on

	reading sync.Mutex // one reading of the whole table at a time
	read    time.Time  // when it was last read, under reading

	mu      sync.RWMutex
	entries map[netip.Addr][]entry
	cards   map[Hardware][]netip.Addr
	missing map[netip.Addr]time.Time // addresses that were looked for in vain
	changes uint64                   // counts what the kernel has told
	blind   bool                     // news were lost, and the table was not read again yet
}

// entry is one line of the table: the card that has an address on a link.
type entry struct {
	link  int
	card  Hardware
	alive bool // the card has answered lately, or the administrator says so
}

// Limits of the table and of reading it.
const (
	maxEntries  = 1 << 16
	maxMissing  = 1 << 12
	missingFor  = time.Minute
	newsBuffer  = 1 << 20               // bytes, which the kernel doubles; it drops news beyond
	mostNews    = 2 * newsBuffer / 256  // that it holds: each takes more than this
	drainPause  = 20 * time.Millisecond // without news: there are none
	readPause   = 20 * time.Millisecond // between readings that looks ask for
	readRetries = 4
)

// Open follows the table from now on. It opens its sockets here, and none later; Run
// closes them.
func Open() (*Table, error) {
	news, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_NEIGH)
	if err != nil {
		return nil, fmt.Errorf("neighbour table: %w", err)
	}
	if err := news.SetReceiveBufferSize(newsBuffer, false); err != nil {
		news.Close()
		return nil, fmt.Errorf("neighbour table: %w", err)
	}
	ask, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		news.Close()
		return nil, fmt.Errorf("neighbour table: %w", err)
	}
	t := &Table{news: news, ask: ask, missing: map[netip.Addr]time.Time{}}
	if err := t.readAll(); err != nil {
		t.close()
		return nil, fmt.Errorf("neighbour table: %w", err)
	}
	return t, nil
}

func (t *Table) close() {
	t.news.Close()
	t.ask.Close()
}

// Run takes the kernel's news until ctx ends.
func (t *Table) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, t.news.Close)
	defer t.close()
	defer stop()
	for {
		messages, from, err := t.news.Receive()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ENOBUFS): // more news than the socket holds
			err = t.readLost()
		case err == nil && from.Pid == nl.PidKernel:
			t.hear(messages)
		}
		if err != nil {
			return fmt.Errorf("neighbour table: %w", err)
		}
	}
}

// readLost makes up for news that were lost. Until it has, nothing is certain: what a
// look has read meanwhile may have been lost again.
func (t *Table) readLost() error {
	t.setBlind()
	t.reading.Lock()
	defer t.reading.Unlock()
	t.setBlind()
	if err := t.drain(); err != nil {
		return err
	}
	return t.readLocked()
}

func (t *Table) setBlind() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.blind = true
}

// drain takes the news that came before those that were lost, which the socket still
// holds: heard after a reading, they would put what was in place of what is. The kernel
// adds none until the socket is empty, and loses on; so that it is empty after as many
// as it can hold, though more may be coming by then.
func (t *Table) drain() error {
	wait, forever := unix.NsecToTimeval(drainPause.Nanoseconds()), unix.Timeval{}
	if err := t.news.SetReceiveTimeout(&wait); err != nil {
		return err
	}
	for range mostNews {
		_, _, err := t.news.Receive()
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return err
		}
	}
	return t.news.SetReceiveTimeout(&forever)
}

func (t *Table) hear(messages []syscall.NetlinkMessage) {
	for _, m := range messages {
		if m.Header.Type != unix.RTM_NEWNEIGH && m.Header.Type != unix.RTM_DELNEIGH {
			continue
		}
		if n, err := netlink.NeighDeserialize(m.Data); err == nil {
			t.take(n, m.Header.Type == unix.RTM_DELNEIGH)
		}
	}
}

// readAll replaces the table by the kernel's. News that come meanwhile may be newer
// than what was read, so it is read again then.
func (t *Table) readAll() error {
	t.reading.Lock()
	defer t.reading.Unlock()
	return t.readLocked()
}

func (t *Table) readLocked() error {
	t.read = time.Now()
	for range readRetries {
		t.mu.RLock()
		before := t.changes
		t.mu.RUnlock()
		list, err := t.list()
		if errors.Is(err, netlink.ErrDumpInterrupted) {
			continue
		}
		if err != nil {
			return err
		}
		if t.replace(list, before) {
			return nil
		}
	}
	return nil // it changes faster than it can be read: the news will tell
}

func (t *Table) list() ([]netlink.Neigh, error) {
	four, err := t.ask.NeighList(0, unix.AF_INET)
	if err != nil {
		return nil, err
	}
	six, err := t.ask.NeighList(0, unix.AF_INET6)
	return append(four, six...), err
}

// replace takes a list that was read when so many changes had been told.
func (t *Table) replace(list []netlink.Neigh, before uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changes != before {
		return false
	}
	t.entries, t.cards, t.blind = map[netip.Addr][]entry{}, map[Hardware][]netip.Addr{}, false
	for i := range list {
		t.set(&list[i])
	}
	return true
}

// take follows one piece of news.
func (t *Table) take(n *netlink.Neigh, gone bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	if gone {
		n.State = netlink.NUD_NONE
	}
	t.set(n)
}

// States in which the kernel believes that a card has an address, and those in which
// the card itself has said so lately.
const (
	believed = netlink.NUD_REACHABLE | netlink.NUD_STALE | netlink.NUD_DELAY | netlink.NUD_PROBE | netlink.NUD_PERMANENT
	lately   = believed &^ netlink.NUD_STALE
)

// set puts one line in place of what was known of its address and link.
func (t *Table) set(n *netlink.Neigh) {
	address, ok := netip.AddrFromSlice(n.IP)
	if !ok || n.Family != unix.AF_INET && n.Family != unix.AF_INET6 {
		return // a bridge's forwarding entry, for one
	}
	address = address.Unmap()
	t.drop(address, n.LinkIndex)
	card, ok := hardware(n.HardwareAddr)
	if !ok || n.State&believed == 0 || len(t.entries) >= maxEntries {
		return
	}
	delete(t.missing, address)
	t.entries[address] = append(t.entries[address], entry{n.LinkIndex, card, n.State&lately != 0})
	if !slices.Contains(t.cards[card], address) {
		t.cards[card] = append(t.cards[card], address)
	}
}

// drop forgets what was known of an address on a link.
func (t *Table) drop(address netip.Addr, link int) {
	old := t.entries[address]
	i := slices.IndexFunc(old, func(e entry) bool { return e.link == link })
	if i < 0 {
		return
	}
	card := old[i].card
	if old = slices.Delete(old, i, i+1); len(old) == 0 {
		delete(t.entries, address)
	} else {
		t.entries[address] = old
	}
	if slices.ContainsFunc(old, func(e entry) bool { return e.card == card }) {
		return // on another link
	}
	if rest := slices.DeleteFunc(t.cards[card], func(a netip.Addr) bool { return a == address }); len(rest) == 0 {
		delete(t.cards, card)
	} else {
		t.cards[card] = rest
	}
}
