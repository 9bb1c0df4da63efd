// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confined

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const wait = 2 * time.Second

func (t *tries) network() {
	w := t.world
	for _, address := range []string{w.Near, w.Far, w.Twin} {
		t.try("connect tcp "+address, dial("tcp", address))
		t.try("fast open "+address, fastOpen(address))
	}
	for _, path := range []string{w.NearSocket, w.FarSocket, w.Abstract} {
		t.try("connect unix "+path, dial("unix", path))
		t.try("connect unixpacket "+path, dial("unixpacket", path))
		t.try("connect unixgram "+path, dial("unixgram", path))
	}
	t.try("send udp "+w.Datagrams, sendDatagram(w.Datagrams))
	t.try("listen tcp", listenOnce("tcp", "127.0.0.1:0"))
	t.try("listen tcp on a granted port", listenOnce("tcp", net.JoinHostPort("127.0.0.3", portOf(w.Near))))
	t.try("listen without an address", listenUnbound())
	t.try("listen unix in an own directory", listenOnce("unix", filepath.Join(w.Own[0], "l")))
	t.try("listen unix elsewhere", listenOnce("unix", filepath.Join(w.Other, "l")))
	t.try("listen unix abstract", listenOnce("unix", w.Abstract+"-own"))
	t.try("bind udp", listenDatagrams())
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		_, _ = unix.Close(pair[0]), unix.Close(pair[1])
	}
	t.try("socket pair", err)
	if !t.free {
		t.sockets()
	}
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func dial(network, address string) error {
	c, err := net.DialTimeout(network, address, wait)
	if err == nil {
		_ = c.Close()
	}
	return err
}

func sendDatagram(address string) error {
	c, err := net.DialTimeout("udp", address, wait)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("x"))
	return err
}

func listenOnce(network, address string) error {
	l, err := net.Listen(network, address)
	if err == nil {
		_ = l.Close()
	}
	return err
}

func listenDatagrams() error {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err == nil {
		_ = c.Close()
	}
	return err
}

// listenUnbound has the kernel choose the port, which no rule about binding sees.
func listenUnbound() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Listen(fd, 1)
}

// fastOpen connects by sending, and does not wait for an answer.
func fastOpen(address string) error {
	to, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN|unix.MSG_DONTWAIT, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
	if errors.Is(err, unix.EINPROGRESS) {
		return nil // it is on its way
	}
	return err
}

// sockets makes every kind of every family. Those of TCP and Unix streams may be
// granted; what they reach is tried above.
func (t *tries) sockets() {
	for family := range unix.AF_MAX + 2 {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
			held := kind == unix.SOCK_STREAM && (family == unix.AF_INET || family == unix.AF_INET6 || family == unix.AF_UNIX)
			if !held {
				t.try(fmt.Sprintf("socket of family %d, type %d", family, kind), closed(unix.Socket(family, kind, 0)))
			}
		}
	}
	for name, protocol := range map[string]int{"multipath TCP": unix.IPPROTO_MPTCP, "SCTP": unix.IPPROTO_SCTP, "SMC": 256} {
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			t.try(fmt.Sprintf("socket of %s, family %d", name, family), closed(unix.Socket(family, unix.SOCK_STREAM, protocol)))
		}
	}
	for protocol := range 23 {
		t.try(fmt.Sprintf("netlink protocol %d", protocol), closed(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, protocol)))
	}
}
