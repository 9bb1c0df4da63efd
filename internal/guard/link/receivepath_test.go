// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/guard/link/linktest"
)

// This file measures the ways to receive raw frames that decision 0001 chose
// between. It has its own bare sockets, so that what is compared is the
// receive path and nothing else. Run:
//
//	go test -run '^$' -bench ReceivePath ./internal/guard/link

const benchEtherType = 0x88b6 // local experimental 2, so that it cannot meet the real link

// rawPort is a bare socket with one receive path.
type rawPort struct {
	file  *os.File
	raw   syscall.RawConn
	fd    int
	index int
	ring  []byte
	path  string

	frameSize, frames int // V2
	head              int
	blockSize, blocks int // V3
	msgs              []unix.Mmsghdr
	bufs              [][]byte
	out               []unix.Mmsghdr
	outIov            []unix.Iovec
	to                unix.RawSockaddrLinklayer
	receiving         sync.WaitGroup
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func openRaw(h *linktest.Host, path string, mtu int) (*rawPort, error) {
	p := &rawPort{path: path}
	err := h.Do(func() error { return p.open(mtu) })
	return p, err
}

func (p *rawPort) open(mtu int) error {
	ifi, err := net.InterfaceByName(linktest.Interface)
	if err != nil {
		return err
	}
	p.index = ifi.Index
	p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	for _, o := range [][2]int{{unix.SO_SNDBUFFORCE, 32 << 20}, {unix.SO_RCVBUFFORCE, 64 << 20}} {
		if err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, o[0], o[1]); err != nil {
			return err
		}
	}
	if err := p.setUp(mtu); err != nil {
		return err
	}
	if err := unix.Bind(p.fd, &unix.SockaddrLinklayer{Protocol: htons(benchEtherType), Ifindex: p.index}); err != nil {
		return err
	}
	p.to = unix.RawSockaddrLinklayer{Family: unix.AF_PACKET, Protocol: htons(benchEtherType), Ifindex: int32(p.index), Halen: 6}
	for i := range 6 {
		p.to.Addr[i] = 0xff
	}
	p.file = os.NewFile(uintptr(p.fd), "raw")
	p.raw, err = p.file.SyscallConn()
	return err
}

const rawBatch = 64

func (p *rawPort) setUp(mtu int) error {
	p.out, p.outIov = make([]unix.Mmsghdr, rawBatch), make([]unix.Iovec, rawBatch)
	switch p.path {
	case "recvmmsg":
		p.msgs = make([]unix.Mmsghdr, rawBatch)
		for i := range p.msgs {
			b := make([]byte, mtu)
			p.bufs = append(p.bufs, b)
			iov := &unix.Iovec{Base: &b[0]}
			iov.SetLen(mtu)
			p.msgs[i].Hdr.Iov = iov
			p.msgs[i].Hdr.SetIovlen(1)
		}
		return nil
	case "v2":
		p.frameSize = (80 + mtu + 63) &^ 63
		block := 1 << 20
		per := block / p.frameSize
		nblocks := max(16, (1024+per-1)/per)
		p.blockSize, p.blocks, p.frames = block, nblocks, per*nblocks
		if err := unix.SetsockoptInt(p.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2); err != nil {
			return err
		}
		req := unix.TpacketReq{Block_size: uint32(block), Block_nr: uint32(nblocks), Frame_size: uint32(p.frameSize), Frame_nr: uint32(p.frames)}
		return p.mapRing(unsafe.Pointer(&req), unsafe.Sizeof(req))
	default: // v3 with a block timeout of 1 ms, the least there is
		p.blockSize, p.blocks = 256<<10, 256
		if err := unix.SetsockoptInt(p.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
			return err
		}
		fs := (80 + mtu + 63) &^ 63
		for p.blockSize%fs != 0 {
			fs += 16
		}
		req := unix.TpacketReq3{Block_size: uint32(p.blockSize), Block_nr: uint32(p.blocks), Frame_size: uint32(fs),
			Frame_nr: uint32(p.blockSize / fs * p.blocks), Retire_blk_tov: 1}
		return p.mapRing(unsafe.Pointer(&req), unsafe.Sizeof(req))
	}
}

func (p *rawPort) mapRing(req unsafe.Pointer, size uintptr) error {
	_, _, e := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(p.fd), unix.SOL_PACKET, unix.PACKET_RX_RING, uintptr(req), size, 0)
	if e != 0 {
		return fmt.Errorf("ring: %w", e)
	}
	var err error
	p.ring, err = unix.Mmap(p.fd, 0, p.blockSize*p.blocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

// close waits for the receiver before it takes the ring away.
func (p *rawPort) close() {
	_ = p.file.SetReadDeadline(time.Unix(1, 0))
	p.receiving.Wait()
	if p.ring != nil {
		_ = unix.Munmap(p.ring)
	}
	_ = p.file.Close()
}

// send gives all frames to the kernel in order.
func (p *rawPort) send(frames [][]byte) error {
	for i, f := range frames {
		p.outIov[i].Base = &f[0]
		p.outIov[i].SetLen(len(f))
		p.out[i].Hdr.Iov = &p.outIov[i]
		p.out[i].Hdr.SetIovlen(1)
		p.out[i].Hdr.Name = (*byte)(unsafe.Pointer(&p.to))
		p.out[i].Hdr.Namelen = unix.SizeofSockaddrLinklayer
	}
	for done := 0; done < len(frames); {
		n, _, e := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&p.out[done])), uintptr(len(frames)-done), 0, 0, 0)
		if e == unix.EAGAIN || e == unix.ENOBUFS {
			runtime.Gosched()
			continue
		}
		if e != 0 {
			return e
		}
		done += int(n)
	}
	return nil
}

// receive waits for at least one frame and calls use for each.
func (p *rawPort) receive(use func([]byte)) error {
	var n int
	return p.raw.Read(func(uintptr) bool {
		switch p.path {
		case "recvmmsg":
			n = p.takeMessages(use)
		case "v2":
			n = p.takeFrames(use)
		default:
			n = p.takeBlock(use)
		}
		return n > 0
	})
}

func (p *rawPort) takeMessages(use func([]byte)) int {
	n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&p.msgs[0])), uintptr(len(p.msgs)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	for i := range int(n) {
		use(p.bufs[i][:p.msgs[i].Len])
	}
	return int(n)
}

func (p *rawPort) takeFrames(use func([]byte)) int {
	per := p.blockSize / p.frameSize
	n := 0
	for n < rawBatch {
		h := (*unix.Tpacket2Hdr)(unsafe.Pointer(&p.ring[p.head/per*p.blockSize+p.head%per*p.frameSize]))
		if atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER == 0 {
			return n
		}
		b := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(h), h.Net)), h.Snaplen)
		use(b)
		atomic.StoreUint32(&h.Status, unix.TP_STATUS_KERNEL)
		p.head = (p.head + 1) % p.frames
		n++
	}
	return n
}

func (p *rawPort) takeBlock(use func([]byte)) int {
	block := unsafe.Pointer(&p.ring[p.head*p.blockSize])
	h := (*unix.TpacketHdrV1)(unsafe.Add(block, 8))
	if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
		return 0
	}
	f := unsafe.Add(block, h.Offset_to_first_pkt)
	n := int(h.Num_pkts)
	for range n {
		fh := (*unix.Tpacket3Hdr)(f)
		use(unsafe.Slice((*byte)(unsafe.Add(f, fh.Net)), fh.Snaplen))
		f = unsafe.Add(f, fh.Next_offset)
	}
	atomic.StoreUint32(&h.Block_status, unix.TP_STATUS_KERNEL)
	p.head = (p.head + 1) % p.blocks
	return n
}

func BenchmarkReceivePath(b *testing.B) {
	for _, path := range []string{"recvmmsg", "v2", "v3"} {
		for _, mtu := range []int{1500, 9000, 65535} {
			b.Run(fmt.Sprintf("bulk/%s/mtu=%d", path, mtu), func(b *testing.B) { benchBulk(b, path, mtu) })
		}
		b.Run("roundtrip64/"+path, func(b *testing.B) { benchRoundTrip(b, path) })
	}
}

func rawPair(b *testing.B, path string, mtu int) (x, y *rawPort) {
	ha, hb := linktest.Veth(b, mtu)
	x, err := openRaw(ha, path, mtu)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(x.close)
	if y, err = openRaw(hb, path, mtu); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(y.close)
	return x, y
}

func benchRoundTrip(b *testing.B, path string) {
	x, y := rawPair(b, path, 1500)
	frame := [][]byte{make([]byte, 64)}
	answer := [][]byte{make([]byte, 64)}
	y.receiving.Go(func() {
		for {
			got := 0
			if y.receive(func([]byte) { got++ }) != nil {
				return
			}
			for range got {
				_ = y.send(answer)
			}
		}
	})
	for b.Loop() {
		if err := x.send(frame); err != nil {
			b.Fatal(err)
		}
		if err := x.receive(func([]byte) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// benchBulk keeps at most a window of frames under way, as credits would; every
// received byte is copied once, as the link does.
func benchBulk(b *testing.B, path string, mtu int) {
	x, y := rawPair(b, path, mtu)
	window := uint64(min(512, (16<<20)/mtu))
	var received, last atomic.Uint64
	sink := make([]byte, 1<<20)
	y.receiving.Go(func() {
		at := 0
		for {
			n := uint64(0)
			err := y.receive(func(f []byte) {
				if at+len(f) > len(sink) {
					at = 0
				}
				at += copy(sink[at:], f)
				last.Store(binary.BigEndian.Uint64(f) + 1)
				n++
			})
			if err != nil {
				return
			}
			received.Add(n)
		}
	})
	frames := make([][]byte, rawBatch)
	for i := range frames {
		frames[i] = make([]byte, mtu)
	}
	b.SetBytes(int64(mtu))
	sent, stuck := uint64(0), time.Now()
	for sent < uint64(b.N) {
		room := window - (sent - last.Load())
		if room < rawBatch/4 {
			if time.Since(stuck) > time.Second {
				b.Fatalf("stuck: sent %d, received %d", sent, received.Load())
			}
			runtime.Gosched()
			continue
		}
		n := min(room, rawBatch, uint64(b.N)-sent)
		for i := range n {
			binary.BigEndian.PutUint64(frames[i], sent+i)
		}
		if err := x.send(frames[:n]); err != nil {
			b.Fatal(err)
		}
		sent, stuck = sent+n, time.Now()
	}
	b.ReportMetric(float64(sent-received.Load())/float64(sent)*100, "%lost")
}
