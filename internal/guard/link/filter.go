// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// Offsets of classic BPF that reach beside the frame (linux/filter.h).
const (
	bpfPacketType = 0xfffff000 + 4  // SKF_AD_OFF + SKF_AD_PKTTYPE
	bpfVLAN       = 0xfffff000 + 48 // SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT
	bpfSource     = 0xffe00000 + 6  // SKF_LL_OFF, source address in the Ethernet header
)

// attachFilter makes the kernel drop what is not for this link: copies of our own
// frames, frames for another host, frames with a VLAN tag, and, if the peer's
// address is given, frames of anyone else. The EtherType is the socket's own.
func attachFilter(fd int, peer net.HardwareAddr) error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	type step = unix.SockFilter
	var tests []step // pairs: load a value, compare it
	test := func(size uint16, at, want uint32) {
		tests = append(tests, step{Code: load | size, K: at}, step{Code: equal, K: want})
	}
	test(unix.BPF_W, bpfVLAN, 0)
	if len(peer) == 6 {
		test(unix.BPF_W, bpfSource, binary.BigEndian.Uint32(peer))
		test(unix.BPF_H, bpfSource+4, uint32(binary.BigEndian.Uint16(peer[4:])))
	}
	test(unix.BPF_W, bpfPacketType, unix.PACKET_OUTGOING)
	test(unix.BPF_W, bpfPacketType, unix.PACKET_OTHERHOST)
	accept := len(tests)
	program := append(tests, step{Code: ret, K: maxMTU + 1}, step{Code: ret, K: 0})
	for i := 1; i < accept; i += 2 {
		refuse := uint8(accept + 1 - (i + 1))
		if program[i-1].K == bpfPacketType {
			program[i].Jt = refuse // must differ
		} else {
			program[i].Jf = refuse
		}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
