// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"net"
	nethttp "net/http"
	"net/netip"
	"sync"
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

// noteState tells the door that a connection has asked something: its handshake is
// done and the first bytes of a request are here.
func noteState(nc net.Conn, state nethttp.ConnState) {
	if state != nethttp.StateActive {
		return
	}
	if wrapped, ok := nc.(interface{ NetConn() net.Conn }); ok { // TLS
		nc = wrapped.NetConn()
	}
	if v, ok := nc.(*visitor); ok {
		v.asked()
	}
}
