// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"os"
	"testing"

	"dukou.dev/dukou/internal/guard/link/linktest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { os.Exit(linktest.Main(m)) }

func TestMemory(t *testing.T) {
	defer goleak.VerifyNone(t)
	linktest.Run(t, func(testing.TB) *linktest.Cable { return linktest.Memory(1500) })
}

func TestUnix(t *testing.T) {
	defer goleak.VerifyNone(t)
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Unix(t) })
}

func TestPacket(t *testing.T) {
	defer goleak.VerifyNone(t)
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 1500) })
}

func TestPacketJumbo(t *testing.T) {
	defer goleak.VerifyNone(t)
	linktest.Run(t, func(t testing.TB) *linktest.Cable { return linktest.Packet(t, 9000) })
}
