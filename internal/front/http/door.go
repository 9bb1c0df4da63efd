// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"context"
	"net"
	nethttp "net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"dukou.dev/dukou/internal/fault"
)

// door bounds the connections of one listener that have not asked anything yet, those
// in a handshake among them, and what one source may have: half of all, of either kind.
// What is over is closed at once, so that it keeps nobody out. A Unix socket is no source.
type door struct {
	net.Listener
	most, mostFresh int

	mu     sync.Mutex
	fresh  int
	source map[netip.Addr]held
}

// held are the connections of one source.
type held struct{ all, fresh int }

func newDoor(ln net.Listener, most, mostFresh int) *door {
	return &door{Listener: ln, most: most, mostFresh: mostFresh, source: map[netip.Addr]held{}}
}

// Accept gives the next connection that is within the bounds.
func (d *door) Accept() (net.Conn, error) {
	for {
		nc, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := d.enter(nc); c != nil {
			return c, nil
		}
		_ = nc.Close()
	}
}

// enter counts a connection, nil where it is one too many.
func (d *door) enter(nc net.Conn) *visitor {
	v := &visitor{Conn: nc, door: d, fresh: true}
	if at, err := netip.ParseAddrPort(nc.RemoteAddr().String()); err == nil {
		v.source = at.Addr().Unmap()
		if v.source.Is6() {
			if p, err := v.source.WithZone("").Prefix(64); err == nil {
				v.source = p.Addr()
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.source[v.source]
	known := v.source.IsValid()
	if d.fresh >= d.mostFresh || known && (h.all >= d.most/2 || h.fresh >= d.mostFresh/2) {
		return nil
	}
	d.fresh++
	if known {
		d.source[v.source] = held{h.all + 1, h.fresh + 1}
	}
	return v
}

// visitor is one connection.
type visitor struct {
	net.Conn
	door   *door
	source netip.Addr // invalid for none
	fresh  bool       // has not asked anything yet; under the door's lock
	left   bool
	unread atomic.Bool // bytes of a request came, and none could be made of them
}

// asked takes a connection off those that have not asked anything.
func (v *visitor) asked() {
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	v.settle()
}

func (v *visitor) settle() {
	if !v.fresh {
		return
	}
	v.fresh = false
	v.door.fresh--
	if v.source.IsValid() {
		h := v.door.source[v.source]
		h.fresh--
		v.door.source[v.source] = h
	}
}

// Close ends the connection and gives its place back.
func (v *visitor) Close() error {
	v.door.mu.Lock()
	if !v.left {
		v.left = true
		v.settle()
		if h := v.door.source[v.source]; v.source.IsValid() && h.all > 1 {
			h.all--
			v.door.source[v.source] = h
		} else {
			delete(v.door.source, v.source)
		}
	}
	v.door.mu.Unlock()
	return v.Conn.Close()
}

// visitorOf is the connection that the server has, nil for one that came by no door.
func visitorOf(nc net.Conn) *visitor {
	if wrapped, ok := nc.(interface{ NetConn() net.Conn }); ok { // TLS
		nc = wrapped.NetConn()
	}
	v, _ := nc.(*visitor)
	return v
}

type visitorKey struct{}

// withVisitor lets the handler of a request know its connection.
func withVisitor(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, visitorOf(nc))
}

// read notes that a request of this connection came to its handler.
func (h handler) read(ctx context.Context) {
	if v, _ := ctx.Value(visitorKey{}).(*visitor); v != nil {
		v.unread.Store(false)
	}
}

// noteState tells the door that a connection has asked something: its handshake is
// done and the first bytes of a request are here.
func noteState(nc net.Conn, state nethttp.ConnState) {
	if v := visitorOf(nc); v != nil && state == nethttp.StateActive {
		v.asked()
	}
}

// noteState records, too, that a connection ended before its bytes became a request:
// the server refuses those by itself, and tells nobody.
func (h handler) noteState(nc net.Conn, state nethttp.ConnState) {
	noteState(nc, state)
	v := visitorOf(nc)
	switch {
	case v == nil:
	case state != nethttp.StateClosed:
		v.unread.Store(state == nethttp.StateActive)
	case v.unread.Load():
		remote, err := nc.RemoteAddr().String(), fault.New(fault.RequestMalformed, "bytes that are no request, or only the beginning of one")
		id := h.entry.config.Crossing.Refuse(nil, remote, err)
		h.entry.config.Log.Debug("refused", "id", id, "listener", h.name, "remote", remote, "error", err)
	}
}
