// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard is one part of the guard: the outer half, or one of the two processes
// of the inner half, the gate and the inner process. It takes parcels from its
// neighbours, judges and records each, and hands it on. It forwards no bytes: whatever
// leaves is a parcel that was decoded here. What each part does in each direction is
// in the table of placeOf.
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
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/judge/second"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
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

// Config is what a part is made of.
type Config struct {
	Side      Side
	Identity  *pki.Identity
	State     string // directory of the bundle and the lease
	Journal   *audit.Journal
	Link      Connector    // the cable; of the inner process the way to the gate
	Listener  net.Listener // for the fronts of this side and the center; of the gate for the inner process
	Clock     *pki.Clock
	Host      control.Host      // told with its state
	Effective control.Effective // told when asked: what it runs with
	Log       *slog.Logger
}

// Half is one part of the guard at its place.
type Half struct {
	Config
	id      string
	place   place
	keeper  *policy.Keeper
	keys    *pki.Keys
	judges  map[way]verifier // of what travels there; none where its form is checked
	witness *audit.Witness   // of the center's log; only where the center connects
	peers   *peers
	quota   *quota
	border  *border // nil but at the gate
	lobby   lobby
	counts  Counts

	strangers *damper
	all       sync.WaitGroup // connections
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
	at, ok := placeOf(c.Side)
	if !ok {
		return nil, fmt.Errorf("a guard has no side %q", c.Side)
	}
	h := &Half{Config: c, id: c.Identity.Request.ID, place: at, keys: &pki.Keys{}, judges: map[way]verifier{}, peers: newPeers()}
	h.quota, h.strangers, h.lobby.by = newQuota(c.Clock.Now), newDamper(), map[string]int{}
	if at.border {
		h.border = newBorder(h, c.Clock.Now)
	}
	var err error
	if h.keeper, err = policy.NewKeeper(c.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}); err != nil {
		return nil, err
	}
	if err := h.Identity.LoadLease(c.State, h.keys); err != nil {
		return nil, err
	}
	c.Journal.UseKeys(h.keys.Detail)
	for w, course := range at.courses {
		if err := h.seat(w, course.check); err != nil {
			return nil, err
		}
	}
	if at.center {
		h.witness, err = openWitness(h)
	}
	return h, err
}

// seat gives this part its judge of what travels one way.
func (h *Half) seat(w way, c check) (err error) {
	switch c {
	case byFirst:
		h.judges[w], err = judge.New(h.id, h.keys, h.Clock.Now, nil)
	case bySecond:
		h.judges[w], err = second.New(h.id, h.keys, h.Clock.Now, nil)
	case byForm: // needs nobody
	}
	return err
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
		daemon.Task{Name: "dampers", Run: h.runDampers},
	)
	h.all.Wait()
	if h.witness != nil {
		err = errors.Join(err, h.witness.Close())
	}
	return errors.Join(err, h.Journal.Flush())
}

// pins tells who may connect: another part by the admission, which never depends on a
// bundle; a front or the center by the bundle, before the first one by the admission.
func (h *Half) pins(key ed25519.PublicKey) (string, bool) {
	if role := h.place.courses[h.place.listener()].next; role != "" {
		return h.partWith(key, role)
	}
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

// partWith finds the part of this guard that has a role and a key, by the admission.
func (h *Half) partWith(key ed25519.PublicKey, role policy.Role) (string, bool) {
	for _, p := range h.Identity.Admission.Peers {
		if p.Key.Equal(key) && policy.Role(p.Role) == role {
			return p.ID, true
		}
	}
	return "", false
}

// part is the admitted component of a role, "" for none.
func (h *Half) part(role policy.Role) string {
	for _, p := range h.Identity.Admission.Peers {
		if policy.Role(p.Role) == role {
			return p.ID
		}
	}
	return ""
}

// mayConnect tells which components have business at this part's listener.
func (h *Half) mayConnect(id string) bool {
	if role := h.place.courses[h.place.listener()].next; role != "" {
		return id != "" && id == h.part(role)
	}
	p := h.keeper.Current()
	if p == nil {
		return h.place.center && id != "" && id == h.part(policy.RoleCenter)
	}
	c := p.Component(id)
	if c == nil {
		return false
	}
	zone := p.Zone(c.Zone)
	switch c.Role {
	case policy.RoleFront:
		return zone != nil && zone.Inner == (h.place.listener() == inwards)
	case policy.RoleCenter:
		return h.place.center
	default:
		return false
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

// admitted tells whether a connected peer may stay: its key is still that of a
// component that has business here.
func (h *Half) admitted(p *peer) bool {
	if p.part {
		return true // by the admission, which does not change while this process runs
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

// runClock keeps the floor of the clock, and has it set; the inner process asks nobody.
func (h *Half) runClock(ctx context.Context) error {
	if h.Side == Inner {
		return h.Clock.Run(ctx, nil)
	}
	return h.Clock.Run(ctx, func(ctx context.Context) { h.askTime(ctx) })
}
