// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxKept       = 1000
	maxFrame      = 1 << 17
	receiveBuffer = 64 << 20
	pollTime      = 100 * time.Millisecond
	// drainTime bounds how long frames that came before Stop are read after it, on
	// an interface that is never silent.
	drainTime = time.Second
)

// Frame is one frame as it was seen on an interface.
type Frame struct {
	EtherType uint16
	Outgoing  bool // sent by the namespace that is watched
	Bytes     []byte
}

// Report sums up a capture.
type Report struct {
	Frames, Bytes int
	// Dropped counts the frames that came faster than they were read. A test that
	// says "never" must want 0 here.
	Dropped int
	// EtherTypes counts the frames of each type.
	EtherTypes map[uint16]int
	// Markers counts, for each marker, the frames that contain it.
	Markers map[string]int
	// Kept holds the first 1000 frames.
	Kept []Frame
}

// Recorder watches an interface until Stop.
type Recorder struct {
	fd      int
	markers [][]byte
	report  Report
	until   atomic.Int64 // Unix nanoseconds; 0 before Stop
	done    chan struct{}
	err     error
}

// Capture records every frame on an interface of a network namespace, given as a path
// such as /proc/PID/ns/net, in both directions, and looks for the markers in each. It
// needs the rights of the user namespace that the network namespace belongs to.
func Capture(namespace, device string, markers ...[]byte) (*Recorder, error) {
	fd, err := packetSocketIn(namespace, device)
	if err != nil {
		return nil, fmt.Errorf("capture %s in %s: %w", device, namespace, err)
	}
	r := &Recorder{fd: fd, markers: markers, done: make(chan struct{})}
	r.report.EtherTypes, r.report.Markers = map[uint16]int{}, map[string]int{}
	go r.run() // ends after Stop
	return r, nil
}

// packetSocketIn opens the socket on a thread that is thrown away with its namespace; a
// socket stays in the namespace where it was made.
func packetSocketIn(namespace, device string) (fd int, err error) {
	ns, err := os.Open(namespace)
	if err != nil {
		return 0, err
	}
	defer ns.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked
		if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err == nil {
			fd, err = packetSocket(device)
		}
	}()
	<-done
	return fd, err
}

func packetSocket(device string) (int, error) {
	link, err := net.InterfaceByName(device)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer) // what is allowed
	}
	timeout := unix.NsecToTimeval(pollTime.Nanoseconds())
	all := binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}),
	)
	if err != nil {
		_ = unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

func (r *Recorder) run() {
	defer close(r.done)
	defer unix.Close(r.fd)
	buf := make([]byte, maxFrame)
	for {
		until := r.until.Load()
		n, from, err := unix.Recvfrom(r.fd, buf, 0)
		switch {
		case until != 0 && (err == unix.EAGAIN || time.Now().UnixNano() > until):
			r.err = r.countDropped()
			return
		case err == unix.EAGAIN || err == unix.EINTR || err == unix.ENETDOWN:
		case err != nil:
			r.err = os.NewSyscallError("recvfrom", err)
			return
		default:
			link, _ := from.(*unix.SockaddrLinklayer)
			r.record(buf[:n], link != nil && link.Pkttype == unix.PACKET_OUTGOING)
		}
	}
}

func (r *Recorder) record(frame []byte, outgoing bool) {
	r.report.Frames++
	r.report.Bytes += len(frame)
	var etherType uint16
	if len(frame) >= 14 {
		etherType = binary.BigEndian.Uint16(frame[12:])
	}
	r.report.EtherTypes[etherType]++
	for _, marker := range r.markers {
		if bytes.Contains(frame, marker) {
			r.report.Markers[string(marker)]++
		}
	}
	if len(r.report.Kept) < maxKept {
		r.report.Kept = append(r.report.Kept, Frame{etherType, outgoing, bytes.Clone(frame)})
	}
}

func (r *Recorder) countDropped() error {
	stats, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return os.NewSyscallError("packet statistics", err)
	}
	r.report.Dropped = int(stats.Drops)
	return nil
}

// Stop ends the capture and returns what was seen before it, and for up to a second after.
// It may be called once.
func (r *Recorder) Stop() (Report, error) {
	r.until.Store(time.Now().Add(drainTime).UnixNano())
	<-r.done
	return r.report, r.err
}
