// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"sync"
	"time"

	"dukou.dev/dukou/internal/guard/link"
)

// The cable's frames.
const (
	onCable    = 300 * time.Microsecond // longest delay of a frame that nothing delays
	frameRoom  = 64                     // frames that wait for their receiver
	oldFrames  = 64                     // frames that are kept to be played again
	linkWindow = 16
)

// harm are the chances of what happens to one frame, from 0 to 1.
type harm struct{ lost, torn, flipped, doubled, late, replayed float64 }

// cable joins the two ends of the link.
type cable struct {
	s    *sim
	ends [2]*port // of the lives that hold them, nil for none
	line [2]*source
	harm harm
	cut  [2]bool // what is sent from that end is lost
	old  [][]byte
	mtu  int
}

func (s *sim) newCable(mtu int) *cable {
	return &cable{s: s, mtu: mtu, line: [2]*source{s.source("cable inwards", onCable), s.source("cable outwards", onCable)}}
}

// port is one end of the cable in one life of a process. It implements link.Port.
type port struct {
	c     *cable
	side  int
	owner *life

	mu     sync.Mutex
	in     [][]byte
	notify chan struct{}
	closed bool
}

// port takes one end of the cable. The life's goroutine calls it; the scheduler
// looks at it only later.
func (c *cable) port(side int, l *life) *port {
	p := &port{c: c, side: side, owner: l, notify: make(chan struct{}, 1)}
	c.s.post(c.line[side], "plug", func() {
		if !l.dead.Load() {
			c.ends[side] = p
		}
	})
	return p
}

// Send takes all frames.
func (p *port) Send(frames [][]byte) (int, error) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed || p.owner.dead.Load() {
		return 0, link.ErrPortClosed
	}
	copies := make([][]byte, len(frames))
	for i, f := range frames {
		copies[i] = append([]byte(nil), f...)
	}
	p.c.s.post(p.c.line[p.side], "frames", func() { p.c.carry(p.side, copies) })
	return len(frames), nil
}

// Receive waits for frames.
func (p *port) Receive(b *link.Batch) error {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return link.ErrPortClosed
		}
		b.N = min(len(p.in), len(b.Buf))
		for i := range b.N {
			b.Len[i] = copy(b.Buf[i], p.in[i])
		}
		p.in = p.in[b.N:]
		p.mu.Unlock()
		if b.N > 0 {
			return nil
		}
		<-p.notify
	}
}

// MTU is in bytes.
func (p *port) MTU() int { return p.c.mtu }

// Window is in frames.
func (p *port) Window() int { return frameRoom }

// Close ends Send and Receive.
func (p *port) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake()
	return nil
}

func (p *port) wake() {
	select {
	case p.notify <- struct{}{}:
	default:
	}
}

// carry decides what becomes of the frames sent at one end.
func (c *cable) carry(from int, frames [][]byte) {
	var whole [][]byte
	for _, f := range frames {
		if c.cut[from] {
			c.s.tally.fault("frame lost on a cut cable")
			continue
		}
		whole = append(whole, c.harmed(1-from, f)...)
	}
	c.arrive(1-from, whole)
}

// harmed is what arrives at once of a frame.
func (c *cable) harmed(to int, f []byte) [][]byte {
	s, h := c.s, c.harm
	if h == (harm{}) {
		return [][]byte{f}
	}
	c.keep(f)
	var also [][]byte
	if s.chance(h.replayed) {
		s.tally.fault("frame replayed")
		also = append(also, c.old[s.rng.IntN(len(c.old))])
	}
	switch {
	case s.chance(h.lost):
		s.tally.fault("frame lost")
		return also
	case s.chance(h.torn):
		s.tally.fault("frame torn")
		return append(also, f[:s.rng.IntN(len(f))])
	case s.chance(h.flipped):
		s.tally.fault("frame flipped")
		f = append([]byte(nil), f...)
		f[s.rng.IntN(len(f))] ^= 1 << s.rng.IntN(8)
	case s.chance(h.doubled):
		s.tally.fault("frame doubled")
		also = append(also, f)
	case s.chance(h.late):
		s.tally.fault("frame late")
		s.after(s.between(time.Millisecond, 60*time.Millisecond), "late frame", func() { c.arrive(to, [][]byte{f}) })
		return also
	}
	return append(also, f)
}

// keep keeps some frames, so that those of earlier lives are played again.
func (c *cable) keep(f []byte) {
	if len(c.old) < oldFrames {
		c.old = append(c.old, f)
	} else if c.s.chance(0.2) {
		c.old[c.s.rng.IntN(oldFrames)] = f
	}
}

func (c *cable) arrive(to int, frames [][]byte) {
	p := c.ends[to]
	if p == nil || p.owner.dead.Load() || len(frames) == 0 {
		return
	}
	p.mu.Lock()
	for _, f := range frames {
		if len(p.in) < frameRoom && len(f) > 0 {
			p.in = append(p.in, f)
		}
	}
	p.mu.Unlock()
	p.wake()
}
