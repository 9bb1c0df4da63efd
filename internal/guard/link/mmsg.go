// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendmsgs sends many frames in one system call. It is for one goroutine.
type sendmsgs struct {
	msgs []unix.Mmsghdr
	iovs []unix.Iovec
	fill int // of msgs, in the present call
	done int
	err  unix.Errno
	once func(fd uintptr) // made once, so that a call allocates nothing
}

// newSendmsgs prepares for n frames to a fixed address; nil is a connected peer.
func newSendmsgs(n int, to *unix.RawSockaddrLinklayer) *sendmsgs {
	s := &sendmsgs{msgs: make([]unix.Mmsghdr, n), iovs: make([]unix.Iovec, n)}
	for i := range s.msgs {
		h := &s.msgs[i].Hdr
		h.Iov = &s.iovs[i]
		h.SetIovlen(1)
		if to != nil {
			h.Name = (*byte)(unsafe.Pointer(to))
			h.Namelen = unix.SizeofSockaddrLinklayer
		}
	}
	s.once = s.call
	return s
}

// send returns how many frames the kernel took, and the error at the first that
// it did not.
func (s *sendmsgs) send(raw syscall.RawConn, frames [][]byte) (int, error) {
	total := 0
	for total < len(frames) {
		part := frames[total:min(len(frames), total+len(s.msgs))]
		for i, f := range part {
			s.iovs[i].Base = unsafe.SliceData(f)
			s.iovs[i].SetLen(len(f))
		}
		s.fill, s.done, s.err = len(part), 0, 0
		if err := raw.Control(s.once); err != nil {
			return total, err
		}
		total += s.done
		if s.err != 0 {
			return total, s.err
		}
	}
	return total, nil
}

func (s *sendmsgs) call(fd uintptr) {
	for s.done < s.fill && s.err == 0 {
		n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&s.msgs[s.done])),
			uintptr(s.fill-s.done), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch e {
		case 0:
			s.done += int(n)
		case unix.EINTR:
		default:
			s.err = e
		}
	}
}

// recvmsgs receives many frames in one system call. It is for one goroutine.
type recvmsgs struct {
	msgs  []unix.Mmsghdr
	iovs  []unix.Iovec
	batch *Batch
	err   unix.Errno
	once  func(fd uintptr) bool
}

func newRecvmsgs() *recvmsgs {
	r := &recvmsgs{}
	r.once = r.call
	return r
}

// receive waits for frames; the error is that of the socket or of its closing.
func (r *recvmsgs) receive(raw syscall.RawConn, b *Batch) error {
	if len(r.msgs) != len(b.Buf) {
		r.msgs, r.iovs = make([]unix.Mmsghdr, len(b.Buf)), make([]unix.Iovec, len(b.Buf))
	}
	for i, buf := range b.Buf {
		r.iovs[i].Base = unsafe.SliceData(buf)
		r.iovs[i].SetLen(len(buf))
		r.msgs[i].Hdr.Iov = &r.iovs[i]
		r.msgs[i].Hdr.SetIovlen(1)
	}
	r.batch, r.err = b, 0
	if err := raw.Read(r.once); err != nil {
		return err
	}
	if r.err != 0 {
		return r.err
	}
	return nil
}

func (r *recvmsgs) call(fd uintptr) bool {
	for {
		n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])),
			uintptr(len(r.msgs)), unix.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			r.batch.N = int(n)
			for i := range int(n) {
				r.batch.Len[i] = int(r.msgs[i].Len)
			}
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			r.err = e
			return true
		}
	}
}
