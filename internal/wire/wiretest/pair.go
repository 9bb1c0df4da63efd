// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package wiretest joins two wire connections inside a test.
package wiretest

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/wire"
)

// Pair runs two connections over a Unix socket, the dialer first. They are
// stopped, and have ended, before the test does.
func Pair(t testing.TB, dialer, acceptor wire.Config) (*wire.Conn, *wire.Conn) {
	t.Helper()
	a, b := Socket(t, "unix")
	return Run(t, wire.New(a, true, dialer)), Run(t, wire.New(b, false, acceptor))
}

// Run runs c until the test ends.
func Run(t testing.TB, c *wire.Conn) *wire.Conn {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Run(ctx) // the test asks c.Err
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return c
}

// Socket joins two ends of a socket of the network "unix" or "tcp" (loopback).
func Socket(t testing.TB, network string) (dialed, accepted net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err = net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return dialed, accepted
}
