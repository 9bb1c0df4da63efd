// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/fault"
)

// Limits of an answer, beside its body.
const (
	maxAnswerHead = 64 << 10
	maxInterim    = 8 // answers of 1xx before the one
)

// conn is one connection to an application.
type conn struct {
	raw      net.Conn // the socket
	nc       net.Conn // the socket, or TLS on it
	in       *bound
	br       *bufio.Reader
	expiry   *time.Timer // while idle
	touched  bool        // a byte of the present question may have reached the application
	reusable bool        // after an exchange: the next one may follow on it
}

// bound is a reader that ends with an error after left bytes.
type bound struct {
	r    io.Reader
	left int64
}

var errTooLong = errors.New("the answer is longer than it may be")

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func newConn(raw, nc net.Conn) *conn {
	in := &bound{r: nc}
	return &conn{raw: raw, nc: nc, in: in, br: bufio.NewReader(in)}
}

func (c *conn) close() { _ = c.nc.Close() }

// received is an answer as it came.
type received struct {
	status int
	header nethttp.Header
	body   []byte
	framed bool // its length was stated, so that it is known to be whole
}

// quiet tells whether nothing came on an idle connection: neither its end nor
// bytes that the next question would take for its answer.
func (c *conn) quiet() bool {
	sc, ok := c.raw.(syscall.Conn)
	if !ok || c.br.Buffered() > 0 {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = errors.Is(err, unix.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// exchange writes the question once and reads the answer. After an error, touched
// tells whether the application may have got any of it.
func (c *conn) exchange(ctx context.Context, q question) (*received, error) {
	c.touched, c.reusable = false, false
	stop := context.AfterFunc(ctx, func() { _ = c.nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	n, err := c.nc.Write(q.wire)
	c.touched = n > 0
	if err != nil {
		return nil, c.failed(ctx, err, "write")
	}
	got, keep, err := c.read(q)
	if errors.Is(err, errTooLong) {
		return nil, fault.Wrap(fault.ContentInvalid, err, "answer of more than %d bytes", q.limit)
	}
	if err != nil {
		return nil, c.failed(ctx, err, "read")
	}
	// What came behind the answer belongs to nobody, and the next question must not get it.
	c.reusable = stop() && keep && c.br.Buffered() == 0
	return got, nil
}

// failed names what a broken exchange means to the caller.
func (c *conn) failed(ctx context.Context, err error, doing string) error {
	switch {
	case !c.touched:
		return fault.Wrap(fault.TargetUnavailable, err, "%s", doing)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(fault.TargetTimeout, ctx.Err(), "%s", doing)
	case ctx.Err() != nil:
		return fault.Wrap(fault.TargetFailed, ctx.Err(), "%s: the caller has gone", doing)
	default:
		return fault.Wrap(fault.TargetFailed, err, "%s", doing)
	}
}

// read reads one answer; keep tells whether the application keeps the connection.
func (c *conn) read(q question) (got *received, keep bool, err error) {
	resp, err := c.head(q.method)
	if err != nil {
		return nil, false, err
	}
	// Chunks of one byte take six on the wire.
	c.in.left = maxAnswerHead + 8*q.limit
	body, err := readAll(io.LimitReader(resp.Body, q.limit+1), resp.ContentLength)
	if err != nil {
		return nil, false, err
	}
	if int64(len(body)) > q.limit {
		return nil, false, errTooLong
	}
	if err := resp.Body.Close(); err != nil {
		return nil, false, err
	}
	framed := resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0
	return &received{status: resp.StatusCode, header: resp.Header, body: body, framed: framed}, !resp.Close && framed, nil
}

// head reads the head of the answer, over interim ones.
func (c *conn) head(method string) (*nethttp.Response, error) {
	for range maxInterim {
		c.in.left = maxAnswerHead
		resp, err := nethttp.ReadResponse(c.br, &nethttp.Request{Method: method})
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if resp.StatusCode == nethttp.StatusSwitchingProtocols {
			return nil, errors.New("the application wants to change the protocol")
		}
		if resp.StatusCode >= 200 {
			return resp, nil
		}
	}
	return nil, fmt.Errorf("more than %d interim answers", maxInterim)
}
