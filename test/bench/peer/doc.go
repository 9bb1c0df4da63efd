// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package peer runs what the crossing is compared with: cp, scp, a chain of relays,
// and nginx as a plain proxy. All of them run on this host's loopback or Unix sockets,
// without namespaces, accounts, policy or records, which is in their favour. A program
// that is not installed is an error with its name, ErrMissing.
package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// ErrMissing says that a program is not installed here.
var ErrMissing = errors.New("not installed")

// find gives the path of a program, which for servers may be outside of PATH.
func find(name string) (string, error) {
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrMissing)
}

const readyTimeout = 10 * time.Second

// await waits until something listens at an address.
func await(ctx context.Context, network, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("nothing listens at %s: %w", address, err)
		}
	}
}

// freePort is a port of the loopback that nobody has now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
