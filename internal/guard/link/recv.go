// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import "encoding/binary"

// recvSlot holds one data frame from its arrival until it has been read.
type recvSlot struct {
	buf      []byte
	off, end int // unread payload within buf
	full     bool
}

// receiver puts data frames back in order. The credit that it grants is the
// number of slots, so that a frame with credit always has a place.
type receiver struct {
	slots   []recvSlot
	at      uint64 // frame being read
	next    uint64 // lowest frame missing
	top     uint64 // one above the highest frame that arrived
	granted uint64 // credit in the last frame sent
	owed    int    // data frames since the last frame sent
	heard   uint64 // newest transmission
	heardAt instant
	reach   int // longest frame
}

func (r *receiver) init(window, mtu int) {
	r.slots = make([]recvSlot, window)
	for i, b := range buffers(window, mtu) {
		r.slots[i].buf = b
	}
	r.reset()
}

func (r *receiver) reset() {
	for i := range r.slots {
		r.slots[i].full = false
	}
	*r = receiver{slots: r.slots, granted: uint64(len(r.slots))}
}

func (r *receiver) slot(seq uint64) *recvSlot { return &r.slots[seq%uint64(len(r.slots))] }

// credit is absolute: frames below it have a buffer here.
func (r *receiver) credit() uint64 { return r.at + uint64(len(r.slots)) }

// creditDue: the reader has freed enough that a waiting sender should know.
func (r *receiver) creditDue() bool { return r.credit()-r.granted >= uint64(max(1, len(r.slots)/4)) }

// ackEvery is the number of data frames after which an ack does not wait.
func (r *receiver) ackEvery() int { return max(2, len(r.slots)/16) }

// note remembers what every frame of the connection shows.
func (r *receiver) note(now instant, f *frame) {
	r.reach = max(r.reach, f.length)
	if f.number > r.heard {
		r.heard, r.heardAt = f.number, now
	}
}

type arrival uint8

const (
	refused      arrival = iota // no credit was given for it
	again                       // already here
	arrivedNext                 // in order, nothing missing
	arrivedEarly                // or one that fills a gap
)

// accept keeps the buffer of a data frame in its slot and gives the slot's old
// buffer in return; any other frame leaves buf with the caller.
func (r *receiver) accept(f *frame, buf []byte) ([]byte, arrival) {
	if f.seq >= r.credit() {
		return buf, refused
	}
	t := r.slot(f.seq)
	if f.seq < r.next || t.full {
		return buf, again
	}
	verdict := arrivedNext
	if f.seq != r.next || r.top > r.next {
		verdict = arrivedEarly
	}
	spare := t.buf
	*t = recvSlot{buf: buf, off: dataHeader, end: dataHeader + len(f.payload), full: true}
	r.top = max(r.top, f.seq+1)
	r.owed++
	for r.next < r.credit() && r.slot(r.next).full {
		r.next++
	}
	return spare, verdict
}

// gap: a frame is missing below one that arrived.
func (r *receiver) gap() bool { return r.top > r.next }

func (r *receiver) readable() bool { return r.at < r.next }

func (r *receiver) read(p []byte) int {
	n := 0
	for n < len(p) && r.at < r.next {
		t := r.slot(r.at)
		c := copy(p[n:], t.buf[t.off:t.end])
		t.off += c
		n += c
		if t.off == t.end {
			t.full = false
			r.at++
		}
	}
	return n
}

// putBits writes the bitmap of frames above the missing one and returns its
// length in words.
func (r *receiver) putBits(b []byte) int {
	if !r.gap() {
		return 0
	}
	words := min(int((r.top-r.next-1+63)/64), maxWords)
	clear(b[:words*8])
	for w := range words {
		var word uint64
		first := r.next + 1 + uint64(w*64)
		for i := range min(64, r.top-first) {
			if r.slot(first + i).full {
				word |= 1 << i
			}
		}
		binary.BigEndian.PutUint64(b[w*8:], word)
	}
	return words
}
