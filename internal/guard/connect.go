// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/wire"
)

// Connector gives one connection to the next part after another; link.Link is one.
type Connector interface {
	Connect(ctx context.Context) (net.Conn, error)
}

// Redial is a Connector that dials until it succeeds.
type Redial func(ctx context.Context) (net.Conn, error)

// Connect implements Connector. It fails with ctx only.
func (dial Redial) Connect(ctx context.Context) (net.Conn, error) {
	for {
		nc, err := dial(ctx)
		if err == nil || ctx.Err() != nil {
			return nc, err
		}
		daemon.Rest(ctx, linkPause)
	}
}

// runListener serves those who connect.
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
		from := source(nc.RemoteAddr())
		if !h.lobby.enter(from) {
			h.refusedPeer(nc.RemoteAddr(), errors.New("too many handshakes at once"))
			nc.Close()
			continue
		}
		h.all.Go(func() { h.serveConn(ctx, tls.Server(nc, config), from) })
	}
}

const handshakeTimeout = 10 * time.Second

// serveConn ends with its connection, which ends with ctx.
func (h *Half) serveConn(ctx context.Context, nc *tls.Conn, from string) {
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	err := nc.HandshakeContext(handshake)
	h.lobby.leave(from)
	if err != nil {
		h.refusedPeer(nc.RemoteAddr(), err)
		nc.Close()
		return
	}
	id, err := pki.PeerOf(nc, h.pins)
	if err == nil && !h.mayConnect(id) {
		err = fmt.Errorf("component %q has no business at the guard's %s side", id, h.Side)
	}
	if err != nil {
		h.refusedPeer(nc.RemoteAddr(), err)
		nc.Close()
		return
	}
	h.serveWire(ctx, h.newPeer(id, nc, h.place.listener()))
}

func (h *Half) refusedPeer(from net.Addr, err error) {
	if !h.strangers.admit(h.Clock.Now()) {
		return
	}
	h.Log.Warn("connection refused", "from", from.String(), "error", err)
	h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "connect"})
}

// linkPause is how long the link is left alone after a connection that came to nothing.
const linkPause = 100 * time.Millisecond

// runLink keeps the connection to the next part: TLS 1.3 with its pinned key.
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
	id, err := pki.PeerOf(secure, h.linkPins)
	if err != nil {
		return errors.Join(err, secure.Close())
	}
	h.serveWire(ctx, h.newPeer(id, secure, h.place.link))
	return nil
}

func (h *Half) secureLink(ctx context.Context, nc net.Conn) (*tls.Conn, error) {
	begin, configure := tls.Server, h.Identity.Server
	if h.place.dials {
		begin, configure = tls.Client, h.Identity.Client
	}
	config, err := configure(h.linkPins)
	if err != nil {
		return nil, err
	}
	secure := begin(nc, config)
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(handshake); err != nil {
		h.recordCheap(h.strangers, audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "link"})
		return nil, fmt.Errorf("handshake on the link: %w", err)
	}
	return secure, nil
}

// linkPins pins the part that the link leads to.
func (h *Half) linkPins(key ed25519.PublicKey) (string, bool) {
	return h.partWith(key, h.place.linkRole())
}

// newPeer is a neighbour whose handshake is done.
func (h *Half) newPeer(id string, nc *tls.Conn, at way) *peer {
	key, _ := nc.ConnectionState().PeerCertificates[0].PublicKey.(ed25519.PublicKey) // PeerOf has looked
	return &peer{
		id: id, key: key, conn: wire.New(nc, at == h.place.link && h.place.dials, wire.Config{Log: h.Log}),
		at: at, part: h.place.courses[at].next != "", stale: make(chan struct{}, 1), limits: newCallLimits(), damper: newDamper(),
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
	streams.Go(func() { h.keepTold(ctx, p) })
	err := p.conn.Run(ctx)
	p.cut()
	h.peers.remove(p)
	if p.part {
		h.announce() // its windows have gone with it
	}
	streams.Wait()
	h.tellLeft(p.damper, p.id)
	h.Log.Info("peer gone", "peer", p.id, "cause", err)
	h.record(audit.Entry{Class: audit.ClassSession, Verdict: "info", Action: "disconnect", Subject: p.id})
}

func (h *Half) acceptStreams(ctx context.Context, from *peer, streams *sync.WaitGroup) {
	// The connection's Run tells why it ended.
	_ = from.conn.Serve(ctx, streams.Go, func(s *wire.Stream) { h.serveStream(ctx, from, s) })
}
