// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/guard/link/linktest"
)

// BenchmarkLink measures the finished link. Run:
//
//	go test -run '^$' -bench Link ./internal/guard/link
func BenchmarkLink(b *testing.B) {
	cables := []struct {
		name string
		make func(testing.TB) *linktest.Cable
	}{
		{"veth1500", func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 1500) }},
		{"veth9000", func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 9000) }},
		{"veth65535", func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 65535) }},
		{"unix", func(t testing.TB) *linktest.Cable { return linktest.Unix(t) }},
	}
	for _, c := range cables {
		for _, size := range []int{16 << 10, 256 << 10} {
			b.Run(fmt.Sprintf("stream/%s/write=%dk", c.name, size>>10), func(b *testing.B) {
				_, _, x, y := linktest.Open(b, c.make(b), link.Timing{})
				benchStream(b, x, y, size)
			})
		}
		b.Run("roundtrip64/"+c.name, func(b *testing.B) {
			_, _, x, y := linktest.Open(b, c.make(b), link.Timing{})
			benchPingPong(b, x, y)
		})
	}
}

func benchStream(b *testing.B, x, y net.Conn, size int) {
	buf := make([]byte, size)
	done := make(chan error, 1)
	total := int64(size) * int64(b.N)
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.LimitReader(struct{ io.Reader }{y}, total), make([]byte, 256<<10))
		done <- err
	}()
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := x.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func benchPingPong(b *testing.B, x, y net.Conn) {
	go func() {
		buf := make([]byte, 64)
		for {
			if _, err := io.ReadFull(y, buf); err != nil {
				return
			}
			if _, err := y.Write(buf); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(x, buf); err != nil {
			b.Fatal(err)
		}
	}
}
