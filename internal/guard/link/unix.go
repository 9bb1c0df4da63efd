// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	unixMTU     = 32 << 10
	unixBuffer  = 4 << 20
	redialEvery = 50 * time.Millisecond
)

// unixPort moves frames over a Unix socket that keeps message bounds. It is for
// trial on one machine. When the other process goes, the port waits for the next.
type unixPort struct {
	addr   *net.UnixAddr
	listen *net.UnixListener // nil on the side that dials
	closed chan struct{}
	in     *recvmsgs

	mu   sync.Mutex
	peer *net.UnixConn // nil while there is none
	raw  syscall.RawConn
	out  *sendmsgs
}

// OpenUnix opens a trial port at a socket file: one side listens, the other
// dials, in any order. A socket file that a killed process left is replaced.
func OpenUnix(path string, listen bool) (Port, error) {
	p := &unixPort{
		addr: &net.UnixAddr{Name: path, Net: "unixpacket"}, closed: make(chan struct{}),
		in: newRecvmsgs(), out: newSendmsgs(batchFrames, nil),
	}
	if !listen {
		return p, nil
	}
	if err := removeStale(p.addr); err != nil {
		return nil, err
	}
	var err error
	if p.listen, err = net.ListenUnix("unixpacket", p.addr); err != nil {
		return nil, fmt.Errorf("listen for the link: %w", err)
	}
	return p, nil
}

// removeStale removes a socket file that nobody listens at.
func removeStale(addr *net.UnixAddr) error {
	c, err := net.DialUnix("unixpacket", nil, addr)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("link socket %s is in use", addr.Name)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return nil
	}
	if err := os.Remove(addr.Name); err != nil {
		return fmt.Errorf("remove a stale link socket: %w", err)
	}
	return nil
}

func (p *unixPort) MTU() int { return unixMTU }

// Window is large: a full Unix socket makes the sender wait and loses nothing.
func (p *unixPort) Window() int { return windowMost }

// Send drops frames while there is no peer, as a cable would.
func (p *unixPort) Send(frames [][]byte) (int, error) {
	p.mu.Lock()
	raw := p.raw
	p.mu.Unlock()
	if raw == nil {
		return len(frames), nil
	}
	n, err := p.out.send(raw, frames)
	if err == nil || errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) {
		return n, nil
	}
	return len(frames), nil // the peer is gone; Receive finds out
}

// Receive also finds a peer when there is none.
func (p *unixPort) Receive(b *Batch) error {
	for {
		raw, err := p.connected()
		if err != nil {
			return err
		}
		err = p.in.receive(raw, b)
		if errors.Is(err, unix.ECONNRESET) {
			continue // the peer closed with frames unread; its own last ones follow
		}
		if err != nil {
			p.drop()
			continue
		}
		if untilEnd(b); b.N > 0 {
			return nil
		}
		p.drop()
	}
}

// untilEnd cuts the batch at the first message of no bytes, which is how a Unix
// socket says that the other end is closed.
func untilEnd(b *Batch) {
	for i := range b.N {
		if b.Len[i] == 0 {
			b.N = i
			return
		}
	}
}

func (p *unixPort) connected() (syscall.RawConn, error) {
	p.mu.Lock()
	raw := p.raw
	p.mu.Unlock()
	if raw != nil {
		return raw, nil
	}
	c, err := p.find()
	if err != nil {
		return nil, err
	}
	return p.adopt(c)
}

// find waits for a peer.
func (p *unixPort) find() (*net.UnixConn, error) {
	if p.listen != nil {
		c, err := p.listen.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return nil, ErrPortClosed
		}
		return c, err
	}
	for {
		c, err := net.DialUnix("unixpacket", nil, p.addr)
		if err == nil {
			return c, nil
		}
		select {
		case <-p.closed:
			return nil, ErrPortClosed
		case <-time.After(redialEvery):
		}
	}
}

func (p *unixPort) adopt(c *net.UnixConn) (syscall.RawConn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	err = raw.Control(func(fd uintptr) {
		setBuffer(int(fd), unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, unixBuffer)
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		_ = c.Close()
		return nil, ErrPortClosed
	default:
	}
	p.peer, p.raw = c, raw
	return raw, nil
}

func (p *unixPort) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peer != nil {
		_ = p.peer.Close()
	}
	p.peer, p.raw = nil, nil
}

func (p *unixPort) Close() error {
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	p.drop()
	if p.listen != nil {
		return p.listen.Close()
	}
	return nil
}
