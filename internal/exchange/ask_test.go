// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// countedConn counts what is written to a connection.
type countedConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// answering is a connection whose other end answers every question with its own content.
func answering(tb testing.TB) (asker *wire.Conn, writes func() int64) {
	a, b := wiretest.Socket(tb, "unix")
	x, y := &countedConn{Conn: a}, &countedConn{Conn: b}
	asker, answerer := wire.New(x, true, wire.Config{}), wire.New(y, false, wire.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = asker.Run(ctx) })
	all.Go(func() { _ = answerer.Run(ctx) })
	all.Go(func() {
		for {
			s, err := answerer.Accept(ctx)
			if err != nil {
				return
			}
			all.Go(func() { answerOne(ctx, s) })
		}
	})
	tb.Cleanup(func() {
		cancel()
		all.Wait()
	})
	return asker, func() int64 { return x.writes.Load() + y.writes.Load() }
}

func answerOne(ctx context.Context, s *wire.Stream) {
	defer s.Close()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	c, err := DecodeCarried(m, KindAsk)
	if err != nil {
		return
	}
	if Reply(ctx, s, c) == nil {
		Drain(ctx, s)
	}
}

// BenchmarkAsk is one question and its answer over a Unix socket, with the writes to
// both ends and the processor time of both, which share the process.
func BenchmarkAsk(b *testing.B) {
	asker, writes := answering(b)
	c := Carried{Header: make([]byte, 1500), Label: make([]byte, 300)}
	b.ReportAllocs()
	b.ResetTimer()
	before, used := writes(), processorTime(b)
	for range b.N {
		if _, err := Ask(b.Context(), asker, parcel.NewID(), c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(writes()-before)/float64(b.N), "writes/op")
	b.ReportMetric(float64(processorTime(b)-used)/1e3/float64(b.N), "cpu-µs/op")
}

func processorTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
