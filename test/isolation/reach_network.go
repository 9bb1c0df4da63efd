// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const dialTimeout = 300 * time.Millisecond

// networks tries every address family.
func (r *reach) networks() {
	r.families()
	for _, address := range r.targets.Addresses {
		conn, err := net.DialTimeout("tcp", address, dialTimeout)
		if err == nil {
			conn.Close()
		}
		r.tried("connect tcp", address, err)
		r.tried("exchange udp", address, exchange("udp", address))
	}
	for _, path := range r.targets.Sockets {
		r.unixSocket(path)
	}
}

// exchange sends a datagram and wants one back.
func exchange(network, address string) error {
	conn, err := net.DialTimeout(network, address, dialTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("probe")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 16))
	return err
}

// unixSocket counts a datagram that was taken as reached: no answer is needed there.
func (r *reach) unixSocket(path string) {
	for _, network := range []string{"unix", "unixpacket", "unixgram"} {
		conn, err := net.DialTimeout(network, path, dialTimeout)
		if err == nil {
			conn.Close()
		}
		r.tried("connect "+network, path, err)
	}
}

// families opens sockets of every family there is. Those that namespaces hold are
// tried further elsewhere; any other, once open, reaches past them.
func (r *reach) families() {
	held := map[int]bool{unix.AF_UNIX: true, unix.AF_INET: true, unix.AF_INET6: true, unix.AF_NETLINK: true}
	for family := range unix.AF_MAX + 8 {
		if held[family] {
			continue
		}
		r.tried("socket", fmt.Sprintf("family %d", family), openAny(family))
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		fd, err := unix.Socket(family, unix.SOCK_RAW, unix.IPPROTO_ICMP)
		closeOpened(fd, err)
		r.tried("raw socket", fmt.Sprintf("family %d", family), err)
	}
}

func openAny(family int) error {
	var errs []error
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET, unix.SOCK_RAW} {
		fd, err := unix.Socket(family, kind, 0)
		closeOpened(fd, err)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errs[len(errs)-1]
}

func closeOpened(fd int, err error) {
	if err == nil {
		_ = unix.Close(fd)
	}
}

// interfaces says what there is, tries to change it and to speak IP on it.
func (r *reach) interfaces() {
	list, err := net.Interfaces()
	if err != nil {
		r.emit(Finding{Try: "interfaces", Detail: err.Error()})
		return
	}
	var names []string
	for _, i := range list {
		names = append(names, i.Name)
		r.speakIP(i)
		r.changeInterface(i)
	}
	r.emit(Finding{Try: "interfaces", Detail: strings.Join(names, ",")})
	err = netlink.LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "probe0"}})
	r.tried("add interface", "probe0", err)
}

func (r *reach) changeInterface(i net.Interface) {
	link := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: i.Index, Name: i.Name}}
	r.tried("set interface up", i.Name, netlink.LinkSetUp(link))
	r.tried("set MTU", i.Name, netlink.LinkSetMTU(link, 1400))
	address := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, 66, 0, 1), Mask: net.CIDRMask(24, 32)}}
	r.tried("add address", i.Name, netlink.AddrAdd(link, address))
}

// speakIP sends broadcasts and multicasts bound to the interface and wants an answer.
func (r *reach) speakIP(i net.Interface) {
	if i.Flags&net.FlagLoopback != 0 {
		return
	}
	all4 := &unix.SockaddrInet4{Port: 9, Addr: [4]byte{255, 255, 255, 255}}
	all6 := &unix.SockaddrInet6{Port: 9, ZoneId: uint32(i.Index), Addr: [16]byte{0: 0xff, 1: 2, 15: 1}}
	r.tried("exchange broadcast", i.Name, shout(unix.AF_INET, i.Name, all4))
	r.tried("exchange multicast", i.Name, shout(unix.AF_INET6, i.Name, all6))
}

func shout(family int, device string, to unix.Sockaddr) error {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	timeout := unix.NsecToTimeval(dialTimeout.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1),
		unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
	)
	if err != nil {
		return err
	}
	if err := unix.Sendto(fd, []byte("probe"), 0, to); err != nil {
		return err
	}
	if _, _, err = unix.Recvfrom(fd, make([]byte, 16), 0); err != nil {
		return fmt.Errorf("sent, no answer: %w", err)
	}
	return nil
}
