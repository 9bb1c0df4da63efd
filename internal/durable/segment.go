// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

const (
	sectorSize   = 512 // written by a disk whole or not at all
	frameHeader  = 16  // never crosses a sector, since frames are aligned to it
	segmentMagic = "DUKOULG1"
	segmentTail  = ".seg"
	tempTail     = ".tmp"
	flagFirst    = 1   // the frame begins a batch
	markEvery    = 256 // records between two remembered offsets
)

// segment is what is known of one segment file.
type segment struct {
	name  string
	first uint64  // index of its first record
	salt  uint64  // mixed into every crc
	chain uint32  // crc of the last frame of the segment before
	marks []int64 // offsets of records first, first+markEvery, ... as far as read
}

// CorruptError is damage that is not a torn tail.
type CorruptError struct {
	Segment string // name of the file
	Offset  int64  // where in it, in bytes
	Index   uint64 // the first record that is affected
	Reason  string
}

// Error names segment, offset, record and reason.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("durable: segment %s is damaged at offset %d, record %d: %s", e.Segment, e.Offset, e.Index, e.Reason)
}

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentTail) }

// parseSegmentName accepts exactly what segmentName makes.
func parseSegmentName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentTail)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && segmentName(first) == name
}

func (s *segment) header() []byte {
	b := make([]byte, sectorSize)
	copy(b, segmentMagic)
	binary.BigEndian.PutUint64(b[8:], s.first)
	binary.BigEndian.PutUint64(b[16:], s.salt)
	binary.BigEndian.PutUint32(b[24:], s.chain)
	binary.BigEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli()))
	return b
}

// parseHeader reads sector 0 of the segment file name.
func parseHeader(name string, b []byte) (*segment, error) {
	first, ok := parseSegmentName(name)
	bad := func(reason string) error { return &CorruptError{Segment: name, Index: first, Reason: reason} }
	switch {
	case !ok:
		return nil, bad("the name is not that of a segment")
	case len(b) < sectorSize:
		return nil, bad("the file is shorter than its header")
	case string(b[:8]) != segmentMagic:
		return nil, bad("the header does not begin with " + segmentMagic)
	case crc32.Checksum(b[:28], castagnoli()) != binary.BigEndian.Uint32(b[28:]):
		return nil, bad("the header has a wrong checksum")
	case binary.BigEndian.Uint64(b[8:]) != first:
		return nil, bad("the header has another index than the name")
	case !allZero(b[32:sectorSize]):
		return nil, bad("the header is not followed by zeros")
	}
	return &segment{
		name:  name,
		first: first,
		salt:  binary.BigEndian.Uint64(b[16:]),
		chain: binary.BigEndian.Uint32(b[24:]),
	}, nil
}

// frame is the head of one record.
type frame struct{ size, flags, prev, crc uint32 }

func parseFrame(b []byte) frame {
	return frame{
		size:  binary.BigEndian.Uint32(b),
		flags: binary.BigEndian.Uint32(b[4:]),
		prev:  binary.BigEndian.Uint32(b[8:]),
		crc:   binary.BigEndian.Uint32(b[12:]),
	}
}

func (f frame) put(b []byte) {
	binary.BigEndian.PutUint32(b, f.size)
	binary.BigEndian.PutUint32(b[4:], f.flags)
	binary.BigEndian.PutUint32(b[8:], f.prev)
	binary.BigEndian.PutUint32(b[12:], f.crc)
}

// span is the number of bytes that the frame takes, with its padding.
func (f frame) span() int64 { return alignUp(frameHeader+int64(f.size), frameHeader) }

// sum is the checksum that the frame must have.
func (f frame) sum(salt uint64, payload []byte) uint32 {
	var b [20]byte
	binary.BigEndian.PutUint64(b[:], salt)
	binary.BigEndian.PutUint32(b[8:], f.prev)
	binary.BigEndian.PutUint32(b[12:], f.size)
	binary.BigEndian.PutUint32(b[16:], f.flags)
	return crc32.Update(crc32.Checksum(b[:], castagnoli()), castagnoli(), payload)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func alignUp(n, to int64) int64 { return (n + to - 1) / to * to }

// allZero compares by sectors, which is many times faster than by bytes.
func allZero(b []byte) bool {
	var zeros [sectorSize]byte
	for len(b) > sectorSize {
		if !bytes.Equal(b[:sectorSize], zeros[:]) {
			return false
		}
		b = b[sectorSize:]
	}
	return bytes.Equal(b, zeros[:len(b)])
}
