// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// How guessing is slowed down, for each user and source.
const (
	freeGuesses  = 5               // without a pause
	firstWait    = time.Second     // after the next, and twice as long after each further one
	lastWait     = 5 * time.Minute // and no longer
	guessMemory  = 15 * time.Minute
	guessBuckets = 1 << 14
)

// guesses remembers wrong passwords of users from sources in a fixed amount of memory:
// nothing that a guesser does makes it forget another. Those whom chance puts into one
// bucket share its pauses; a key drawn at each start hides who they are.
type guesses struct {
	seed maphash.Seed
	mu   sync.Mutex
	list []guess
}

type guess struct {
	failed int
	last   time.Time
}

func newGuesses() *guesses {
	return &guesses{seed: maphash.MakeSeed(), list: make([]guess, guessBuckets)}
}

func (g *guesses) of(user, source string) *guess {
	return &g.list[maphash.Comparable(g.seed, [2]string{user, source})%guessBuckets]
}

// wait is how long a user may not try again from a source.
func (g *guesses) wait(user, source string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.of(user, source)
	if now.Sub(b.last) > guessMemory {
		*b = guess{}
	}
	over := b.failed - freeGuesses
	if over < 0 {
		return 0
	}
	pause := lastWait
	if over < 9 { // 2^9 seconds are more than the last pause
		pause = min(firstWait<<over, lastWait)
	}
	return max(b.last.Add(pause).Sub(now), 0)
}

func (g *guesses) failed(user, source string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.of(user, source)
	b.failed, b.last = b.failed+1, now
}

func (g *guesses) succeeded(user, source string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*g.of(user, source) = guess{}
}

// sourceOf is whom requests from a client's address are counted for: an IPv4 address,
// or the network of an IPv6 one, of which a client may have as many as it likes. It is
// empty for a Unix socket.
func sourceOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	address := at.Addr().Unmap()
	if address.Is4() {
		return address.String()
	}
	p, err := address.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}
