// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"dukou.dev/dukou/internal/guard/link"
)

// Run holds a kind of port to everything that the link must do over it. make
// gives a new cable.
func Run(t *testing.T, make func(t testing.TB) *Cable) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Cable)
	}{
		{"Bulk", testBulk},
		{"PingPong", testPingPong},
		{"Faults", testFaults},
		{"Killed", testKilled},
		{"Stopped", testStopped},
		{"Unplugged", testUnplugged},
		{"Silent", testSilent},
		{"SlowReader", testSlowReader},
		{"CloseUnblocks", testCloseUnblocks},
		{"CloseDelivers", testCloseDelivers},
		{"ConnectGivesUp", testConnectGivesUp},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, make(t)) })
	}
	t.Run("Conn", func(t *testing.T) {
		nettest.TestConn(t, func() (x, y net.Conn, stop func(), err error) {
			a, b, x, y := Open(t, make(t), link.Timing{})
			return x, y, func() { a.Stop(); b.Stop() }, nil
		})
	})
}

// stream writes n bytes of a seeded sequence.
func stream(c io.Writer, seed uint64, n int) error {
	buf, next := make([]byte, 100_000), source(seed)
	for n > 0 {
		part := buf[:min(n, len(buf))]
		next(part)
		if _, err := c.Write(part); err != nil {
			return err
		}
		n -= len(part)
	}
	return nil
}

// expect reads n bytes and compares them with the sequence.
func expect(c io.Reader, seed uint64, n int) error {
	got, want, next := make([]byte, 64<<10), make([]byte, 64<<10), source(seed)
	for done := 0; done < n; {
		part := got[:min(n-done, len(got))]
		if _, err := io.ReadFull(c, part); err != nil {
			return fmt.Errorf("after %d of %d bytes: %w", done, n, err)
		}
		next(want[:len(part)])
		if string(part) != string(want[:len(part)]) {
			return fmt.Errorf("other bytes than were sent, after %d", done)
		}
		done += len(part)
	}
	return nil
}

// source gives the bytes of a sequence, whatever the sizes asked for.
func source(seed uint64) func([]byte) {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	rng := rand.NewChaCha8(key)
	return func(p []byte) { _, _ = rng.Read(p) }
}

// both moves n bytes each way at the same time.
func both(t *testing.T, x, y net.Conn, n int) {
	t.Helper()
	limit(t, x, y)
	var wg sync.WaitGroup
	var errs [4]error
	wg.Go(func() { errs[0] = stream(x, 1, n) })
	wg.Go(func() { errs[1] = stream(y, 2, n) })
	wg.Go(func() { errs[2] = expect(y, 1, n) })
	wg.Go(func() { errs[3] = expect(x, 2, n) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

// limit makes a hanging test fail instead.
func limit(t *testing.T, conns ...net.Conn) {
	t.Helper()
	for _, c := range conns {
		if err := c.SetDeadline(time.Now().Add(3 * patience)); err != nil {
			t.Fatal(err)
		}
	}
}

func testBulk(t *testing.T, c *Cable) {
	_, _, x, y := Open(t, c, link.Timing{})
	both(t, x, y, 64<<20)
}

func testPingPong(t *testing.T, c *Cable) {
	_, _, x, y := Open(t, c, link.Timing{})
	limit(t, x, y)
	go func() { _, _ = io.CopyN(y, y, 2000*64) }()
	buf := make([]byte, 64)
	for i := range 2000 {
		binary.BigEndian.PutUint64(buf, uint64(i))
		if _, err := x.Write(buf); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(x, buf); err != nil {
			t.Fatal(err)
		}
		if got := binary.BigEndian.Uint64(buf); got != uint64(i) {
			t.Fatalf("answer %d to message %d", got, i)
		}
	}
}

func testFaults(t *testing.T, c *Cable) {
	for i, f := range []Faults{{Loss: 0.05}, {Loss: 0.3}, {Late: 0.2}, {Double: 0.3}, {Damage: 0.1},
		{Loss: 0.1, Late: 0.1, Double: 0.1, Damage: 0.1}} {
		seed := uint64(i)
		a := Start(t, Faulty(t, port(t, c, 0), seed, f), link.Timing{})
		b := Start(t, Faulty(t, port(t, c, 1), seed+100, f), link.Timing{})
		x, y := Join(t, a, b)
		both(t, x, y, 2<<20)
		a.Stop()
		b.Stop()
	}
}

// testKilled: one side's process is killed in the middle and starts again.
func testKilled(t *testing.T, c *Cable) {
	a, b, x, y := Open(t, c, link.Timing{})
	broken := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, x)
		broken <- err
	}()
	if err := stream(y, 1, 1<<20); err != nil {
		t.Fatal(err)
	}
	b.Kill()
	if _, err := y.Write([]byte("x")); err == nil {
		t.Error("Write succeeded after the end of Run")
	}
	b = Start(t, port(t, c, 1), link.Timing{})
	x, y = rejoin(t, a, b, broken)
	both(t, x, y, 1<<20)
}

// rejoin connects b, waits until a's connection has failed, and connects a.
func rejoin(t *testing.T, a, b *Half, broken <-chan error) (x, y net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var err error
		y, err = b.Connect(ctx)
		done <- err
	}()
	select {
	case err := <-broken:
		if !errors.Is(err, link.ErrReset) {
			t.Errorf("old connection ended with %v, want ErrReset", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the old connection lives on after the peer has restarted")
	}
	x, err := a.Connect(ctx)
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	return x, y
}

// testStopped: one side ends in order; the other hears of it at once.
func testStopped(t *testing.T, c *Cable) {
	_, b, x, _ := Open(t, c, link.Timing{})
	limit(t, x)
	b.Stop()
	if _, err := x.Read(make([]byte, 1)); !errors.Is(err, link.ErrReset) {
		t.Fatalf("Read: %v, want ErrReset", err)
	}
}

// testUnplugged: the cable is out for two seconds in the middle of a transfer.
func testUnplugged(t *testing.T, c *Cable) {
	_, _, x, y := Open(t, c, link.Timing{})
	limit(t, x, y)
	half := make(chan struct{})
	var wg sync.WaitGroup
	var errs [2]error
	wg.Go(func() {
		if errs[0] = stream(x, 1, 4<<20); errs[0] == nil {
			close(half)
			errs[0] = stream(x, 2, 16<<20)
		}
	})
	wg.Go(func() {
		if errs[1] = expect(y, 1, 4<<20); errs[1] == nil {
			errs[1] = expect(y, 2, 16<<20)
		}
	})
	<-half
	unplug(t, c, 2*time.Second)
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

func unplug(t *testing.T, c *Cable, d time.Duration) {
	t.Helper()
	if err := c.Plug(false); err != nil {
		t.Fatal(err)
	}
	time.Sleep(d) // the outage itself, nothing to synchronise with
	if err := c.Plug(true); err != nil {
		t.Fatal(err)
	}
}

// testSilent: the cable is out for longer than the link waits. It waits so long that a busy
// machine is not taken for a cable that is out.
func testSilent(t *testing.T, c *Cable) {
	a, b, x, y := Open(t, c, link.Timing{Silence: 2 * time.Second, Heartbeat: 200 * time.Millisecond})
	limit(t, x, y)
	if err := c.Plug(false); err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{x, y} {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, link.ErrSilent) {
			t.Fatalf("Read: %v, want ErrSilent", err)
		}
		if _, err := conn.Write(make([]byte, 1)); !errors.Is(err, link.ErrSilent) {
			t.Fatalf("Write: %v, want ErrSilent", err)
		}
	}
	if err := c.Plug(true); err != nil {
		t.Fatal(err)
	}
	x, y = Join(t, a, b)
	both(t, x, y, 1<<20)
}

// testSlowReader: who does not read stops the writer, and loses nothing.
func testSlowReader(t *testing.T, c *Cable) {
	_, _, x, y := Open(t, c, link.Timing{})
	limit(t, x, y)
	if err := x.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	buf, next, total := make([]byte, 64<<10), source(1), 0
	for {
		next(buf)
		n, err := x.Write(buf)
		total += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if total > 64<<20 {
			t.Fatal("64 MiB written though nobody reads")
		}
	}
	t.Logf("the writer stopped after %d bytes", total)
	if err := expect(y, 1, total); err != nil {
		t.Fatal(err)
	}
	limit(t, x)
	both(t, x, y, 1<<20)
}

func testCloseUnblocks(t *testing.T, c *Cable) {
	_, _, x, y := Open(t, c, link.Timing{})
	errs := make(chan error, 3)
	for _, conn := range []net.Conn{x, y} {
		go func() { // y may read something of what x writes first
			_, err := conn.Read(make([]byte, 1))
			for err == nil {
				_, err = conn.Read(make([]byte, 1))
			}
			errs <- err
		}()
	}
	go func() { errs <- stream(x, 1, 1<<30) }()
	// The write cannot end before x is closed, for next to nothing of it is read.
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		select {
		case err := <-errs:
			if err == nil {
				t.Error("a call succeeded after Close")
			}
		case <-time.After(patience):
			t.Fatal("a call still waits after Close")
		}
	}
}

// testCloseDelivers: what was written before Close arrives, then the end, and a
// new connection can follow at once.
func testCloseDelivers(t *testing.T, c *Cable) {
	a, b, x, y := Open(t, c, link.Timing{})
	for range 5 {
		limit(t, x, y)
		if err := stream(x, 1, 200_000); err != nil {
			t.Fatal(err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if err := expect(y, 1, 200_000); err != nil {
			t.Fatal(err)
		}
		if _, err := y.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("at the end: %v, want io.EOF", err)
		}
		if err := y.Close(); err != nil {
			t.Fatal(err)
		}
		x, y = Join(t, a, b)
	}
}

func testConnectGivesUp(t *testing.T, c *Cable) {
	a := Start(t, port(t, c, 0), link.Timing{})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := a.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Connect alone: %v", err)
	}
	b := Start(t, port(t, c, 1), link.Timing{})
	x, y := Join(t, a, b)
	if _, err := a.Connect(t.Context()); !errors.Is(err, link.ErrBusy) {
		t.Fatalf("second Connect: %v, want ErrBusy", err)
	}
	both(t, x, y, 100_000)
	a.Stop()
	if _, err := a.Connect(t.Context()); err == nil {
		t.Fatal("Connect succeeded after the end of Run")
	}
}
