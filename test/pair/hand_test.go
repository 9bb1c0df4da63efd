// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"sync"
	"time"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/wire"
)

// hand is a connection to a half that a test leads by hand, in the name of a
// component: the center, a captured front, a captured half.
type hand struct {
	site *site
	id   string
	conn *wire.Conn
	stop func()

	mu        sync.Mutex
	verifiers []label.Verifier
	ahead     time.Duration                                             // of the time that it tells
	serve     func(ctx context.Context, s *wire.Stream, m wire.Message) // streams that are no windows; may be nil
	says      func(context.Context, control.Head) ([]byte, error)       // answers calls; may be nil
}

// grip connects as id to the socket of a half.
func (s *site) grip(id, half string) (*hand, error) {
	nc, err := s.dial(half)(context.Background())
	if err != nil {
		return nil, err
	}
	config, err := s.ids[id].Client(func(ed25519.PublicKey) (string, bool) { return half, true })
	if err != nil {
		return nil, err
	}
	return s.hold(id, tls.Client(nc, config), true)
}

// hold runs a connection whose handshake is still to be made.
func (s *site) hold(id string, nc *tls.Conn, dialer bool) (*hand, error) {
	shake, cancelShake := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelShake()
	if err := nc.HandshakeContext(shake); err != nil {
		nc.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &hand{site: s, id: id, conn: wire.New(nc, dialer, wire.Config{Log: s.log.With("at", "hand of "+id)})}
	var all sync.WaitGroup
	all.Go(func() { _ = h.conn.Run(ctx) })
	all.Go(func() {
		for {
			stream, err := h.conn.Accept(ctx)
			if err != nil {
				return
			}
			all.Go(func() { h.stream(ctx, stream) })
		}
	})
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			all.Wait()
		})
	}
	s.t.Cleanup(h.stop)
	return h, nil
}

func (s *site) mustGrip(id, half string) *hand {
	s.t.Helper()
	h, err := s.grip(id, half)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (h *hand) stream(ctx context.Context, s *wire.Stream) {
	defer s.Close()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		h.mu.Lock()
		serve := h.serve
		h.mu.Unlock()
		if serve != nil {
			serve(ctx, s, m)
		}
		return
	}
	_ = control.Serve(ctx, s, head, rule, func(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
		h.mu.Lock()
		says := h.says
		h.mu.Unlock()
		switch {
		case says != nil && head.Type != control.Windows:
			return says(ctx, head)
		case head.Type == control.Time && h.id == central:
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.site.authority.Time([16]byte(payload), time.Now().Add(h.ahead))
		case head.Type == control.Windows:
			var list []label.Verifier
			err := canon.Unmarshal(payload, &list)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.verifiers = list
			return nil, err
		default:
			return nil, fault.New(fault.FlowDirection, "not asked of a hand")
		}
	})
}

// windows waits until the hand was told so many.
func (h *hand) windows(n int) []label.Verifier {
	h.site.t.Helper()
	var list []label.Verifier
	within(h.site.t, 10*time.Second, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if list = h.verifiers; len(list) != n {
			return wrong("told %d windows, want %d", len(list), n)
		}
		return nil
	})
	return list
}

// call makes one call.
func (h *hand) call(t control.Type, to string, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return control.Call(ctx, h.conn, control.Head{Type: t, To: to}, payload)
}

// pairs are the pairs of makers and judges of an installation.
func pairs() []pki.Pair {
	return []pki.Pair{
		{Maker: frontOut, Judge: outer}, {Maker: frontOut, Judge: inner}, {Maker: frontTwo, Judge: outer},
		{Maker: frontTwo, Judge: inner}, {Maker: frontIn, Judge: inner}, {Maker: frontIn, Judge: gate},
	}
}

func (s *site) lease(id string, serial uint64) []byte {
	s.t.Helper()
	w := authority.WantLease{
		Component: id, Serial: serial, First: label.EpochAt(time.Now().Add(-time.Hour)), Last: label.EpochAt(time.Now().Add(48 * time.Hour)),
	}
	for _, p := range pairs() {
		if p.Maker == id || p.Judge == id {
			w.Pairs = append(w.Pairs, p)
		}
	}
	data, err := s.authority.Lease(w)
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

// give gives components a lease and a bundle, as soon as they can be reached.
func (h *hand) give(bundle []byte, serial uint64, ids ...string) {
	h.site.t.Helper()
	for _, id := range ids {
		within(h.site.t, 10*time.Second, func() error {
			if _, err := h.call(control.Lease, id, h.site.lease(id, serial)); err != nil {
				return err
			}
			_, err := h.call(control.Bundle, id, bundle)
			return err
		})
	}
}

// world is a whole installation at work, led by a hand instead of a center.
type world struct {
	*site
	outer, inner, out, in *part
	app                   *application
	center                *hand
}

func newWorld(t interface{ Helper() }, s *site) *world {
	t.Helper()
	w := &world{site: s, app: newApplication()}
	w.outer, w.inner = s.startPair()
	w.center = s.mustGrip(central, inner)
	w.center.give(s.sign(s.bundle(1), 2), 1, inner, gate, outer)
	w.out = s.startFront(frontOut, outer, nil, nil)
	w.in = s.startFront(frontIn, inner, w.app, nil)
	w.center.give(s.sign(s.bundle(1), 2), 1, frontIn, frontOut)
	return w
}
