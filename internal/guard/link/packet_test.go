// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/guard/link/linktest"
)

// TestPacketRefuses sends frames that are not for the link past a port: only the
// last one, which is, may arrive.
func TestPacketRefuses(t *testing.T) {
	t.Parallel()
	a, b := linktest.Veth(t, 1500)
	var from, to net.HardwareAddr
	inside(t, a, func() error { return hardwareAddr(&from) })
	inside(t, b, func() error { return hardwareAddr(&to) })
	var p link.Port
	inside(t, b, func() (err error) {
		p, err = link.OpenPacket(link.PacketConfig{Interface: linktest.Interface, Peer: from})
		return err
	})
	defer p.Close()
	if _, err := p.Send([][]byte{[]byte("our own")}); err != nil {
		t.Fatal(err)
	}
	stranger := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	inside(t, a, func() error {
		for _, f := range [][]byte{
			ethernet(to, from, 0x88b6, "other type"),
			ethernet(to, stranger, link.EtherType, "other sender"),
			ethernet(stranger, from, link.EtherType, "other host"),
			ethernet(to, from, 0x8100, "\x00\x05\x88\xb5tagged"),
			ethernet(to, from, link.EtherType, "good"),
		} {
			if err := sendRaw(f); err != nil {
				return err
			}
		}
		return nil
	})
	batch := link.NewBatch(1500)
	timer := time.AfterFunc(10*time.Second, func() { _ = p.Close() })
	defer timer.Stop()
	if err := p.Receive(batch); err != nil {
		t.Fatal(err)
	}
	if got := string(batch.Buf[0][:4]); batch.N != 1 || got != "good" {
		t.Fatalf("%d frames, the first begins %q", batch.N, got)
	}
}

// TestPacketClosed: who receives is told that the port was closed, by the name that a
// link takes for its end.
func TestPacketClosed(t *testing.T) {
	t.Parallel()
	_, b := linktest.Veth(t, 1500)
	var p link.Port
	inside(t, b, func() (err error) {
		p, err = link.OpenPacket(link.PacketConfig{Interface: linktest.Interface})
		return err
	})
	end := make(chan error, 1)
	go func() { end <- p.Receive(link.NewBatch(1500)) }()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-end; !errors.Is(err, link.ErrPortClosed) {
		t.Errorf("receive: %v", err)
	}
	if _, err := p.Send([][]byte{[]byte("late")}); !errors.Is(err, link.ErrPortClosed) {
		t.Errorf("send: %v", err)
	}
}

func inside(t *testing.T, h *linktest.Host, f func() error) {
	t.Helper()
	if err := h.Do(f); err != nil {
		t.Fatal(err)
	}
}

func hardwareAddr(addr *net.HardwareAddr) error {
	ifi, err := net.InterfaceByName(linktest.Interface)
	if err == nil {
		*addr = ifi.HardwareAddr
	}
	return err
}

func ethernet(to, from net.HardwareAddr, etherType uint16, payload string) []byte {
	f := append(append([]byte{}, to...), from...)
	f = append(f, byte(etherType>>8), byte(etherType))
	f = append(f, payload...)
	return append(f, make([]byte, max(0, 60-len(f)))...)
}

func sendRaw(frame []byte) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifi, err := net.InterfaceByName(linktest.Interface)
	if err != nil {
		return err
	}
	return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index})
}
