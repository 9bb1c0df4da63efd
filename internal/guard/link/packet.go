// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// EtherType marks the frames of a link: the first of the two that IEEE 802 sets
// aside for local experiments, so that it cannot mean anything else.
const EtherType = 0x88b5

// PacketConfig names the card that the cable is in.
type PacketConfig struct {
	// Interface is the name of the network interface. It needs no address.
	Interface string
	// Peer is the hardware address of the card at the other end. Without it frames
	// go to the broadcast address and are taken from any.
	Peer net.HardwareAddr
}

// packetPort moves frames over a packet socket. Decision 0001 says why it
// receives by recvmmsg.
type packetPort struct {
	file *os.File
	raw  syscall.RawConn
	mtu  int
	room int // receive buffer of the socket, in bytes of the kernel's accounting
	to   *unix.RawSockaddrLinklayer
	out  *sendmsgs
	in   *recvmsgs

	closed atomic.Bool
}

// OpenPacket opens a port over a network interface. It needs CAP_NET_RAW, and
// CAP_NET_ADMIN for large buffers; without the latter the window is small.
func OpenPacket(c PacketConfig) (Port, error) {
	ifi, err := net.InterfaceByName(c.Interface)
	if err != nil {
		return nil, fmt.Errorf("find the link interface: %w", err)
	}
	if len(c.Peer) != 0 && len(c.Peer) != 6 {
		return nil, fmt.Errorf("link peer address %v is not an Ethernet address", c.Peer)
	}
	mtu := min(ifi.MTU, maxMTU)
	if mtu < minMTU {
		return nil, fmt.Errorf("link interface %s: MTU %d is below %d", c.Interface, ifi.MTU, minMTU)
	}
	// No protocol yet, so that nothing arrives before the filter is in place.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open the link socket: %w", err)
	}
	p := &packetPort{file: os.NewFile(uintptr(fd), "link "+c.Interface), mtu: mtu}
	if err := p.setUp(fd, ifi.Index, c.Peer); err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("set up the link socket: %w", err)
	}
	return p, nil
}

func (p *packetPort) setUp(fd, index int, peer net.HardwareAddr) error {
	want := windowMost * skbSize(baseMTU) * 2
	if w := windowBytes / p.mtu * skbSize(p.mtu) * 2; p.mtu > baseMTU {
		want = w
	}
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, want)
	setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, want)
	var err error
	if p.room, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err != nil {
		return err
	}
	p.fitRoom()
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return err
	}
	if err := attachFilter(fd, peer); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(EtherType), Ifindex: index}); err != nil {
		return err
	}
	p.to = &unix.RawSockaddrLinklayer{
		Family: unix.AF_PACKET, Protocol: htons(EtherType), Ifindex: int32(index), Halen: 6,
		Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	copy(p.to.Addr[:], peer)
	p.out, p.in = newSendmsgs(batchFrames, p.to), newRecvmsgs()
	p.raw, err = p.file.SyscallConn()
	return err
}

// setBuffer asks for a buffer size past the system's limit, or up to it where the
// right to pass it is missing.
func setBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// skbSize is what the kernel charges a socket for a frame, at most: the next
// power of two and its own bookkeeping.
func skbSize(mtu int) int { return 2*mtu + 2304 }

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func (p *packetPort) MTU() int { return p.mtu }

// fitRoom makes frames shorter where the socket's buffer, without the right to
// enlarge it, would hold only a few long ones.
func (p *packetPort) fitRoom() {
	const few = 16
	if p.Window() < few {
		p.mtu = min(p.mtu, max(baseMTU, (p.room/2/few-skbSize(0))/2))
	}
}

// Window leaves half of the socket's buffer for acks and for frames sent twice.
func (p *packetPort) Window() int { return p.room / 2 / skbSize(p.mtu) }

func (p *packetPort) Send(frames [][]byte) (int, error) {
	n, err := p.out.send(p.raw, frames)
	switch {
	case err == nil, errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
		return n, nil
	case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.EMSGSIZE):
		// The cable is out, or the interface takes only shorter frames now: lost.
		return len(frames), nil
	case p.closed.Load():
		return n, ErrPortClosed
	}
	return n, err
}

func (p *packetPort) Receive(b *Batch) error {
	for {
		err := p.in.receive(p.raw, b)
		switch {
		case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ENOBUFS):
			continue // said once; the socket goes on when the cable is back
		case err != nil && p.closed.Load():
			return ErrPortClosed
		}
		return err
	}
}

func (p *packetPort) Close() error {
	p.closed.Store(true) // what a raw connection then says has no name to go by
	return p.file.Close()
}
