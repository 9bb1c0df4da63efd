// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard is one half of the guard: it takes parcels from the fronts of its
// zone and from the other half, judges and records each, and hands it on. It
// forwards no bytes: whatever leaves is a parcel that was decoded here.
package guard

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/judge/second"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Side is which half this is.
type Side string

// The sides.
const (
	Outer Side = "outer"
	Inner Side = "inner"
)

// Connector gives one connection to the other half after another; link.Link is one.
type Connector interface {
	Connect(ctx context.Context) (net.Conn, error)
}

// Config is what a half is made of.
type Config struct {
	Side     Side
	Identity *pki.Identity
	State    string // directory of the bundle and the lease
	Journal  *audit.Journal
	Link     Connector
	Listener net.Listener // for the fronts of this side, and for the center on the inner one
	Clock    *pki.Clock
	Log      *slog.Logger
}

// Half is one half of the guard.
type Half struct {
	Config
	id      string
	keeper  *policy.Keeper
	keys    *pki.Keys
	own     verifier       // judges what this side's fronts present
	across  verifier       // judges what comes over the link inwards: another implementation
	witness *audit.Witness // of the center's log; nil on the outer side
	peers   *peers
	windows atomic.Pointer[[]label.Verifier] // what the makers of this side tag for
	counts  Counts
	all     sync.WaitGroup // connections
}

// verifier is a judge of one of the two implementations.
type verifier interface {
	Judge(p *policy.Policy, c judge.Case) (judge.Verdict, error)
	Again(p *policy.Policy, v *judge.Verdict) error
	Verifier() label.Verifier
}

// New is a half with the bundle and lease that its disk holds.
func New(c Config) (*Half, error) {
	a := c.Identity.Admission
	if a == nil {
		return nil, fmt.Errorf("%s is not admitted: have its request answered and accept the answer first", c.Identity.Request.ID)
	}
	h := &Half{Config: c, id: c.Identity.Request.ID, keys: &pki.Keys{}, peers: newPeers()}
	var err error
	if h.keeper, err = policy.NewKeeper(c.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}); err != nil {
		return nil, err
	}
	if err := h.Identity.LoadLease(c.State, h.keys); err != nil {
		return nil, err
	}
	if h.own, err = judge.New(h.id, h.keys, c.Clock.Now, nil); err != nil {
		return nil, err
	}
	if h.across, err = second.New(h.id, h.keys, c.Clock.Now, nil); err != nil {
		return nil, err
	}
	h.announce(nil)
	if c.Side == Inner {
		h.witness, err = openWitness(h)
	}
	return h, err
}

// Run serves until ctx ends or a part fails, and returns when all that it began has
// ended and is in the log.
func (h *Half) Run(ctx context.Context) error {
	err := daemon.Run(ctx,
		daemon.Task{Name: "journal", Run: h.Journal.Run},
		daemon.Task{Name: "link", Run: h.runLink},
		daemon.Task{Name: "listener", Run: h.runListener},
		daemon.Task{Name: "policy", Run: h.runPolicy},
		daemon.Task{Name: "clock", Run: h.runClock},
	)
	h.all.Wait()
	if h.witness != nil {
		err = errors.Join(err, h.witness.Close())
	}
	return errors.Join(err, h.Journal.Flush())
}

// pins tells who may connect: whom the bundle names, before the first one whom the
// admission does.
func (h *Half) pins(key ed25519.PublicKey) (string, bool) {
	p := h.keeper.Current()
	if p == nil {
		return h.Identity.Admission.Pins(key)
	}
	for i := range p.Components {
		if p.Components[i].Key.Equal(key) {
			return p.Components[i].ID, true
		}
	}
	return "", false
}

// mayConnect tells which components have business at this half's listener.
func (h *Half) mayConnect(id string) bool {
	p := h.keeper.Current()
	if p == nil {
		for _, peer := range h.Identity.Admission.Peers {
			if peer.ID == id {
				return policy.Role(peer.Role) == policy.RoleCenter && h.Side == Inner
			}
		}
		return false
	}
	c := p.Component(id)
	if c == nil {
		return false
	}
	zone := p.Zone(c.Zone)
	switch c.Role {
	case policy.RoleFront:
		return zone != nil && zone.Inner == (h.Side == Inner)
	case policy.RoleCenter:
		return h.Side == Inner
	default:
		return false
	}
}

// runListener serves the fronts and the center.
func (h *Half) runListener(ctx context.Context) error {
	config, err := h.Identity.Server(h.pins)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { h.Listener.Close() })
	defer stop()
	for {
		nc, err := h.Listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		h.all.Go(func() { h.serveConn(ctx, tls.Server(nc, config)) })
	}
}

const handshakeTimeout = 10 * time.Second

// serveConn ends with its connection, which ends with ctx.
func (h *Half) serveConn(ctx context.Context, nc *tls.Conn) {
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := nc.HandshakeContext(handshake); err != nil {
		h.refusedPeer(nc.RemoteAddr(), err)
		nc.Close()
		return
	}
	id, err := pki.PeerOf(nc, h.pins)
	if err == nil && !h.mayConnect(id) {
		err = fmt.Errorf("component %q has no business at the %s half", id, h.Side)
	}
	if err != nil {
		h.refusedPeer(nc.RemoteAddr(), err)
		nc.Close()
		return
	}
	h.serveWire(ctx, h.newPeer(id, nc, false))
}

func (h *Half) refusedPeer(from net.Addr, err error) {
	h.Log.Warn("connection refused", "from", from.String(), "error", err)
	h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "connect"})
}

// linkPause is how long the link is left alone after a connection that came to nothing.
const linkPause = 100 * time.Millisecond

// runLink keeps the connection to the other half: TLS 1.3 with its pinned key.
func (h *Half) runLink(ctx context.Context) error {
	for ctx.Err() == nil {
		nc, err := h.Link.Connect(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being told to end is no error
		}
		if err != nil {
			return err
		}
		if err := h.serveLink(ctx, nc); err != nil {
			h.Log.Warn("link ended", "error", err)
			daemon.Rest(ctx, linkPause)
		}
	}
	return nil
}

func (h *Half) serveLink(ctx context.Context, nc net.Conn) error {
	secure, err := h.secureLink(ctx, nc)
	if err != nil {
		return errors.Join(err, nc.Close())
	}
	id, err := pki.PeerOf(secure, h.otherHalf)
	if err != nil {
		return errors.Join(err, secure.Close())
	}
	h.serveWire(ctx, h.newPeer(id, secure, true))
	return nil
}

func (h *Half) secureLink(ctx context.Context, nc net.Conn) (*tls.Conn, error) {
	var secure *tls.Conn
	if h.Side == Outer {
		config, err := h.Identity.Client(h.otherHalf)
		if err != nil {
			return nil, err
		}
		secure = tls.Client(nc, config)
	} else {
		config, err := h.Identity.Server(h.otherHalf)
		if err != nil {
			return nil, err
		}
		secure = tls.Server(nc, config)
	}
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(handshake); err != nil {
		h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "link"})
		return nil, fmt.Errorf("handshake on the link: %w", err)
	}
	return secure, nil
}

// otherHalf pins the other half of this guard, by the admission: the link never
// depends on a bundle.
func (h *Half) otherHalf(key ed25519.PublicKey) (string, bool) {
	want := policy.RoleInner
	if h.Side == Inner {
		want = policy.RoleOuter
	}
	for _, p := range h.Identity.Admission.Peers {
		if p.Key.Equal(key) && policy.Role(p.Role) == want {
			return p.ID, true
		}
	}
	return "", false
}

// newPeer is a neighbour whose handshake is done.
func (h *Half) newPeer(id string, nc *tls.Conn, link bool) *peer {
	key, _ := nc.ConnectionState().PeerCertificates[0].PublicKey.(ed25519.PublicKey) // PeerOf has looked
	return &peer{
		id: id, key: key, conn: wire.New(nc, link && h.Side == Outer, wire.Config{Log: h.Log}), link: link,
		stale: make(chan struct{}, 1), limits: newCallLimits(),
	}
}

// serveWire runs one connection with a peer and serves the streams that it opens. It
// returns when all of them have ended.
func (h *Half) serveWire(ctx context.Context, p *peer) {
	ctx, p.cut = context.WithCancel(ctx)
	defer p.cut()
	h.peers.add(p)
	if !h.admitted(p) { // a bundle came since the handshake
		p.cut()
	}
	h.record(audit.Entry{Class: audit.ClassSession, Verdict: "info", Action: "connect", Subject: p.id})
	var streams sync.WaitGroup
	streams.Go(func() { h.acceptStreams(ctx, p, &streams) })
	streams.Go(func() { h.greet(ctx, p) })
	err := p.conn.Run(ctx)
	p.cut()
	h.peers.remove(p)
	if p.link && h.Side == Outer {
		h.announce(nil)
	}
	streams.Wait()
	h.Log.Info("peer gone", "peer", p.id, "cause", err)
	h.record(audit.Entry{Class: audit.ClassSession, Verdict: "info", Action: "disconnect", Subject: p.id})
}

func (h *Half) acceptStreams(ctx context.Context, from *peer, streams *sync.WaitGroup) {
	for {
		s, err := from.conn.Accept(ctx)
		if err != nil {
			return
		}
		streams.Go(func() { h.serveStream(ctx, from, s) })
	}
}

// admitted tells whether a connected peer may stay: its key is still that of a
// component that has business here.
func (h *Half) admitted(p *peer) bool {
	if p.link {
		return true // by the admission, which does not change while the half runs
	}
	id, ok := h.pins(p.key)
	return ok && id == p.id && h.mayConnect(id)
}

// runPolicy cuts off peers that a new bundle no longer names.
func (h *Half) runPolicy(ctx context.Context) error {
	for {
		changed := h.keeper.Changed()
		for _, p := range h.peers.all() {
			if !h.admitted(p) {
				h.Log.Warn("peer is no longer admitted", "peer", p.id)
				h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "stay", Subject: p.id})
				p.cut()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// runClock keeps the floor of the clock, and on the outer side asks for the time.
func (h *Half) runClock(ctx context.Context) error {
	if h.Side == Inner {
		return h.Clock.Run(ctx, nil)
	}
	return h.Clock.Run(ctx, h.askTime)
}
