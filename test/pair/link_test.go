// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"testing"

	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/guard/link"
)

// startLinked starts a half over the real link protocol on a socket of frames.
func (s *site) startLinked(side guard.Side) *part {
	s.t.Helper()
	port, err := link.OpenUnix(s.path("link"), side == guard.Gate)
	if err != nil {
		s.t.Fatal(err)
	}
	l := link.New(link.Config{Port: port, Log: s.log})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	p := s.startHalf(side, l)
	stop := p.cancel
	p.cancel = func() {
		stop()
		cancel()
	}
	s.t.Cleanup(func() {
		s.stopAll() // before what they stand on
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
	return p
}

// TestOverLink: questions and a delivery over frames, with a restart of each part.
func TestOverLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := &carrier{world: &world{site: s, app: newApplication()}, shelf: map[string]*shelf{frontIn: s.newShelf(frontIn)}}
	c.outer = s.startLinked(guard.Outer)
	s.startLinked(guard.Gate)
	c.inner = s.startSide(guard.Inner)
	c.center = s.mustGrip(central, inner)
	c.center.give(s.sign(s.bundle(1), 2), 1, inner, gate, outer)
	c.out = s.startFront(frontOut, outer, nil, nil)
	c.in = s.startFront(frontIn, inner, c.app, c.shelf[frontIn])
	c.center.give(s.sign(s.bundle(1), 2), 1, frontIn, frontOut)
	stop := c.traffic(4)
	body := noise(9*chunk + 1)
	out := c.outgoing("files", "out/sender", "linked", body)
	g := newStall(body, 5*chunk)
	ended := make(chan error, 1)
	go func() {
		_, err := c.out.persist(out, g)
		ended <- err
	}()
	<-g.reached
	c.answered(20)
	s.running[gate].stop()
	close(g.open)
	s.startLinked(guard.Gate)
	c.answered(20)
	c.inner.stop()
	c.inner = s.startSide(guard.Inner)
	c.answered(20)
	c.outer.stop()
	c.outer = s.startLinked(guard.Outer)
	c.answered(20)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := c.app.once(); err != nil {
		t.Error(err)
	}
	c.released(frontIn, map[string][]byte{"linked": body})
}
