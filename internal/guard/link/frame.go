// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"encoding/binary"
	"hash/crc32"
)

// The frame format, version 1; docs/formats/frame.md is the reference.
const (
	version = 1

	headerSize = 32 // what every frame begins with
	helloSize  = 40
	dataHeader = 72 // also the fixed part of ack, and all of close
	maxWords   = 64 // of 64 bits, in the bitmap of an ack
	maxWindow  = maxWords * 64
	maxMTU     = 65535
	minMTU     = dataHeader + 8*maxWords // an ack always fits
	baseMTU    = 1500                    // what every Ethernet carries
)

type kind uint8

const (
	kindHello kind = 1 + iota
	kindData
	kindAck
	kindClose
	kindReset
)

const (
	flagOpen   = 1 // hello: I have heard my id from you
	flagAnswer = 1 // data, ack, close: send an ack now
)

// frame is a decoded frame. Its slices point into the bytes it came from.
type frame struct {
	kind     kind
	flags    uint8
	length   int
	to, from uint64
	number   uint64

	mtu    uint16 // hello
	window uint32 // hello

	heard  uint64 // data, ack, close
	next   uint64
	credit uint64
	delay  uint32 // microseconds
	reach  uint16

	seq     uint64 // data: its place; close: how many data frames there were
	payload []byte // data
	bits    []byte // ack: bitmap in words of 64 bits
}

// flaw says why a frame was refused, in the order of the checks.
type flaw uint8

const (
	sound flaw = iota
	flawShort
	flawVersion
	flawLength
	flawSum
	flawKind
	flawSize
	flawField
)

func sum(b []byte) uint32 {
	return crc32.Checksum(b[4:], crc32.MakeTable(crc32.Castagnoli))
}

// seal completes a frame: b is all of it.
func seal(b []byte) {
	binary.BigEndian.PutUint16(b[6:], uint16(len(b)))
	binary.BigEndian.PutUint32(b, sum(b))
}

func putHeader(b []byte, k kind, to, from, number uint64) {
	b[4], b[5] = version, byte(k)
	binary.BigEndian.PutUint64(b[8:], to)
	binary.BigEndian.PutUint64(b[16:], from)
	binary.BigEndian.PutUint64(b[24:], number)
}

// decode reads one frame and checks its form. Bytes after the stated length are
// padding of the medium.
func decode(b []byte, f *frame) flaw {
	if len(b) < headerSize {
		return flawShort
	}
	if b[4] != version {
		return flawVersion
	}
	n := int(binary.BigEndian.Uint16(b[6:]))
	if n < headerSize || n > len(b) {
		return flawLength
	}
	b = b[:n]
	if binary.BigEndian.Uint32(b) != sum(b) {
		return flawSum
	}
	*f = frame{
		kind:   kind(b[5]),
		length: n,
		to:     binary.BigEndian.Uint64(b[8:]),
		from:   binary.BigEndian.Uint64(b[16:]),
		number: binary.BigEndian.Uint64(b[24:]),
	}
	if f.from == 0 || (f.to == 0 && f.kind != kindHello) {
		return flawField
	}
	return decodeBody(b, f)
}

func decodeBody(b []byte, f *frame) flaw {
	switch f.kind {
	case kindHello:
		return decodeHello(b, f)
	case kindData, kindAck, kindClose:
		if len(b) < dataHeader {
			return flawSize
		}
		decodeState(b, f)
		return decodeTail(b, f)
	case kindReset:
		if len(b) != headerSize {
			return flawSize
		}
		return sound
	default:
		return flawKind
	}
}

func decodeHello(b []byte, f *frame) flaw {
	if len(b) != helloSize {
		return flawSize
	}
	f.flags = b[32]
	f.mtu = binary.BigEndian.Uint16(b[34:])
	f.window = binary.BigEndian.Uint32(b[36:])
	if f.flags > flagOpen || b[33] != 0 || f.mtu < minMTU || f.window == 0 || f.window > maxWindow {
		return flawField
	}
	return sound
}

func decodeState(b []byte, f *frame) {
	f.heard = binary.BigEndian.Uint64(b[32:])
	f.next = binary.BigEndian.Uint64(b[40:])
	f.credit = binary.BigEndian.Uint64(b[48:])
	f.delay = binary.BigEndian.Uint32(b[56:])
	f.reach = binary.BigEndian.Uint16(b[60:])
	f.flags = b[62]
}

func decodeTail(b []byte, f *frame) flaw {
	if f.flags > flagAnswer || b[63] != 0 {
		return flawField
	}
	f.seq = binary.BigEndian.Uint64(b[64:])
	rest := b[dataHeader:]
	switch {
	case f.kind == kindData && len(rest) > 0:
		f.payload = rest
		return sound
	case f.kind == kindClose && len(rest) == 0:
		return sound
	case f.kind == kindAck:
		return decodeBits(rest, f)
	}
	return flawSize
}

// decodeBits reads the bitmap; zeros after it make a frame of a wanted length.
func decodeBits(rest []byte, f *frame) flaw {
	words := f.seq
	f.seq = 0
	if words > maxWords {
		return flawField
	}
	if uint64(len(rest)) < words*8 {
		return flawSize
	}
	f.bits = rest[:words*8]
	for _, c := range rest[words*8:] {
		if c != 0 {
			return flawField
		}
	}
	return sound
}
