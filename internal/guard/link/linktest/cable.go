// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"dukou.dev/dukou/internal/guard/link"
)

// Cable joins two hosts.
type Cable struct {
	// Open opens the port of a side, 0 or 1. After the port is closed, it can be
	// opened again, as by a process that restarts.
	Open func(side int) (link.Port, error)
	// Plug pulls the cable out or puts it back.
	Plug func(in bool) error
}

// Memory is a cable inside one process. It holds a bounded number of frames and
// drops the rest, as a card does.
func Memory(mtu int) *Cable {
	m := &memory{mtu: mtu}
	for i := range m.ends {
		m.ends[i] = make(chan []byte, memoryWindow*2)
	}
	m.in.Store(true)
	return &Cable{Open: m.open, Plug: func(in bool) error { m.in.Store(in); return nil }}
}

const memoryWindow = 256

type memory struct {
	mtu  int
	in   atomic.Bool
	ends [2]chan []byte // towards each side
}

func (m *memory) open(side int) (link.Port, error) {
	return &memoryPort{memory: m, out: m.ends[1-side], inbox: m.ends[side], closed: make(chan struct{})}, nil
}

type memoryPort struct {
	*memory
	out, inbox chan []byte
	closed     chan struct{}
	once       sync.Once
}

func (p *memoryPort) MTU() int    { return p.mtu }
func (p *memoryPort) Window() int { return memoryWindow }

func (p *memoryPort) Send(frames [][]byte) (int, error) {
	for _, f := range frames {
		if !p.in.Load() {
			continue
		}
		select {
		case <-p.closed:
			return 0, link.ErrPortClosed
		case p.out <- append([]byte(nil), f...):
		default:
		}
	}
	return len(frames), nil
}

func (p *memoryPort) Receive(b *link.Batch) error {
	select {
	case <-p.closed:
		return link.ErrPortClosed
	case f := <-p.inbox:
		b.N = 0
		p.put(b, f)
	}
	for b.N < len(b.Buf) {
		select {
		case f := <-p.inbox:
			p.put(b, f)
		default:
			return nil
		}
	}
	return nil
}

func (p *memoryPort) put(b *link.Batch, f []byte) {
	b.Len[b.N] = copy(b.Buf[b.N], f)
	b.N++
}

func (p *memoryPort) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Unix is a cable over a Unix socket. Side 0 listens.
func Unix(t testing.TB) *Cable {
	path := filepath.Join(t.TempDir(), "link")
	var in atomic.Bool
	in.Store(true)
	return &Cable{
		Open: func(side int) (link.Port, error) {
			p, err := link.OpenUnix(path, side == 0)
			return &pluggable{Port: p, in: &in}, err
		},
		Plug: func(b bool) error { in.Store(b); return nil },
	}
}

// pluggable loses all frames while its cable is out.
type pluggable struct {
	link.Port
	in *atomic.Bool
}

func (p *pluggable) Send(frames [][]byte) (int, error) {
	if !p.in.Load() {
		return len(frames), nil
	}
	return p.Port.Send(frames)
}

// Packet is a cable over a veth pair between two network namespaces.
func Packet(t testing.TB, mtu int) *Cable {
	a, b := Veth(t, mtu)
	hosts := [2]*Host{a, b}
	return &Cable{
		Open: func(side int) (p link.Port, err error) {
			err = hosts[side].Do(func() error {
				p, err = link.OpenPacket(link.PacketConfig{Interface: Interface})
				return err
			})
			return p, err
		},
		Plug: func(in bool) error { return a.Plug(in) },
	}
}
