// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxRelayed bounds the connections that a Relay carries at once.
const maxRelayed = 1024

const dialTimeout = 5 * time.Second

// Relay lets clients on the host's loopback reach a cell: it accepts TCP connections
// and carries each to a Unix socket in a directory that the cell was granted, or to a
// port of the cell's own loopback. It is for the trial's clients only; nothing between
// zones may go through it.
//
// A Unix connection that is accepted belongs to the network namespace of the socket
// that connected. The relay makes that socket in the cell's own namespace, so the
// cell gets no descriptor of the host's network.
type Relay struct {
	listener *net.TCPListener
	target   string                               // path of a socket, or SamePort
	client   func(family int) (fd int, err error) // a new stream socket in the cell's namespace
}

// SamePort as the target of a relay is the port of the cell's loopback that has the same
// number as the relay's own: the cell is reached by the address that it knows.
const SamePort = "same port"

// Relay listens on address, such as "127.0.0.1:0", for connections to a cell's target: the
// path of a Unix socket, or SamePort, of an isolated cell with a loopback. What listens
// there need not exist yet. The address must be a loopback address. Run must follow, and
// end before the stage is closed.
func (s *Stage) Relay(cell, address, target string) (*Relay, error) {
	s.mu.Lock()
	r, err := s.room(cell)
	s.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("relay to %s: %w", cell, err)
	}
	if r.ns == nil && target == SamePort {
		return nil, fmt.Errorf("relay to %s: %w, and its port is the host's", cell, ErrNotIsolated)
	}
	if r.ns == nil {
		return newRelay(address, target, streamSocket)
	}
	return newRelay(address, target, func(family int) (fd int, err error) {
		err = s.thread.in(r.ns, func() error {
			fd, err = streamSocket(family)
			return err
		})
		return fd, err
	})
}

func streamSocket(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return fd, os.NewSyscallError("socket", err)
}

func newRelay(address, target string, client func(int) (int, error)) (*Relay, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("relay: %s is not a loopback address", address)
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return &Relay{listener: listener, target: target, client: client}, nil
}

// address is where a connection goes. Each has its own: connecting writes into it.
func (r *Relay) address() (family int, to unix.Sockaddr) {
	if r.target == SamePort {
		port := r.listener.Addr().(*net.TCPAddr).Port
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	}
	return unix.AF_UNIX, &unix.SockaddrUnix{Name: r.target}
}

// Addr returns the host and port that the relay listens on.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Run carries connections until ctx ends, then closes all of them and returns nil.
func (r *Relay) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var carried sync.WaitGroup
	defer carried.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { r.listener.Close() })
	defer stop()
	slots := make(chan struct{}, maxRelayed)
	for {
		slots <- struct{}{} // ends: every connection ends with ctx
		client, err := r.listener.AcceptTCP()
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		carried.Go(func() {
			r.carry(ctx, client)
			<-slots
		})
	}
}

// carry joins one client to the cell. A cell that does not answer is a closed connection.
func (r *Relay) carry(ctx context.Context, client *net.TCPConn) {
	defer client.Close()
	server, err := r.dial(ctx)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		server.Close()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { copyHalf(server, client) })
	both.Go(func() { copyHalf(client, server) })
	both.Wait()
}

// dial waits out a full queue, which a Unix socket reports instead of waiting itself.
func (r *Relay) dial(ctx context.Context) (whole, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := r.connect()
		if !errors.Is(err, unix.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-retry.C:
		}
	}
}

// connect is done at once: neither a Unix socket nor a loopback waits for anybody.
func (r *Relay) connect() (whole, error) {
	family, to := r.address()
	fd, err := r.client(family)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), r.target)
	defer file.Close() // the connection has a descriptor of its own
	err = unix.Connect(fd, to)
	if errors.Is(err, unix.EINPROGRESS) {
		err = connected(fd)
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(whole), nil
}

// connected waits for what became of a connection that was begun.
func connected(fd int) error {
	begun := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(begun, int(dialTimeout/time.Millisecond))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return unix.ETIMEDOUT
		}
		found, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && found != 0 {
			err = unix.Errno(found)
		}
		return err
	}
}

// half is a connection whose writing side can end before its reading side.
type half interface {
	io.ReadWriter
	CloseRead() error
	CloseWrite() error
}

// whole is one of which both sides can end at once.
type whole interface {
	half
	io.Closer
}

// copyHalf copies one direction and passes its end on: a writer that is gone stops
// the reader, and the other direction goes on.
func copyHalf(to, from half) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
	_ = from.CloseRead()
}
