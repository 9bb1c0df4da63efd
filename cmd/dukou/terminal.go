// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file/terminal"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// terminalFlags are what both send and receive need to reach the front.
type terminalFlags struct {
	flow     string
	front    string
	identity string
	patience time.Duration
	verbose  bool
	json     bool
}

func (t *terminalFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.flow, "flow", "", "name of the flow")
	f.StringVar(&t.front, "front", "", "address of this zone's front: host:port, or the path of a Unix socket")
	f.StringVar(&t.identity, "identity", "", "directory of this terminal's identity (see dukou enrol)")
	f.DurationVar(&t.patience, "patience", 30*time.Second, "how long a front that cannot be reached is tried")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "say what happens on the way")
	f.BoolVar(&t.json, "json", false, "print one JSON object a line")
	markRequired(c, "flow", "front", "identity")
}

// open loads the identity; it must have been admitted.
func (t *terminalFlags) open(c *cobra.Command) (*terminal.Terminal, error) {
	i, err := pki.LoadIdentity(t.identity)
	if err != nil {
		return nil, fault.Wrap(fault.CredentialMissing, err, "load the identity in %s", t.identity)
	}
	if i.Admission == nil {
		return nil, fault.New(fault.CredentialMissing, "the identity in %s is not admitted yet: see dukou enrol", t.identity)
	}
	if i.Request.Role != string(policy.RoleClient) {
		return nil, fault.New(fault.CredentialInvalid, "the identity in %s is a %s, not a terminal", t.identity, i.Request.Role)
	}
	pins := frontPins(i.Admission)
	config, err := i.Client(pins)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if t.verbose {
		log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
	}
	return &terminal.Terminal{
		ID: i.Request.ID, Zone: i.Request.Zone, State: filepath.Join(t.identity, "sending"), Patience: t.patience, Log: log,
		Dial: func(ctx context.Context) (net.Conn, string, error) { return dialFront(ctx, t.front, config, pins) },
	}, nil
}

// frontPins knows the fronts among the peers of an admission.
func frontPins(a *pki.Admission) pki.Pins {
	return func(key ed25519.PublicKey) (string, bool) {
		for _, p := range a.Peers {
			if p.Role == string(policy.RoleFront) && p.Key.Equal(key) {
				return p.ID, true
			}
		}
		return "", false
	}
}

// dialTimeout bounds a connection with its handshake.
const dialTimeout = 10 * time.Second

func dialFront(ctx context.Context, address string, config *tls.Config, pins pki.Pins) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	network := "tcp"
	if filepath.IsAbs(address) {
		network = "unix"
	}
	raw, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, "", err
	}
	nc := tls.Client(raw, config)
	if err := nc.HandshakeContext(ctx); err != nil {
		return nil, "", errors.Join(err, nc.Close())
	}
	front, err := pki.PeerOf(nc, pins)
	if err != nil {
		return nil, "", errors.Join(err, nc.Close())
	}
	return nc, front, nil
}
