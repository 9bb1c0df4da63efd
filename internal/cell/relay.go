// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxRelayed bounds the connections that a Relay carries at once.
const maxRelayed = 1024

const dialTimeout = 5 * time.Second

// Relay lets clients on the host's loopback reach a cell: it accepts TCP connections
// and carries each to a Unix socket in a directory that the cell was granted. The
// cell gets no descriptor of the host's network. It is for the trial's clients
// only; nothing between zones may go through it.
type Relay struct {
	listener *net.TCPListener
	socket   string
}

// NewRelay listens on address, such as "127.0.0.1:0", for connections to the Unix
// socket, which need not exist yet. The address must be a loopback address. Run
// must follow.
func NewRelay(address, socket string) (*Relay, error) {
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
	return &Relay{listener: listener, socket: socket}, nil
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
func (r *Relay) dial(ctx context.Context) (*net.UnixConn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", r.socket)
		if err == nil {
			return conn.(*net.UnixConn), nil
		}
		if !errors.Is(err, unix.EAGAIN) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-retry.C:
		}
	}
}

// half is a connection whose writing side can end before its reading side.
type half interface {
	io.ReadWriter
	CloseRead() error
	CloseWrite() error
}

// copyHalf copies one direction and passes its end on: a writer that is gone stops
// the reader, and the other direction goes on.
func copyHalf(to, from half) {
	_, _ = io.Copy(to, from)
	_ = to.CloseWrite()
	_ = from.CloseRead()
}
