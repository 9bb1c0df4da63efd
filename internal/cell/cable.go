// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// MaxMTU is the largest frame payload, in bytes, that a cable can carry.
const MaxMTU = 65535

// End is one end of a cable: an interface in the network namespace of a cell.
type End struct {
	Cell      string
	Interface string // at most 15 bytes
}

// cable remembers the end that is pulled out and put back.
type cable struct {
	ns            *os.File
	interfaceName string
}

// Cable lays a cable between two cells, which need not run yet: a veth pair that is
// up, has no address and sends no frame of its own. It stays until Close, whatever
// becomes of the processes. An mtu of 0 means MaxMTU.
//
// No offload is switched off: segmentation and its reversal concern TCP and UDP
// only, and frames of another EtherType cross a veth pair one by one as they are.
func (s *Stage) Cable(name string, a, b End, mtu int) error {
	if s.isolation != Netns {
		return ErrNotIsolated
	}
	if mtu == 0 {
		mtu = MaxMTU
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.cables[name]; taken {
		return fmt.Errorf("cable %q exists already", name)
	}
	roomA, err := s.room(a.Cell)
	if err != nil {
		return err
	}
	roomB, err := s.room(b.Cell)
	if err != nil {
		return err
	}
	if err := s.lay(roomA.ns, a.Interface, roomB.ns, b.Interface, mtu); err != nil {
		return fmt.Errorf("lay cable %q: %w", name, err)
	}
	s.cables[name] = cable{ns: roomA.ns, interfaceName: a.Interface}
	return nil
}

func (s *Stage) lay(nsA *os.File, ifA string, nsB *os.File, ifB string, mtu int) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = ifA, mtu
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: ifB, PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(nsB.Fd())}
	err := s.thread.in(nsA, func() error {
		return withNetlink(func(h *netlink.Handle) error { return h.LinkAdd(veth) })
	})
	if err != nil {
		return fmt.Errorf("add veth pair %s, %s: %w", ifA, ifB, err)
	}
	if err := s.thread.in(nsA, func() error { return setLink(ifA, true) }); err != nil {
		return err
	}
	return s.thread.in(nsB, func() error { return setLink(ifB, true) })
}

// Unplug pulls a cable out of its first cell. That cell's interface is down, with
// ENETDOWN for who writes to it; the other cell's has lost its carrier.
func (s *Stage) Unplug(name string) error { return s.plug(name, false) }

// Plug puts a cable back that was unplugged.
func (s *Stage) Plug(name string) error { return s.plug(name, true) }

func (s *Stage) plug(name string, up bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.cables[name]
	if !known || s.closed {
		return fmt.Errorf("no cable %q", name)
	}
	return s.thread.in(c.ns, func() error { return setLink(c.interfaceName, up) })
}

func setLink(name string, up bool) error {
	return withNetlink(func(h *netlink.Handle) error {
		link, err := h.LinkByName(name)
		if err != nil {
			return fmt.Errorf("find interface %s: %w", name, err)
		}
		if up {
			err = h.LinkSetUp(link)
		} else {
			err = h.LinkSetDown(link)
		}
		if err != nil {
			return fmt.Errorf("set interface %s up=%t: %w", name, up, err)
		}
		return nil
	})
}

func loopbackUp() error { return setLink("lo", true) }

// withNetlink runs f with a netlink socket of the calling thread's namespace.
func withNetlink(f func(*netlink.Handle) error) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink socket: %w", err)
	}
	defer h.Close()
	return f(h)
}

// disableIPv6 keeps IPv6 off every interface that is added to the calling thread's
// network namespace later: it would send router and group messages unasked.
func disableIPv6() error {
	const path = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
	err := os.WriteFile(path, []byte("1\n"), 0o644)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 is fine
		return fmt.Errorf("switch IPv6 off: %w", err)
	}
	return nil
}
