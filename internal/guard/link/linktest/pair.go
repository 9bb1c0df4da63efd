// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/guard/link"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// Half is one running link.
type Half struct {
	*link.Link
	Port link.Port
	stop context.CancelFunc
	done chan struct{}
}

// Start runs a link over a port until the test or Stop ends it.
func Start(t testing.TB, port link.Port, timing link.Timing) *Half {
	ctx, cancel := context.WithCancel(context.Background())
	h := &Half{Port: port, stop: cancel, done: make(chan struct{})}
	h.Link = link.New(link.Config{Port: port, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Timing: timing})
	go func() {
		defer close(h.done)
		_ = h.Run(ctx)
	}()
	t.Cleanup(h.Stop)
	return h
}

// Stop ends the link in order and waits for it.
func (h *Half) Stop() {
	h.stop()
	<-h.done
}

// Kill takes the port away, so that the link can say nothing more.
func (h *Half) Kill() {
	_ = h.Port.Close()
	<-h.done
}

// Join connects both halves.
func Join(t testing.TB, a, b *Half) (x, y net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var wg sync.WaitGroup
	var errX, errY error
	wg.Go(func() { x, errX = a.Connect(ctx) })
	wg.Go(func() { y, errY = b.Connect(ctx) })
	wg.Wait()
	if errX != nil || errY != nil {
		t.Fatalf("connect: %v, %v", errX, errY)
	}
	return x, y
}

// Open starts a link on both sides of a cable and joins them.
func Open(t testing.TB, c *Cable, timing link.Timing) (a, b *Half, x, y net.Conn) {
	t.Helper()
	a, b = Start(t, port(t, c, 0), timing), Start(t, port(t, c, 1), timing)
	x, y = Join(t, a, b)
	return a, b, x, y
}

func port(t testing.TB, c *Cable, side int) link.Port {
	t.Helper()
	p, err := c.Open(side)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
