// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// newTerminals opens where the zone's terminals connect: TLS 1.3, with the keys of those
// that the bundle in force names.
func newTerminals(address string, identity *pki.Identity, core *front.Front, entry *file.Entry, exit *file.Exit, log *slog.Logger) (*file.Terminals, error) {
	zone := identity.Request.Zone
	pins := func(key ed25519.PublicKey) (string, bool) {
		p := core.Policy()
		if p == nil {
			return "", false
		}
		for i := range p.Components {
			if c := &p.Components[i]; c.Role == policy.RoleClient && c.Zone == zone && c.Key.Equal(key) {
				return c.ID, true
			}
		}
		return "", false
	}
	config, err := identity.Server(pins)
	if err != nil {
		return nil, err
	}
	listener, err := daemon.Listen(address)
	if err != nil {
		return nil, err
	}
	return &file.Terminals{
		Front: identity.Request.ID, Zone: zone, Listener: tls.NewListener(listener, config), Identify: identify(pins),
		Policy: core.Policy, Entry: entry, Exit: exit, Log: log,
	}, nil
}

// identify names who is at the other end once it has proven its key; the connection's
// deadline bounds the handshake.
func identify(pins pki.Pins) func(net.Conn) (string, error) {
	return func(nc net.Conn) (string, error) {
		secure, ok := nc.(*tls.Conn)
		if !ok {
			return "", errors.New("not a TLS connection")
		}
		if err := secure.Handshake(); err != nil { //nolint:noctx // see above
			return "", err
		}
		return pki.PeerOf(secure, pins)
	}
}
