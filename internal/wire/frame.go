// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "encoding/binary"

// frameType is the first byte of a frame.
type frameType uint8

const (
	frameHello   frameType = 1 + iota // limits of the sender; the first frame of each side
	frameMessage                      // first fragment of a message
	frameMore                         // further fragment
	frameEnd                          // no more messages from the sender on this stream
	frameCredit                       // more bytes may be sent on this stream
	frameSlots                        // more streams may be opened
	frameReset                        // the stream is aborted
	framePing                         // asks for a sign of life
	framePong                         // gives it
	frameGoAway                       // the connection ends
)

// Flags of message and end frames.
const (
	flagOpen = 1 << iota // the stream's first frame
	flagBulk             // with flagOpen: the stream is Bulk
	flagEnd              // on the last fragment of a message: it was the last message
)

const headerSize = 20

// header is the fixed start of each frame. In bytes, big-endian:
//
//	0      type
//	1      flags
//	2      kind of message, else 0
//	3      0
//	4..7   bytes of payload that follow
//	8..11  value: length of the message, credit, slots, code or ping number
//	12..19 stream, 0 for the connection
type header struct {
	typ    frameType
	flags  uint8
	kind   Kind
	length uint32
	value  uint32
	stream uint64
}

func appendHeader(b []byte, h header) []byte {
	b = append(b, byte(h.typ), h.flags, byte(h.kind), 0)
	b = binary.BigEndian.AppendUint32(b, h.length)
	b = binary.BigEndian.AppendUint32(b, h.value)
	return binary.BigEndian.AppendUint64(b, h.stream)
}

// parseHeader decodes and checks all that can be checked without state.
func parseHeader(b *[headerSize]byte) (header, error) {
	h := header{
		typ:    frameType(b[0]),
		flags:  b[1],
		kind:   Kind(b[2]),
		length: binary.BigEndian.Uint32(b[4:]),
		value:  binary.BigEndian.Uint32(b[8:]),
		stream: binary.BigEndian.Uint64(b[12:]),
	}
	r, ok := ruleOf(h.typ)
	switch {
	case !ok, b[3] != 0,
		h.flags&^r.flags != 0,
		h.flags&flagBulk != 0 && h.flags&flagOpen == 0,
		(h.kind != 0) != (h.typ == frameMessage),
		h.length < r.minLength || h.length > r.maxLength,
		h.value != 0 && !r.value,
		(h.stream != 0) != r.stream:
		return header{}, violation(BadFrame)
	}
	return h, nil
}

// rule says what the fields of a type may hold.
type rule struct {
	flags                uint8
	minLength, maxLength uint32
	value, stream        bool
}

func ruleOf(t frameType) (rule, bool) {
	switch t {
	case frameHello:
		return rule{minLength: helloSize, maxLength: helloSize}, true
	case frameMessage:
		return rule{flags: flagOpen | flagBulk | flagEnd, maxLength: maxFragment, value: true, stream: true}, true
	case frameMore:
		return rule{flags: flagEnd, minLength: 1, maxLength: maxFragment, stream: true}, true
	case frameEnd:
		return rule{flags: flagOpen | flagBulk, stream: true}, true
	case frameCredit, frameReset:
		return rule{value: true, stream: true}, true
	case frameSlots, framePing, framePong, frameGoAway:
		return rule{value: true}, true
	}
	return rule{}, false
}

const (
	helloMagic   = "dukouwir"
	helloVersion = 1
	helloSize    = 8 + 2 + 1 + 1 + 4 + 4 + 4
	roleDialer   = 1
	roleAcceptor = 2
)

// hello is the payload of the first frame: magic, version (2 bytes), role (1),
// a zero byte, streams, message and credit (4 bytes each).
type hello struct {
	role    uint8
	streams uint32 // streams that the receiver of the hello may hold open
	message uint32 // largest payload that its sender takes, in bytes
	credit  uint32 // bytes that may be sent on a new stream
}

func appendHello(b []byte, h hello) []byte {
	b = append(b, helloMagic...)
	b = binary.BigEndian.AppendUint16(b, helloVersion)
	b = append(b, h.role, 0)
	b = binary.BigEndian.AppendUint32(b, h.streams)
	b = binary.BigEndian.AppendUint32(b, h.message)
	return binary.BigEndian.AppendUint32(b, h.credit)
}

// parseHello decodes the peer's hello; role is the one that it must have.
func parseHello(b *[helloSize]byte, role uint8) (hello, error) {
	h := hello{
		role:    b[10],
		streams: binary.BigEndian.Uint32(b[12:]),
		message: binary.BigEndian.Uint32(b[16:]),
		credit:  binary.BigEndian.Uint32(b[20:]),
	}
	switch {
	case string(b[:8]) != helloMagic,
		binary.BigEndian.Uint16(b[8:]) != helloVersion,
		h.role != role, b[11] != 0,
		h.streams == 0 || h.streams > maxStreamsCap,
		h.message == 0 || h.message > maxMessageCap,
		h.credit < 2*messageCost || h.credit > maxCredit:
		return hello{}, violation(BadHello)
	}
	return h, nil
}
