// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
)

// relayTo runs a relay to a Unix socket and returns its address.
func relayTo(t *testing.T, stage *cell.Stage, name, socket string) string {
	t.Helper()
	relay, err := stage.Relay(name, "127.0.0.1:0", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- relay.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("the relay does not end")
		}
	})
	return relay.Addr()
}

func TestRelayReachesACell(t *testing.T) {
	stage, dir := openStage(t), shortDir(t)
	socket := filepath.Join(dir, "s")
	_, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"listen", "unix", socket}, Writable: []string{dir}})
	out.await(t, "listening")
	address := relayTo(t, stage, "a", socket)
	echoes(t, address)
}

// TestRelayReachesAPort: the cell is reached by the port that it knows of itself, and
// nothing of it is on the host.
func TestRelayReachesAPort(t *testing.T) {
	stage, dir := openStage(t), shortDir(t)
	address := relayTo(t, stage, "a", cell.SamePort)
	_, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"listen", "tcp", address}, Writable: []string{dir}, Loopback: true})
	out.await(t, "listening")
	echoes(t, address)
}

func TestRelayToAPortWithoutIsolation(t *testing.T) {
	if _, err := openPlain(t).Relay("a", "127.0.0.1:0", cell.SamePort); !errors.Is(err, cell.ErrNotIsolated) {
		t.Errorf("the port would be the relay's own: %v", err)
	}
}

// echoes sends much to an address, over many connections, and wants it back.
func echoes(t *testing.T, address string) {
	t.Helper()
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			all.Go(func() {
				_, _ = conn.Write(want)
				_ = conn.(*net.TCPConn).CloseWrite() // the answer must still come
			})
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes back of %d: %v", len(got), len(want), err)
			}
		})
	}
	all.Wait()
}

func TestRelayToNobodyClosesTheConnection(t *testing.T) {
	for _, target := range []string{filepath.Join(shortDir(t), "nobody"), cell.SamePort} {
		t.Run(filepath.Base(target), func(t *testing.T) { closedAtOnce(t, relayTo(t, openStage(t), "a", target)) })
	}
}

func closedAtOnce(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestRelayEndsIdleConnections(t *testing.T) {
	dir := shortDir(t)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var both [2]net.Conn
	t.Cleanup(func() { // runs after the relay's own, since it is registered before
		for _, c := range both {
			if c != nil {
				c.Close()
			}
		}
	})
	if both[0], err = net.Dial("tcp", relayTo(t, openStage(t), "a", filepath.Join(dir, "s"))); err != nil {
		t.Fatal(err)
	}
	if both[1], err = l.Accept(); err != nil {
		t.Fatal(err)
	}
}

func TestRelayListensOnLoopbackOnly(t *testing.T) {
	stage := openStage(t)
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		if _, err := stage.Relay("a", address, "/s"); err == nil {
			t.Errorf("listens on %s", address)
		}
	}
}
