// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"sync"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/wire"
)

// hand is a connection to a half, led by hand in the name of a component.
type hand struct {
	l    *life
	conn *wire.Conn

	mu        sync.Mutex
	verifiers []label.Verifier
}

// grip connects and runs the connection until the life or the connection ends; with
// is called beside it.
func (l *life) grip(half string, with func(context.Context, *hand)) error {
	s := l.p.m.s
	shake, cancel := context.WithTimeout(l.ctx, 5*time.Second)
	defer cancel()
	nc, err := l.dial(shake, half)
	if err != nil {
		return err
	}
	config, err := s.mode.site.ids[l.p.id].Client(func(ed25519.PublicKey) (string, bool) { return half, true })
	if err != nil {
		return err
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(shake); err != nil {
		nc.Close()
		return err
	}
	ctx, end := context.WithCancel(l.ctx)
	h := &hand{l: l, conn: wire.New(secure, true, wire.Config{})}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			stream, err := h.conn.Accept(ctx)
			if err != nil {
				return
			}
			all.Go(func() { h.serve(ctx, stream) })
		}
	})
	all.Go(func() { with(ctx, h) })
	err = h.conn.Run(ctx)
	end()
	all.Wait()
	return err
}

// serve answers what a half calls: the time, and windows.
func (h *hand) serve(ctx context.Context, stream *wire.Stream) {
	defer stream.Close()
	m, err := stream.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return
	}
	s := h.l.p.m.s
	_ = control.Serve(ctx, stream, head, rule, func(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch head.Type {
		case control.Time:
			return s.mode.site.authority.Time([16]byte(payload), time.Now())
		case control.Windows:
			return nil, canon.Unmarshal(payload, &h.verifiers)
		default:
			return nil, fault.New(fault.FlowDirection, "not asked of a hand")
		}
	})
}

// windows are what labels are to be tagged for.
func (h *hand) windows() []label.Verifier {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.verifiers
}

// wants is what the center is to put in force.
type wants struct {
	mu      sync.Mutex
	version int // index of the bundle
	serial  int // index of the lease
	news    chan struct{}
	told    map[string][2]int // what each component has acknowledged
}

// center is the body of the center: it gives every component the bundle and the lease
// that are wanted, and tells the time.
func (s *sim) center(l *life) error {
	for l.ctx.Err() == nil {
		_ = l.grip(inner, s.distribute) // whatever the reason is, it tries again
		wait := time.NewTimer(150 * time.Millisecond)
		select {
		case <-wait.C:
		case <-l.ctx.Done():
			wait.Stop()
		}
	}
	return nil
}

// distribute gives what is wanted to all who have not got it, until ctx ends.
func (s *sim) distribute(ctx context.Context, h *hand) {
	w := &s.wants
	for ctx.Err() == nil {
		missing := false
		for _, c := range cast {
			if c.id != central && c.id != rogue && !s.give(ctx, h, c.id) {
				missing = true
			}
		}
		again := time.Hour
		if missing {
			again = 100 * time.Millisecond
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
		case <-w.news:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// give brings one component up to what is wanted, and says whether it is.
func (s *sim) give(ctx context.Context, h *hand, id string) bool {
	w := &s.wants
	w.mu.Lock()
	want, has := [2]int{w.version, w.serial}, w.told[id]
	w.mu.Unlock()
	if want == has {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if want[1] != has[1] {
		if _, err := control.Call(ctx, h.conn, control.Head{Type: control.Lease, To: id}, s.mode.site.leases[id][want[1]]); err != nil {
			return false
		}
	}
	if want[0] != has[0] {
		if _, err := control.Call(ctx, h.conn, control.Head{Type: control.Bundle, To: id}, s.mode.site.bundles[want[0]]); err != nil {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[id] = want
	return want == [2]int{w.version, w.serial}
}

// want changes what is to be in force. The scheduler calls it.
func (s *sim) want(version, serial int) {
	w := &s.wants
	w.mu.Lock()
	if version > w.version {
		s.tally.fault("bundle replaced")
		if versions[version].term > versions[w.version].term {
			s.tally.fault("term raised")
		}
	}
	if serial > w.serial {
		s.tally.fault("lease renewed")
	}
	w.version, w.serial = max(w.version, version), max(w.serial, serial)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// forbidding is the next bundle that forbids what others permit.
func (s *sim) forbidding() int {
	w := &s.wants
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := w.version; i < len(versions); i++ {
		if versions[i].cedar != "" {
			return i
		}
	}
	return w.version
}

// term is the lowest that all of the components are known to have in force.
func (s *sim) term(ids ...string) uint64 {
	w := &s.wants
	w.mu.Lock()
	defer w.mu.Unlock()
	least := versions[len(versions)-1].term
	for _, id := range ids {
		least = min(least, versions[w.told[id][0]].term)
	}
	return least
}

// behind is a component that has not got what is wanted.
func (s *sim) behind() string {
	w := &s.wants
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range cast {
		if c.id != central && c.id != rogue && w.told[c.id] != [2]int{w.version, w.serial} {
			return c.id
		}
	}
	return ""
}
