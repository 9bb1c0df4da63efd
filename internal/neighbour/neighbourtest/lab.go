// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package neighbourtest makes a real network of one test: a host that serves and
// clients with network cards of their own, in namespaces joined by a bridge.
package neighbourtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Server is the address of the host that serves, on the bridge.
const Server = "10.9.0.1"

// card is the name of each host's network card.
const card = "lan0"

// Host is a network namespace with one network card.
type Host struct {
	ns     netns.NsHandle
	handle *netlink.Handle
}

// Lab is the host that serves, and the bridge in it.
type Lab struct {
	*Host
	bridge *netlink.Bridge
}

// New makes the host that serves. Who may not make namespaces is skipped, with the
// reason. All of it vanishes when the test ends.
func New(t testing.TB) *Lab {
	t.Helper()
	h, err := newHost(t)
	if errors.Is(err, unix.EPERM) {
		t.Skipf("no right to make a network namespace (run as root): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	l := &Lab{Host: h, bridge: &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: card}}}
	if err := h.handle.LinkAdd(l.bridge); err != nil {
		t.Skipf("this kernel has no bridge: %v", err)
	}
	if err := h.up(Server + "/16"); err != nil {
		t.Fatal(err)
	}
	return l
}

// Client adds a host with an address such as "10.9.0.2/16" on a card such as
// "02:00:00:00:00:02".
func (l *Lab) Client(t testing.TB, address, hardware string) *Host {
	t.Helper()
	h, err := newHost(t)
	if err != nil {
		t.Fatal(err)
	}
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprintf("port%d", h.ns), MTU: 1500, TxQLen: 1000, MasterIndex: l.bridge.Index},
		PeerName:  card, PeerNamespace: netlink.NsFd(h.ns),
	}
	if err := l.handle.LinkAdd(pair); err != nil {
		t.Fatalf("make a cable to the bridge: %v", err)
	}
	port, err := l.handle.LinkByName(pair.Name)
	if err == nil {
		err = l.handle.LinkSetUp(port)
	}
	if err == nil {
		err = h.setHardware(hardware)
	}
	if err == nil {
		err = h.up(address)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newHost makes an empty namespace. The thread that enters it is never given back to
// the scheduler, so no other goroutine can find itself inside.
func newHost(t testing.TB) (*Host, error) {
	h := &Host{}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- h.enterNew()
	}()
	if err := <-done; err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		h.handle.Close()
		_ = h.ns.Close()
	})
	return h, nil
}

func (h *Host) enterNew() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0) // no chatter
	var err error
	if h.ns, err = netns.Get(); err != nil {
		return fmt.Errorf("open the namespace: %w", err)
	}
	h.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	return err
}

// up gives the card an address and sets it up.
func (h *Host) up(address string) error {
	link, err := h.handle.LinkByName(card)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	if err := h.handle.AddrAdd(link, a); err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	return h.handle.LinkSetUp(link)
}

func (h *Host) setHardware(hardware string) error {
	link, err := h.handle.LinkByName(card)
	if err != nil {
		return err
	}
	mac, err := net.ParseMAC(hardware)
	if err != nil {
		return err
	}
	return h.handle.LinkSetHardwareAddr(link, mac)
}

// Hardware gives the card another hardware address.
func (h *Host) Hardware(t testing.TB, hardware string) {
	t.Helper()
	if err := h.setHardware(hardware); err != nil {
		t.Fatal(err)
	}
}

// Unplug sets the card down; it does not answer any more.
func (h *Host) Unplug(t testing.TB) {
	t.Helper()
	link, err := h.handle.LinkByName(card)
	if err == nil {
		err = h.handle.LinkSetDown(link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Permanent has an administrator of this host say which card has an address.
func (h *Host) Permanent(t testing.TB, address, hardware string) {
	t.Helper()
	link, err := h.handle.LinkByName(card)
	if err != nil {
		t.Fatal(err)
	}
	mac, err := net.ParseMAC(hardware)
	if err == nil {
		err = h.handle.NeighSet(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: net.ParseIP(address), HardwareAddr: mac,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Forget takes an address out of this host's table.
func (h *Host) Forget(t testing.TB, address string) {
	t.Helper()
	link, err := h.handle.LinkByName(card)
	if err == nil {
		err = h.handle.NeighDel(&netlink.Neigh{LinkIndex: link.Attrs().Index, IP: net.ParseIP(address)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Do runs f on a thread inside the namespace. Sockets that f opens stay there.
func (h *Host) Do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(h.ns); err != nil {
			done <- fmt.Errorf("enter the namespace: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

// Dial connects from this host.
func (h *Host) Dial(address string) (net.Conn, error) {
	var conn net.Conn
	err := h.Do(func() (err error) {
		conn, err = net.Dial("tcp", address)
		return err
	})
	return conn, err
}

// Listen listens in this host.
func (h *Host) Listen(address string) (net.Listener, error) {
	var l net.Listener
	err := h.Do(func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	return l, err
}
