// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"errors"
	"net"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/guard/link/linktest"
)

// A killed process leaves its socket file; the next one must not stumble over it.
func TestUnixStaleFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "link")
	old, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := link.OpenUnix(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if second, err := link.OpenUnix(path, true); err == nil {
		second.Close()
		t.Fatal("a second listener took a socket in use")
	}
}

// The side that listens is killed and starts again; the dialing side finds it.
func TestUnixListenerRestarts(t *testing.T) {
	t.Parallel()
	c := linktest.Unix(t)
	open := func(side int) *linktest.Half {
		p, err := c.Open(side)
		if err != nil {
			t.Fatal(err)
		}
		return linktest.Start(t, p, link.Timing{})
	}
	a, b := open(0), open(1)
	for range 3 {
		x, y := linktest.Join(t, a, b)
		a.Kill()
		if _, err := x.Read(make([]byte, 1)); err == nil {
			t.Fatal("Read succeeded after the end of Run")
		}
		a = open(0)
		gone := make(chan error, 1)
		go func() {
			_, err := y.Read(make([]byte, 1))
			gone <- err
		}()
		again := make(chan error, 1)
		go func() {
			_, err := a.Connect(t.Context())
			again <- err
		}()
		if err := <-gone; !errors.Is(err, link.ErrReset) {
			t.Fatalf("Read: %v, want ErrReset", err)
		}
		if _, err := b.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-again; err != nil {
			t.Fatal(err)
		}
		a.Stop()
		a = open(0)
		b.Stop()
		b = open(1)
	}
}
