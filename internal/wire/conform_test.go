// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// carriers are the connections that everything must hold on.
var carriers = []struct {
	name string
	join func(t testing.TB) (dialed, accepted net.Conn)
}{
	{"pipe", func(testing.TB) (net.Conn, net.Conn) { return net.Pipe() }},
	{"unix", func(t testing.TB) (net.Conn, net.Conn) { return wiretest.Socket(t, "unix") }},
	{"tcp", func(t testing.TB) (net.Conn, net.Conn) { return wiretest.Socket(t, "tcp") }},
	{"tls", secured},
}

func secured(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"test"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	x, y := wiretest.Socket(t, "tcp")
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return tls.Client(x, &tls.Config{RootCAs: roots, ServerName: "test", MinVersion: tls.VersionTLS13}),
		tls.Server(y, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
}

// onEach runs f on every carrier.
func onEach(t *testing.T, cfg wire.Config, f func(t *testing.T, d, a *wire.Conn)) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			x, y := c.join(t)
			f(t, wiretest.Run(t, wire.New(x, true, cfg)), wiretest.Run(t, wire.New(y, false, cfg)))
		})
	}
}

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestThousandStreams echoes messages of all sizes on 1,000 streams at once,
// from both sides, with fewer slots than streams.
func TestThousandStreams(t *testing.T) {
	onEach(t, wire.Config{MaxStreams: 300}, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		var answers, asks sync.WaitGroup
		for _, c := range []*wire.Conn{d, a} {
			answers.Go(func() { echo(c) })
		}
		for i := range 1000 {
			c := []*wire.Conn{d, a}[i%2]
			asks.Go(func() {
				if err := converse(ctx, c, uint64(i)); err != nil {
					t.Errorf("seed %d: %v", i, err)
				}
			})
		}
		asks.Wait()
		if d.Err() != nil || a.Err() != nil {
			t.Fatal(d.Err(), a.Err())
		}
	})
}

var errDiffers = errors.New("another message came back")

// converse sends messages by chance and holds that the same come back.
func converse(ctx context.Context, c *wire.Conn, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0))
	s, err := c.Open(ctx, wire.Class(seed/2%2))
	if err != nil {
		return err
	}
	defer s.Close()
	messages := make([]wire.Message, 1+r.IntN(4))
	for i := range messages {
		size := []int{r.IntN(100), r.IntN(40 << 10), r.IntN(20 << 10), r.IntN(200 << 10)}[i]
		payload := make([]byte, size)
		for j := range payload {
			payload[j] = byte(j + size + int(seed))
		}
		messages[i] = wire.Message{Kind: wire.Kind(1 + r.IntN(255)), Payload: payload}
	}
	sent := make(chan error, 1)
	go func() {
		for _, m := range messages {
			if err := s.Send(ctx, m); err != nil {
				sent <- err
				return
			}
		}
		sent <- s.CloseSend()
	}()
	for _, want := range messages {
		got, err := s.Receive(ctx)
		if err != nil {
			return errors.Join(err, <-sent)
		}
		if got.Kind != want.Kind || !bytes.Equal(got.Payload, want.Payload) {
			return errors.Join(errDiffers, <-sent)
		}
	}
	if _, err := s.Receive(ctx); !errors.Is(err, io.EOF) {
		return errors.Join(err, errDiffers, <-sent)
	}
	return <-sent
}

// TestSlowReaders holds that streams that nobody reads hold up no others:
// small messages pass even when the whole pool is taken.
func TestSlowReaders(t *testing.T) {
	cfg := wire.Config{MaxMessage: 256 << 10, Window: 512 << 10, Memory: 1 << 20}
	onEach(t, cfg, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		stuck, stop := context.WithCancel(ctx)
		var senders sync.WaitGroup
		ended := make(chan error, 20)
		for i := range 20 {
			s := must[*wire.Stream](t)(d.Open(ctx, wire.Class(i%2)))
			senders.Go(func() {
				defer s.Close()
				var err error
				for err == nil {
					err = s.Send(stuck, wire.Message{Kind: 1, Payload: make([]byte, 256<<10)})
				}
				ended <- err
			})
		}
		unread := make([]*wire.Stream, 20)
		for i := range unread {
			unread[i] = must[*wire.Stream](t)(a.Accept(ctx))
		}
		go echo(a)
		for range 200 {
			if err := ask(ctx, d, wire.Message{Kind: 2, Payload: make([]byte, 8<<10)}); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		senders.Wait()
		for _, s := range unread {
			s.Close()
		}
		for range 20 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("sender ended with %v", err)
			}
		}
		// All that was reserved is free again: a large message passes.
		if err := ask(ctx, d, wire.Message{Kind: 2, Payload: make([]byte, 256<<10)}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBulkDoesNotHoldUp keeps a Bulk stream saturated during 300 questions.
func TestBulkDoesNotHoldUp(t *testing.T) {
	onEach(t, wire.Config{}, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		bulk := must[*wire.Stream](t)(d.Open(ctx, wire.Bulk))
		stop := make(chan struct{})
		var both sync.WaitGroup
		sent, received := 0, 0
		both.Go(func() {
			defer bulk.Close()
			for {
				select {
				case <-stop:
					_ = bulk.CloseSend()
					_, _ = bulk.Receive(ctx)
					return
				default:
				}
				if err := bulk.Send(ctx, wire.Message{Kind: 1, Payload: make([]byte, 1<<20)}); err != nil {
					t.Error(err)
					return
				}
				sent++
			}
		})
		sink := must[*wire.Stream](t)(a.Accept(ctx))
		if sink.Class() != wire.Bulk {
			t.Error("class lost")
		}
		both.Go(func() {
			defer sink.Close()
			for {
				if _, err := sink.Receive(ctx); err != nil {
					_ = sink.CloseSend()
					return
				}
				received++
			}
		})
		go echo(a)
		for range 300 {
			if err := ask(ctx, d, wire.Message{Kind: 2, Payload: make([]byte, 64)}); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		both.Wait()
		if sent == 0 || sent != received {
			t.Errorf("%d sent, %d received", sent, received)
		}
	})
}

// TestLost cuts the connection and holds that everything that waits fails.
func TestLost(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			x, y := c.join(t)
			d := wiretest.Run(t, wire.New(x, true, wire.Config{MaxStreams: 2}))
			a := wiretest.Run(t, wire.New(y, false, wire.Config{MaxStreams: 2}))
			ctx := limited(t)
			s := must[*wire.Stream](t)(d.Open(ctx, wire.Bulk))
			other := must[*wire.Stream](t)(d.Open(ctx, wire.Bulk))
			// One message waits unread on the other side, and can still be taken.
			if err := s.Send(ctx, wire.Message{Kind: 5}); err != nil {
				t.Fatal(err)
			}
			far := must[*wire.Stream](t)(a.Accept(ctx))
			if err := far.Send(ctx, wire.Message{Kind: 6}); err != nil {
				t.Fatal(err)
			}
			_ = must[wire.Message](t)(s.Receive(ctx))
			waits := map[string]func() error{
				"open":    func() error { _, err := d.Open(ctx, wire.Bulk); return err },
				"accept":  func() error { _, err := d.Accept(ctx); return err },
				"receive": func() error { _, err := s.Receive(ctx); return err },
				"send": func() error {
					for {
						if err := other.Send(ctx, wire.Message{Kind: 1, Payload: make([]byte, 1<<20)}); err != nil {
							return err
						}
					}
				},
			}
			failed := make(chan string, len(waits))
			for name, wait := range waits {
				go func() {
					if err := wait(); err == nil || !errors.Is(err, d.Err()) {
						t.Errorf("%s: %v, want %v", name, err, d.Err())
					}
					failed <- name
				}()
			}
			raw := y
			if secure, ok := y.(*tls.Conn); ok {
				raw = secure.NetConn()
			}
			raw.Close()
			for range waits {
				select {
				case <-failed:
				case <-ctx.Done():
					t.Fatal("something still waits")
				}
			}
			<-a.Done()
			if m, err := far.Receive(ctx); err != nil || m.Kind != 5 {
				t.Errorf("what had come is lost: %v", err)
			}
			if _, err := far.Receive(ctx); err == nil || a.Err() == nil {
				t.Error("no error after the end")
			}
			s.Close()
			far.Close()
		})
	}
}

// TestShutdown holds that the peer learns that the end was meant.
func TestShutdown(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			x, y := c.join(t)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			d := wire.New(x, true, wire.Config{})
			go func() { ended <- d.Run(ctx) }()
			a := wiretest.Run(t, wire.New(y, false, wire.Config{}))
			must[*wire.Stream](t)(d.Open(limited(t), wire.Bulk)).Close() // the hellos have passed
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v", err)
			}
			<-a.Done()
			var away *wire.GoAwayError
			if !errors.As(a.Err(), &away) || !away.Remote || away.Code != wire.Shutdown {
				t.Errorf("peer got %v", a.Err())
			}
		})
	}
}

// TestStreamEnds holds what each act on a stream gives, here and there.
func TestStreamEnds(t *testing.T) {
	onEach(t, wire.Config{MaxMessage: 1 << 20}, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		open := func() (near, far *wire.Stream) {
			near = must[*wire.Stream](t)(d.Open(ctx, wire.Interactive))
			if err := near.Send(ctx, wire.Message{Kind: 1}); err != nil {
				t.Fatal(err)
			}
			far = must[*wire.Stream](t)(a.Accept(ctx))
			if m, err := far.Receive(ctx); err != nil || m.Kind != 1 {
				t.Fatal(m, err)
			}
			return near, far
		}
		code := func(err error) any {
			if reset := (*wire.ResetError)(nil); errors.As(err, &reset) {
				return *reset
			}
			return err
		}
		check := func(what string, err error, want any) {
			t.Helper()
			if got := code(err); got != want {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		receive := func(s *wire.Stream) error { _, err := s.Receive(ctx); return err }
		send := func(s *wire.Stream) error { return s.Send(ctx, wire.Message{Kind: 1}) }

		near, far := open()
		near.Reset(42)
		near.Reset(43)
		check("after reset", receive(near), wire.ResetError{Code: 42})
		check("send after reset", send(near), wire.ResetError{Code: 42})
		check("far after reset", receive(far), wire.ResetError{Code: 42, Remote: true})
		check("far send after reset", send(far), wire.ResetError{Code: 42, Remote: true})
		near.Close()
		far.Close()
		check("after close", receive(near), wire.ErrClosed)

		near, far = open()
		near.Close()
		check("far after close", receive(far), wire.ResetError{Remote: true})
		check("close send after close", near.CloseSend(), wire.ErrClosed)
		far.Close()

		near, far = open()
		check("kind 0", near.Send(ctx, wire.Message{}), wire.ErrKind)
		check("too large", near.Send(ctx, wire.Message{Kind: 1, Payload: make([]byte, 1<<20+1)}), wire.ErrTooLarge)
		check("close send", near.CloseSend(), nil)
		check("send after close send", send(near), wire.ErrClosed)
		check("far end", receive(far), io.EOF)
		check("far answer", far.Send(ctx, wire.Message{Kind: 1, Payload: make([]byte, 1<<20)}), nil)
		check("far close send", far.CloseSend(), nil)
		far.Close()
		check("answer after close", receive(near), nil)
		check("end after close", receive(near), io.EOF)
		near.Close()

		// The answer is given and the stream closed before the question ends.
		near, far = open()
		check("early answer", far.Send(ctx, wire.Message{Kind: 3}), nil)
		check("early close send", far.CloseSend(), nil)
		far.Close()
		check("early answer arrives", receive(near), nil)
		check("early end arrives", receive(near), io.EOF)
		for ctx.Err() == nil && send(near) == nil { // until the reset is here
		}
		check("nobody listens", send(near), wire.ResetError{Remote: true})
		near.Close()

		// Nothing sent: the peer never hears of it, and the slot is free.
		must[*wire.Stream](t)(d.Open(ctx, wire.Bulk)).Close()
		if d.Err() != nil || a.Err() != nil {
			t.Error(d.Err(), a.Err())
		}
	})
}

// TestOpenWaits holds the peer's limit, and that a slot is free again only
// when the peer's application has closed the stream.
func TestOpenWaits(t *testing.T) {
	onEach(t, wire.Config{MaxStreams: 1}, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		s := must[*wire.Stream](t)(d.Open(ctx, wire.Bulk))
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		s.Close()
		far := must[*wire.Stream](t)(a.Accept(ctx))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := d.Open(gone, wire.Bulk); !errors.Is(err, context.Canceled) {
			t.Errorf("Open gave %v", err)
		}
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if _, err := d.Open(short, wire.Bulk); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open gave %v", err)
		}
		far.Close()
		must[*wire.Stream](t)(d.Open(ctx, wire.Bulk)).Close()
	})
}

// TestSendGivenUp holds that a Send given up before its first byte leaves the
// stream as it was, and one given up later resets it.
func TestSendGivenUp(t *testing.T) {
	onEach(t, wire.Config{MaxMessage: 1 << 20, Window: 1<<20 + 64}, func(t *testing.T, d, a *wire.Conn) {
		ctx := limited(t)
		s := must[*wire.Stream](t)(d.Open(ctx, wire.Interactive))
		defer s.Close()
		half := wire.Message{Kind: 1, Payload: make([]byte, 512<<10)}
		filled := 0
		for {
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			err := s.Send(short, half)
			cancel()
			if err != nil {
				break
			}
			filled++
		}
		far := must[*wire.Stream](t)(a.Accept(ctx))
		defer far.Close()
		received := 0
		for received < filled {
			if _, err := far.Receive(ctx); err != nil {
				break // reset: the last Send had begun
			}
			received++
		}
		err := s.Send(ctx, wire.Message{Kind: 2})
		var reset *wire.ResetError
		if err != nil && !errors.As(err, &reset) {
			t.Fatal(err)
		}
		if err == nil {
			if m, err := far.Receive(ctx); err != nil || m.Kind != 2 {
				t.Errorf("got %d, %v", m.Kind, err)
			}
		}
	})
}
