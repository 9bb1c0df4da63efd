// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// listener is where a half is reached.
type listener struct {
	owner   *life
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *life) listen() *listener {
	n := &listener{owner: l, waiting: make(chan net.Conn, 64), closed: make(chan struct{})}
	l.listener.Store(n)
	return n
}

// Accept waits for the next connection.
func (n *listener) Accept() (net.Conn, error) {
	select {
	case c := <-n.waiting:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (n *listener) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr is a name.
func (n *listener) Addr() net.Addr { return place(n.owner.p.id) }

func (n *listener) open() bool {
	select {
	case <-n.closed:
		return false
	default:
		return true
	}
}

// dial connects a process to another one.
func (l *life) dial(ctx context.Context, to string) (net.Conn, error) {
	s := l.p.m.s
	got := make(chan net.Conn, 1)
	refused := make(chan struct{})
	var left atomic.Bool
	s.post(l.line, "dial "+to, func() {
		target := s.process[to]
		if left.Load() || l.dead.Load() || !target.m.up {
			return // nobody answers; the dialer's time ends
		}
		t := target.life
		if t == nil || t.dead.Load() || t.listener.Load() == nil || !t.listener.Load().open() {
			close(refused)
			return
		}
		mine, theirs := s.join(l, t)
		t.listener.Load().waiting <- theirs
		got <- mine
	})
	select {
	case c := <-got:
		return c, nil
	case <-refused:
		return nil, errRefused
	case <-ctx.Done():
		left.Store(true)
		return nil, ctx.Err()
	case <-l.gone:
		return nil, errGone
	}
}
