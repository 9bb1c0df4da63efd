// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// served is a connection whose streams echo, and counts the goroutines that do it.
type served struct {
	conn    *wire.Conn
	started atomic.Int64
	cancel  context.CancelFunc
	all     sync.WaitGroup
	err     error
}

func serveEcho(c *wire.Conn, each func()) *served {
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{conn: c, cancel: cancel}
	s.all.Go(func() {
		s.err = c.Serve(ctx, func(f func()) {
			s.started.Add(1)
			s.all.Go(f)
		}, func(st *wire.Stream) {
			defer st.Close()
			each()
			if m, err := st.Receive(ctx); err == nil && st.SendLast(ctx, m) == nil {
				_, _ = st.Receive(ctx)
			}
		})
	})
	return s
}

// TestServe: a goroutine serves many streams; as many as there are streams at once, and
// no more than some rest; all end with the context.
func TestServe(t *testing.T) {
	d, a := wiretest.Pair(t, wire.Config{}, wire.Config{})
	const wide = 100
	var together sync.WaitGroup
	var inStep atomic.Bool
	s := serveEcho(a, func() {
		if inStep.Load() { // none goes on before all are there
			together.Done()
			together.Wait()
		}
	})
	m := wire.Message{Kind: 1, Payload: []byte("question")}
	for range 3 {
		inStep.Store(true)
		together.Add(wide)
		var asking sync.WaitGroup
		for range wide {
			asking.Go(func() {
				if err := ask(t.Context(), d, m); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		inStep.Store(false)
	}
	// Between two rounds some of those that rest may not wait yet.
	if got := s.started.Load(); got < wide || got > 3*wide {
		t.Errorf("%d goroutines for %d streams at once", got, wide)
	}
	before := s.started.Load()
	for range 500 {
		if err := ask(t.Context(), d, m); err != nil {
			t.Fatal(err)
		}
	}
	if more := s.started.Load() - before; more > 50 {
		t.Errorf("%d new goroutines for 500 streams one after another", more)
	}
	s.cancel()
	s.all.Wait() // goleak looks for others
	if !errors.Is(s.err, context.Canceled) {
		t.Error(s.err)
	}
}

// TestServeEnds: what serves the streams of a connection ends with it.
func TestServeEnds(t *testing.T) {
	x, y := wiretest.Socket(t, "unix")
	d, a := wire.New(x, true, wire.Config{}), wire.New(y, false, wire.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = d.Run(ctx) })
	all.Go(func() { _ = a.Run(t.Context()) })
	s := serveEcho(a, func() {})
	defer s.cancel()
	if err := ask(t.Context(), d, wire.Message{Kind: 1}); err != nil {
		t.Fatal(err)
	}
	cancel()
	all.Wait()
	s.all.Wait()
	var away *wire.GoAwayError
	if !errors.As(s.err, &away) && !errors.Is(s.err, io.EOF) {
		t.Error(s.err)
	}
}

// deep uses as much stack as serving a question does.
//
//go:noinline
func deep(levels int) byte {
	var frame [128]byte
	frame[levels] = byte(levels)
	if levels > 0 {
		frame[0] = deep(levels - 1)
	}
	return frame[0] + frame[levels]
}

// BenchmarkServe is a stream for each question, whose goroutine needs some stack, by
// goroutines that serve many streams and by a new one for each.
func BenchmarkServe(b *testing.B) {
	use := func() { deep(100) }
	m := wire.Message{Kind: 1, Payload: make([]byte, 64)}
	b.Run("many", func(b *testing.B) {
		d, a := wiretest.Pair(b, wire.Config{}, wire.Config{})
		s := serveEcho(a, use)
		benchServed(b, d, m)
		s.cancel()
		s.all.Wait()
	})
	b.Run("one", func(b *testing.B) {
		d, a := wiretest.Pair(b, wire.Config{}, wire.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() {
			for {
				st, err := a.Accept(ctx)
				if err != nil {
					return
				}
				all.Go(func() {
					defer st.Close()
					use()
					if m, err := st.Receive(ctx); err == nil && st.SendLast(ctx, m) == nil {
						_, _ = st.Receive(ctx)
					}
				})
			}
		})
		benchServed(b, d, m)
		cancel()
		all.Wait()
	})
}

func benchServed(b *testing.B, d *wire.Conn, m wire.Message) {
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	used := processorTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := ask(b.Context(), d, m); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(processorTime(b)-used)/1e3/float64(b.N), "cpu-µs/op")
}

func processorTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
