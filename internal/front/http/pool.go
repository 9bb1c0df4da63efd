// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"dukou.dev/dukou/internal/fault"
)

const (
	// maxIdle is how many connections are kept for a target: all that were in use at
	// once. Whoever keeps fewer dials again for most questions when there are more.
	maxIdle     = DefaultRequests
	idleLife    = time.Second // shorter than any server's patience, so that reuse seldom meets a close
	dialTimeout = 5 * time.Second
)

// pool is the connections to one target. It is not net/http's: that one sends a
// GET again when a kept connection breaks after the request was written, and this
// one must not. A connection is in use by one question or idle, and has no
// goroutine of its own.
type pool struct {
	network, address string
	scheme, host     string
	tls              *tls.Config   // nil for plain
	life             time.Duration // idleLife, but in tests

	mu     sync.Mutex
	idle   []*conn // the last one used is the last
	closed bool
}

// question is one request as it goes onto the wire, and the bound of its answer's body.
type question struct {
	method string
	wire   []byte
	limit  int64
}

// exchange sends a question and reads the answer. A kept connection that turns out
// to be closed before a byte was written is replaced by a new one; after the first
// byte nothing is sent again.
func (p *pool) exchange(ctx context.Context, q question) (*received, error) {
	if c := p.take(); c != nil {
		got, err := p.use(ctx, c, q)
		if err == nil || c.touched {
			return got, err
		}
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.TargetUnavailable, err, "no connection")
	}
	return p.use(ctx, c, q)
}

// use has one exchange on a connection and keeps or closes it.
func (p *pool) use(ctx context.Context, c *conn, q question) (*received, error) {
	got, err := c.exchange(ctx, q)
	if err != nil || !c.reusable {
		c.close()
		return got, err
	}
	p.keep(c)
	return got, nil
}

func (p *pool) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, p.network, p.address)
	if err != nil {
		return nil, err
	}
	if p.tls == nil {
		return newConn(raw, raw), nil
	}
	secure := tls.Client(raw, p.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return newConn(raw, secure), nil
}

// take is an idle connection on which nothing has happened since, or nil.
func (p *pool) take() *conn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if c.expiry.Stop() && c.quiet() {
			return c
		}
		c.close()
	}
}

func (p *pool) keep(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdle {
		c.close()
		return
	}
	c.expiry = time.AfterFunc(p.life, func() { p.expire(c) })
	p.idle = append(p.idle, c)
}

// expire closes a connection that is still idle.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.idle {
		if other == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			c.close()
			return
		}
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.expiry.Stop()
		c.close()
	}
	p.idle = nil
}
