// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkSmall takes files of 4 KiB from a directory, over a Unix socket, into a
// directory, everything as durable as it must be. One operation is one file.
func BenchmarkSmall(b *testing.B) {
	for _, workers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) { benchSmall(b, workers) })
	}
}

func benchSmall(b *testing.B, workers int) {
	r := newRigIn(b, b.TempDir())
	source := filepath.Join(r.dir, "source")
	if err := os.Mkdir(source, 0o700); err != nil {
		b.Fatal(err)
	}
	names := make(chan string, b.N)
	body := noise(1, 4096)
	for i := range b.N {
		name := fmt.Sprint(i)
		if err := os.WriteFile(filepath.Join(source, name), body, 0o600); err != nil {
			b.Fatal(err)
		}
		names <- name
	}
	close(names)
	r.outbox.settled = func(*Outgoing, Outcome) error { return nil }
	c, _ := r.link()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var all sync.WaitGroup
	var done atomic.Int64
	b.ResetTimer()
	for range workers {
		all.Go(func() {
			for name := range names {
				r.adopt(source, name)
			}
		})
		all.Go(func() {
			for {
				out, err := r.outbox.Next(ctx)
				if err != nil {
					return
				}
				receipt, err := r.attempt(c, out, nil)
				if err == nil {
					err = r.outbox.Settle(out, Outcome{Receipt: receipt})
				}
				if err != nil {
					b.Error(err)
				}
				if done.Add(1) == int64(b.N) {
					stop()
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkLarge delivers a body of 1 GiB; taking it in is not counted.
func BenchmarkLarge(b *testing.B) {
	const size = 1 << 30
	for b.Loop() {
		b.StopTimer()
		r := newRigIn(b, b.TempDir())
		out := r.take("large", noise(1, size))
		c, cut := r.link()
		b.SetBytes(size)
		b.StartTimer()
		if _, err := r.attempt(c, out, nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		cut()
		b.StartTimer()
	}
}
