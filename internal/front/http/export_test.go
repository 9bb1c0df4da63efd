// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"net"
	nethttp "net/http"
	"time"
)

// Hurry shortens the time in which a head, and a whole request, must be there.
func (e *Entry) Hurry(head, read time.Duration) { e.head, e.read = head, read }

// Behind puts a door before a listener and a server behind it.
func Behind(ln net.Listener, most, mostFresh int, s *nethttp.Server) (door net.Listener, held func() (fresh, sources int)) {
	d := newDoor(ln, most, mostFresh)
	s.ConnState = noteState
	return d, func() (fresh, sources int) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.fresh, len(d.source)
	}
}

// KeepIdle makes the connections to the targets stay for longer than they do.
func (x *Exit) KeepIdle(life time.Duration) {
	for _, p := range x.targets {
		p.life = life
	}
}
