// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"crypto/ed25519"
	"sync"
	"sync/atomic"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/wire"
)

// peer is one connected neighbour.
type peer struct {
	id     string
	key    ed25519.PublicKey
	conn   *wire.Conn
	at     way           // where it lies
	part   bool          // it is another part of this guard, which hands on and makes no parcels
	cut    func()        // ends the connection
	stale  chan struct{} // holds a token when it has not been told the present windows
	limits *callLimits
	damper *damper
	told   atomic.Pointer[[]label.Verifier] // of a part: the windows of the judges behind it
}

// outdated notes that the peer has to be told the windows again.
func (p *peer) outdated() {
	select {
	case p.stale <- struct{}{}:
	default:
	}
}

// peers are the connected neighbours; a later connection of one takes the place of
// an earlier one.
type peers struct {
	mu   sync.RWMutex
	byID map[string]*peer
}

func newPeers() *peers { return &peers{byID: map[string]*peer{}} }

func (p *peers) add(n *peer) {
	p.mu.Lock()
	old := p.byID[n.id]
	p.byID[n.id] = n
	p.mu.Unlock()
	if old != nil {
		old.cut()
	}
}

func (p *peers) remove(n *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[n.id] == n {
		delete(p.byID, n.id)
	}
}

func (p *peers) find(id string) *peer {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byID[id]
}

// part is the part of this guard that lies there, nil while it is not connected.
func (p *peers) part(at way) *peer {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, n := range p.byID {
		if n.part && n.at == at {
			return n
		}
	}
	return nil
}

func (p *peers) all() []*peer {
	p.mu.RLock()
	defer p.mu.RUnlock()
	list := make([]*peer, 0, len(p.byID))
	for _, n := range p.byID {
		list = append(list, n)
	}
	return list
}
