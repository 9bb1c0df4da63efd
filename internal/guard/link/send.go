// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"encoding/binary"
	"math/bits"
	"time"
)

const (
	reorderLimit = 3    // a frame passed by so many newer ones is lost
	sentLog      = 4096 // transmissions whose time is remembered, a power of two
	firstRTT     = 5 * time.Millisecond
	maxBackOff   = 10
)

// sendSlot holds one data frame from Write until its acknowledgement.
type sendSlot struct {
	buf        []byte // header and payload
	size       int    // of the payload
	seq        uint64
	number     uint64 // of its last transmission
	prev, next int32
	in         *slotList
	acked      bool
	pinned     bool // its bytes are with the port at this moment
}

// slotList is a list of slots, linked through them.
type slotList struct{ head, tail int32 }

const none int32 = -1

// sender numbers the bytes written into frames and keeps each until it arrived.
type sender struct {
	slots    []sendSlot
	una      uint64 // oldest frame not acknowledged
	nxt      uint64 // next frame never sent
	end      uint64 // next frame to fill; una <= nxt <= end <= una + len(slots)
	credit   uint64 // frames below this one may be sent
	size     int    // longest frame to make
	flying   slotList
	lost     slotList
	number   uint64 // last transmission number used, of any frame
	heard    uint64 // newest transmission that the peer has heard
	sent     []sentAt
	srtt     time.Duration
	rttvar   time.Duration
	backoffs uint
}

type sentAt struct {
	number uint64
	at     instant
}

func (s *sender) init(window, mtu int) {
	s.slots = make([]sendSlot, window)
	for i, b := range buffers(window, mtu) {
		s.slots[i].buf = b
	}
	s.sent = make([]sentAt, sentLog)
	s.reset(0, min(mtu, baseMTU))
}

// reset prepares for a new connection. Slots that are with the port stay pinned.
func (s *sender) reset(credit uint64, size int) {
	for i := range s.slots {
		t := &s.slots[i]
		*t = sendSlot{buf: t.buf, pinned: t.pinned, prev: none, next: none}
	}
	clear(s.sent)
	*s = sender{
		slots: s.slots, sent: s.sent, credit: credit, size: size,
		flying: slotList{none, none}, lost: slotList{none, none},
		srtt: firstRTT, rttvar: firstRTT / 2,
	}
}

func (s *sender) index(seq uint64) int32 { return int32(seq % uint64(len(s.slots))) }

func (s *sender) push(l *slotList, i int32) {
	t := &s.slots[i]
	t.in, t.prev, t.next = l, l.tail, none
	if l.tail == none {
		l.head = i
	} else {
		s.slots[l.tail].next = i
	}
	l.tail = i
}

func (s *sender) pushFront(l *slotList, i int32) {
	t := &s.slots[i]
	t.in, t.prev, t.next = l, none, l.head
	if l.head == none {
		l.tail = i
	} else {
		s.slots[l.head].prev = i
	}
	l.head = i
}

func (s *sender) unlink(i int32) {
	t := &s.slots[i]
	if t.in == nil {
		return
	}
	if t.prev == none {
		t.in.head = t.next
	} else {
		s.slots[t.prev].next = t.next
	}
	if t.next == none {
		t.in.tail = t.prev
	} else {
		s.slots[t.next].prev = t.prev
	}
	t.in, t.prev, t.next = nil, none, none
}

// write puts bytes into frames, the last unsent one first.
func (s *sender) write(p []byte) int {
	n := 0
	for n < len(p) {
		t := s.filling()
		if t == nil {
			break
		}
		c := copy(t.buf[dataHeader+t.size:s.size], p[n:])
		t.size += c
		n += c
	}
	return n
}

// filling is the slot that takes the next byte, nil if there is none.
func (s *sender) filling() *sendSlot {
	if s.end > s.nxt {
		if t := &s.slots[s.index(s.end-1)]; dataHeader+t.size < s.size {
			return t
		}
	}
	t := &s.slots[s.index(s.end)]
	if s.end-s.una >= uint64(len(s.slots)) || t.pinned {
		return nil
	}
	*t = sendSlot{buf: t.buf, seq: s.end, prev: none, next: none}
	s.end++
	return t
}

// roomy: a writer that waited has room for more than a few frames.
func (s *sender) roomy() bool {
	free := len(s.slots) - int(s.end-s.una)
	return free > len(s.slots)/8 && !s.slots[s.index(s.end)].pinned
}

func (s *sender) done() bool        { return s.una == s.end }
func (s *sender) outstanding() bool { return s.una < s.nxt }

// waiting: there are frames to send, and no credit.
func (s *sender) waiting() bool { return s.nxt < s.end && s.nxt >= s.credit }

// ready: there is a frame that may be sent now.
func (s *sender) ready() bool {
	return s.lost.head != none || s.nxt < min(s.end, s.credit)
}

// take picks the next frame to send, lost ones first, and notes its transmission.
func (s *sender) take(now instant) int32 {
	i := s.lost.head
	if i == none {
		i = s.index(s.nxt)
		s.nxt++
	} else {
		s.unlink(i)
	}
	t := &s.slots[i]
	t.number, t.pinned = s.nextNumber(now), true
	s.push(&s.flying, i)
	return i
}

// refused: the port did not take a frame; it goes first next time.
func (s *sender) refused(i int32) {
	if s.slots[i].in != nil {
		s.unlink(i)
		s.pushFront(&s.lost, i)
	}
}

func (s *sender) nextNumber(now instant) uint64 {
	s.number++
	s.sent[s.number%sentLog] = sentAt{s.number, now}
	return s.number
}

// sane: the frame claims nothing about us that cannot be.
func (s *sender) sane(f *frame) bool {
	if f.next > s.nxt || f.heard > s.number {
		return false
	}
	return f.kind != kindAck || len(f.bits)/8 <= (len(s.slots)+63)/64+1
}

// reached raises the frame size once the peer has received one of the length
// that both ports allow.
func (s *sender) reached(reach, target int) {
	if reach >= target && target > s.size {
		s.size = target
	}
}

// acknowledge takes the state in a frame of the peer. It reports whether a frame
// of ours was acknowledged for the first time.
func (s *sender) acknowledge(now instant, f *frame) bool {
	news := false
	if f.credit > s.credit {
		s.credit, s.backoffs = f.credit, 0
	}
	s.measure(now, f)
	for ; s.una < f.next; s.una++ {
		news = s.arrived(s.una) || news
	}
	for w := 0; w < len(f.bits); w += 8 {
		word := binary.BigEndian.Uint64(f.bits[w:])
		for ; word != 0; word &= word - 1 {
			seq := f.next + 1 + uint64(w*8+bits.TrailingZeros64(word))
			if seq >= s.una && seq < s.nxt {
				news = s.arrived(seq) || news
			}
		}
	}
	if news {
		s.backoffs = 0
	}
	s.findLost()
	return news
}

func (s *sender) arrived(seq uint64) bool {
	i := s.index(seq)
	if s.slots[i].acked {
		return false
	}
	s.slots[i].acked = true
	s.unlink(i)
	return true
}

// findLost moves frames that newer transmissions have overtaken to the lost list.
func (s *sender) findLost() {
	for i := s.flying.head; i != none && s.slots[i].number+reorderLimit <= s.heard; i = s.flying.head {
		s.unlink(i)
		s.push(&s.lost, i)
	}
}

// measure updates the round-trip time from the echoed transmission number, which
// names one transmission, so that a frame sent twice is no puzzle.
func (s *sender) measure(now instant, f *frame) {
	if f.heard <= s.heard {
		return
	}
	s.heard = f.heard
	log := s.sent[f.heard%sentLog]
	if log.number != f.heard {
		return
	}
	rtt := max(now-log.at-time.Duration(f.delay)*time.Microsecond, 0)
	gap := max(s.srtt-rtt, rtt-s.srtt)
	s.rttvar += (gap - s.rttvar) / 4
	s.srtt += (rtt - s.srtt) / 8
}

// retryAfter is the wait before a frame without news is sent again.
func (s *sender) retryAfter(t Timing) time.Duration {
	d := max(s.srtt+4*s.rttvar+t.AckDelay, t.MinRetry)
	return min(d<<s.backoffs, t.Retry)
}

func (s *sender) backOff() { s.backoffs = min(s.backoffs+1, maxBackOff) }

// resendOldest makes the frame that was sent longest ago the next to send.
func (s *sender) resendOldest() bool {
	if i := s.flying.head; i != none {
		s.unlink(i)
		s.pushFront(&s.lost, i)
	}
	return s.lost.head != none
}
