// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

// echo answers every message of every stream until the connection ends.
func echo(c *wire.Conn) {
	ctx := context.Background()
	for {
		s, err := c.Accept(ctx)
		if err != nil {
			return
		}
		go func() {
			defer s.Close()
			for {
				m, err := s.Receive(ctx)
				if err != nil {
					if errors.Is(err, io.EOF) {
						_ = s.CloseSend()
					}
					return
				}
				if s.Send(ctx, m) != nil {
					return
				}
			}
		}()
	}
}

// BenchmarkEcho is the round trip of 64 bytes on one stream over a Unix socket.
func BenchmarkEcho(b *testing.B) {
	d, a := wiretest.Pair(b, wire.Config{}, wire.Config{})
	go echo(a)
	ctx := b.Context()
	s, err := d.Open(ctx, wire.Interactive)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	m := wire.Message{Kind: 1, Payload: make([]byte, 64)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Send(ctx, m); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Receive(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func ask(ctx context.Context, c *wire.Conn, m wire.Message) error {
	s, err := c.Open(ctx, wire.Interactive)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Send(ctx, m); err != nil {
		return err
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	if _, err := s.Receive(ctx); err != nil {
		return err
	}
	if _, err := s.Receive(ctx); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// BenchmarkStreams is a stream for each question of 64 bytes over a Unix
// socket, 64 at a time.
func BenchmarkStreams(b *testing.B) {
	d, a := wiretest.Pair(b, wire.Config{}, wire.Config{})
	go echo(a)
	m := wire.Message{Kind: 1, Payload: make([]byte, 64)}
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := ask(b.Context(), d, m); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "streams/s")
}

// BenchmarkBulk is one stream of 1 MiB messages over TCP on loopback.
func BenchmarkBulk(b *testing.B) {
	x, y := wiretest.Socket(b, "tcp")
	bulk(b, x, y)
}

// BenchmarkBulkTLS is BenchmarkBulk under TLS 1.3, as components speak to each other.
func BenchmarkBulkTLS(b *testing.B) {
	x, y := secured(b)
	bulk(b, x, y)
}

// bulk also reports the processor time of both ends for each byte, which another
// load on the machine does not change.
func bulk(b *testing.B, x, y net.Conn) {
	d := wiretest.Run(b, wire.New(x, true, wire.Config{}))
	a := wiretest.Run(b, wire.New(y, false, wire.Config{}))
	ctx := b.Context()
	var wg sync.WaitGroup
	wg.Go(func() {
		s, err := a.Accept(ctx)
		if err != nil {
			return
		}
		defer s.Close()
		for {
			if _, err := s.Receive(ctx); err != nil {
				return
			}
		}
	})
	s, err := d.Open(ctx, wire.Bulk)
	if err != nil {
		b.Fatal(err)
	}
	m := wire.Message{Kind: 1, Payload: make([]byte, 1<<20)}
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	before := processor()
	for b.Loop() {
		if err := s.Send(ctx, m); err != nil {
			b.Fatal(err)
		}
	}
	_ = s.CloseSend()
	wg.Wait()
	b.ReportMetric(float64(processor()-before)/float64(b.N)/float64(1<<20), "cpu-ns/B")
	s.Close()
}

// processor is the processor time of this process so far.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
