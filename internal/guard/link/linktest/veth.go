// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Interface is the name of the veth device inside each Host.
const Interface = "cable0"

// Host is a network namespace with one end of a veth pair, which stands for
// one guard host and its end of the cable.
type Host struct {
	ns     netns.NsHandle
	handle *netlink.Handle
}

// Veth makes two namespaces joined by a veth pair of the given MTU, both ends
// up. They vanish when the test ends. A caller who may not make namespaces is
// skipped, with the reason.
func Veth(t testing.TB, mtu int) (a, b *Host) {
	t.Helper()
	a, err := newHost(t)
	if errors.Is(err, unix.EPERM) {
		t.Skipf("no right to make a network namespace (run as root): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b, err = newHost(t); err != nil {
		t.Fatal(err)
	}
	pair := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: Interface, MTU: mtu, TxQLen: 1000},
		PeerName:      Interface,
		PeerMTU:       uint32(mtu),
		PeerNamespace: netlink.NsFd(b.ns),
	}
	if err := a.handle.LinkAdd(pair); err != nil {
		t.Fatalf("make the veth pair: %v", err)
	}
	for _, h := range []*Host{a, b} {
		if err := h.Plug(true); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

// newHost makes an empty namespace. The thread that enters it is never given
// back to the scheduler, so no other goroutine can find itself inside.
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
	quietIPv6()
	var err error
	if h.ns, err = netns.Get(); err != nil {
		return fmt.Errorf("open the namespace: %w", err)
	}
	h.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	return err
}

// quietIPv6 keeps router solicitations off the cable; where the kernel has no
// IPv6 there are none.
func quietIPv6() {
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
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

// Plug sets this end of the cable up or down.
func (h *Host) Plug(up bool) error {
	l, err := h.handle.LinkByName(Interface)
	if err != nil {
		return fmt.Errorf("find %s: %w", Interface, err)
	}
	if up {
		return h.handle.LinkSetUp(l)
	}
	return h.handle.LinkSetDown(l)
}
