// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of tcp(7), which package syscall lacks.
const tcpNotSentLowat = 25

// unsentBytes is what the kernel may hold of ours that it has not sent yet.
const unsentBytes = 2 * batchSize

// shortenQueue keeps data that is not yet sent out of the kernel, where an
// Interactive message could not overtake it: on TCP a socket may else take
// megabytes. What is under way, as the congestion window allows, is not
// limited. It does nothing for other connections.
func shortenQueue(nc net.Conn) error {
	if secure, ok := nc.(interface{ NetConn() net.Conn }); ok { // tls.Conn
		nc = secure.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, unsentBytes)
	})
	if err != nil {
		return err
	}
	return failed
}
