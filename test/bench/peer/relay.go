// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Chain is a number of socat processes, each of which hands on what comes over TCP to
// the next, and at the end a receiver that writes a file. Nothing is encrypted or looked at.
type Chain struct {
	relays []*server
	first  string
	last   net.Listener
}

// bufferSize is what a relay reads at once, in bytes; socat's own default of 8 KiB is
// a third as fast.
const bufferSize = "262144"

// StartChain starts so many relays. Close ends them.
func StartChain(ctx context.Context, hops int) (*Chain, error) {
	path, err := find("socat")
	if err != nil {
		return nil, err
	}
	c := &Chain{}
	if c.last, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	c.first = c.last.Addr().String()
	for range hops {
		if err := c.add(ctx, path); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// add starts one more relay before the first, and waits until something has come through.
func (c *Chain) add(ctx context.Context, path string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s, err := start(path, "-b", bufferSize, fmt.Sprintf("TCP-LISTEN:%d,bind=127.0.0.1,fork,reuseaddr", port), "TCP:"+c.first)
	if err != nil {
		return err
	}
	c.relays = append(c.relays, s)
	c.first = fmt.Sprintf("127.0.0.1:%d", port)
	came := make(chan error, 1)
	go func() { came <- c.receive(os.DevNull) }() // ends with the connection, or with Close
	if err := await(ctx, "tcp", c.first); err != nil {
		return s.explain(err)
	}
	select {
	case err := <-came:
		return err
	case <-time.After(readyTimeout):
		return errors.New("nothing comes through the relays")
	}
}

// Close ends all relays.
func (c *Chain) Close() error {
	err := c.last.Close()
	for _, s := range c.relays {
		s.stop()
	}
	return err
}

// Copy sends a file through the chain and has it on the disk at the other end.
func (c *Chain) Copy(ctx context.Context, from, to string) error {
	arrived := make(chan error, 1)
	go func() { arrived <- c.receive(to) }() // ends with the connection
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.first)
	if err != nil {
		return err
	}
	defer nc.Close()
	if _, err := io.Copy(nc, f); err != nil {
		return err
	}
	if err := nc.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	return <-arrived
}

// receive writes what one connection brings.
func (c *Chain) receive(to string) error {
	nc, err := c.last.Accept()
	if err != nil {
		return err
	}
	defer nc.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{nc}, make([]byte, 1<<20))
	if to != os.DevNull {
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, f.Close())
}
