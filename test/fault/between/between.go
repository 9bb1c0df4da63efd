// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package between stands in the middle of the cable between the two halves of a guard
// and does to its frames what a bad cable, or somebody with a screwdriver, does: lose,
// tear, flip bits, change the order, send twice, send again what was captured long ago.
//
// It is a relay of raw Ethernet frames between two interfaces of one network namespace.
// What happens to a frame is decided by chance with a seed, and counted: a fault that
// hit no frame was none.
package between

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// EtherType is that of the link's frames (docs/formats/frame.md).
const EtherType = 0x88b5

const (
	maxFrame   = 65535 + headerSize
	headerSize = 14 // of Ethernet
	buffer     = 64 << 20
)

// Way is one direction.
type Way int

// The directions.
const (
	Inwards  Way = 0 // from the outer half
	Outwards Way = 1
)

// Relay carries frames until Close.
type Relay struct {
	lanes [2]*lane
	all   sync.WaitGroup
}

// lane carries one direction.
type lane struct {
	in, out  *os.File
	from, to syscall.RawConn
	index    int // of the interface that it sends on

	mu     sync.Mutex
	faults []*Active
	old    [][]byte // captured
	seen   uint64   // frames
	rng    *rand.Rand
	err    error
	ending bool
}

// Open carries frames between two interfaces of a network namespace, which is a path
// such as cell.Stage.Namespace gives: those that come from the outer half by the
// first, those from the inner one by the second.
func Open(namespace, outer, inner string, seed uint64) (*Relay, error) {
	var a, b *os.File
	var ends [2]int
	err := inside(namespace, func() (err error) {
		if a, ends[0], err = packetSocket(outer); err != nil {
			return err
		}
		b, ends[1], err = packetSocket(inner)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stand between %s and %s: %w", outer, inner, err)
	}
	r := &Relay{}
	r.lanes[Inwards] = &lane{in: a, out: b, index: ends[1], rng: rand.New(rand.NewPCG(seed, 1))}
	r.lanes[Outwards] = &lane{in: b, out: a, index: ends[0], rng: rand.New(rand.NewPCG(seed, 2))}
	for _, l := range r.lanes {
		if l.from, err = l.in.SyscallConn(); err != nil {
			return nil, err
		}
		if l.to, err = l.out.SyscallConn(); err != nil {
			return nil, err
		}
		r.all.Go(l.run) // ends with Close
	}
	return r, nil
}

// Close ends the relay and tells why it ended earlier, if it did.
func (r *Relay) Close() error {
	for _, l := range r.lanes {
		l.mu.Lock()
		l.ending = true
		l.mu.Unlock()
	}
	for _, l := range r.lanes {
		l.in.Close()
	}
	r.all.Wait()
	return errors.Join(r.lanes[0].err, r.lanes[1].err)
}

// Frames is how many frames have come in both directions.
func (r *Relay) Frames() uint64 {
	var n uint64
	for _, l := range r.lanes {
		l.mu.Lock()
		n += l.seen
		l.mu.Unlock()
	}
	return n
}

// inside runs f on a thread in a network namespace, which is thrown away.
func inside(namespace string, f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked
		failed <- func() error {
			ns, err := os.Open(namespace)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return os.NewSyscallError("setns", err)
			}
			return f()
		}()
	}()
	return <-failed
}

// packetSocket takes the link's frames of an interface, and no copies of its own. It
// is bound to the EtherType.
func packetSocket(name string) (*os.File, int, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return nil, 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), name)
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, buffer),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(EtherType), Ifindex: link.Index}),
	)
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, link.Index, nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// run carries one direction until its socket is closed.
func (l *lane) run() {
	frame := make([]byte, maxFrame)
	for {
		n, err := l.receive(frame)
		if l.ended() {
			return
		}
		if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENOBUFS) {
			continue // said once, when an end was pulled out or is flooded
		}
		if err != nil {
			l.err = err
			return
		}
		for _, f := range l.pass(frame[:n]) {
			if err := l.send(f); err != nil {
				l.err = err
				return
			}
		}
	}
}

func (l *lane) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending
}

func (l *lane) receive(frame []byte) (n int, err error) {
	waitErr := l.from.Read(func(fd uintptr) bool {
		n, _, err = unix.Recvfrom(int(fd), frame, 0)
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	return n, errors.Join(waitErr, err)
}

// send gives a frame out; one that the interface does not take is lost, as on a cable.
func (l *lane) send(frame []byte) error {
	to := &unix.SockaddrLinklayer{Ifindex: l.index, Protocol: htons(EtherType)}
	err := unix.Sendto(int(l.fd()), frame, 0, to)
	switch {
	case err == nil, errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENETDOWN),
		errors.Is(err, unix.EMSGSIZE), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EBADF):
		return nil
	}
	return os.NewSyscallError("sendto", err)
}

// fd is the sending socket's number; it stays open as long as this lane runs, but for
// the moment of Close, when a frame more or less means nothing.
func (l *lane) fd() (fd uintptr) {
	_ = l.to.Control(func(n uintptr) { fd = n })
	return fd
}

// Wait waits until the fault has hit a frame, or ctx ends.
func (a *Active) Wait(ctx context.Context) {
	select {
	case <-a.hit:
	case <-ctx.Done():
	}
}
