// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/guard/link/linktest"
)

func TestMain(m *testing.M) {
	code := linktest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	linktest.Run(t, func(testing.TB) *linktest.Cable { return linktest.Memory(1500) })
}

func TestUnix(t *testing.T) {
	t.Parallel()
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Unix(t) })
}

func TestPacket(t *testing.T) {
	t.Parallel()
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 1500) })
}

func TestPacketJumbo(t *testing.T) {
	t.Parallel()
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 9000) })
}
