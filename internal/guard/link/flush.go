// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"encoding/binary"
	"math"
	"time"
)

// owe is a set of frames other than data that are to be sent.
type owe uint8

const (
	oweHello owe = 1 << iota
	oweAck
	oweAsk   // an ack that asks for one
	oweReach // an ack of full length that asks for one
	oweClose
	oweReset
)

// outbox holds the frames to be sent next, and buffers for those without data.
type outbox struct {
	owed    owe
	blocked bool // the port was full
	limit   int

	frames [][]byte
	slots  []int32 // the slot of each data frame, none for others
	kinds  []owe   // what each other frame paid

	goneTo, goneFrom              uint64
	hello, gone, close, ack, long []byte
}

func (o *outbox) init(mtu int) {
	o.limit = batchSize(mtu)
	o.hello = make([]byte, helloSize)
	o.gone = make([]byte, headerSize)
	o.close = make([]byte, dataHeader)
	o.ack = make([]byte, minMTU)
	o.long = make([]byte, mtu)
}

func (o *outbox) due(what owe) { o.owed |= what }

// reset notes a reset to be sent; a later one takes its place. The frame itself
// is written by flush, since the port may still be sending the last one.
func (o *outbox) reset(to, from uint64) {
	o.goneTo, o.goneFrom = to, from
	o.owed |= oweReset
}

// forget drops all but a reset, which belongs to no connection.
func (o *outbox) forget() { o.owed &= oweReset }

func (o *outbox) add(b []byte, slot int32, what owe) {
	o.frames = append(o.frames, b)
	o.slots = append(o.slots, slot)
	o.kinds = append(o.kinds, what)
	o.owed &^= what
}

// flush gives the frames to send now. They stay valid until flushed, which must
// be called before flush is called again. No frames: nothing to do.
func (m *machine) flush(now instant) [][]byte {
	o := &m.out
	o.frames, o.slots, o.kinds = o.frames[:0], o.slots[:0], o.kinds[:0]
	if o.blocked {
		return nil
	}
	if o.owed&oweReset != 0 {
		putHeader(o.gone, kindReset, o.goneTo, o.goneFrom, 0)
		seal(o.gone)
		o.add(o.gone, none, oweReset)
	}
	if o.owed&oweHello != 0 && m.phase != idle {
		m.putHello()
	}
	if m.phase == open || m.phase == leaving {
		m.putAcks(now)
		m.putData(now)
		m.putClose(now)
	}
	return o.frames
}

// flushed says how many of the frames of the last flush the port took.
func (m *machine) flushed(now instant, n int) {
	o := &m.out
	for i := len(o.frames) - 1; i >= 0; i-- {
		slot := o.slots[i]
		if slot != none {
			m.send.slots[slot].pinned = false
		}
		if i < n {
			continue
		}
		if slot != none {
			m.send.refused(slot)
		}
		o.owed |= o.kinds[i]
	}
	if n < len(o.frames) {
		o.blocked = true
		m.times[timeBlocked] = now + blockedGap
	}
}

// more: the next flush may have frames.
func (m *machine) more() bool {
	return !m.out.blocked && (m.out.owed != 0 || m.phase != ended && m.send.ready())
}

func (m *machine) putHello() {
	b := m.out.hello
	putHeader(b, kindHello, m.peer, m.self, 0)
	b[32] = 0
	if m.phase != calling {
		b[32] = flagOpen
	}
	binary.BigEndian.PutUint16(b[34:], uint16(m.mtu))
	binary.BigEndian.PutUint32(b[36:], uint32(len(m.recv.slots)))
	seal(b)
	m.out.add(b, none, oweHello)
}

// putState writes what every frame of an open connection says about the other
// direction.
func (m *machine) putState(now instant, b []byte, k kind, number uint64) {
	r := &m.recv
	putHeader(b, k, m.peer, m.self, number)
	delay := min((now-r.heardAt)/time.Microsecond, math.MaxUint32)
	r.granted = r.credit()
	binary.BigEndian.PutUint64(b[32:], r.heard)
	binary.BigEndian.PutUint64(b[40:], r.next)
	binary.BigEndian.PutUint64(b[48:], r.granted)
	binary.BigEndian.PutUint32(b[56:], uint32(delay))
	binary.BigEndian.PutUint16(b[60:], uint16(r.reach))
	b[62], b[63] = 0, 0
}

// putAcks writes an ack if one is due and no data frame will say the same.
func (m *machine) putAcks(now instant) {
	o := &m.out
	if o.owed&oweReach != 0 {
		clear(o.long)
		m.putAck(now, o.long[:min(m.mtu, m.peerMTU)], oweReach|oweAsk|oweAck)
	}
	if o.owed&oweAsk != 0 || (o.owed&oweAck != 0 && (m.recv.gap() || !m.send.ready())) {
		m.putAck(now, o.ack, oweAck|o.owed&oweAsk)
	}
}

func (m *machine) putAck(now instant, b []byte, pays owe) {
	m.putState(now, b, kindAck, m.send.nextNumber(now))
	words := m.recv.putBits(b[dataHeader:])
	binary.BigEndian.PutUint64(b[64:], uint64(words))
	if pays&oweReach == 0 {
		b = b[:dataHeader+8*words]
	}
	if pays&oweAsk != 0 {
		b[62] = flagAnswer
	}
	seal(b)
	m.out.add(b, none, pays)
	m.acked()
	// Data frames do not put the heartbeat off: where only short frames pass, the
	// peer must not take us for dead.
	m.times[timeBeat] = now + m.timing.Heartbeat
}

func (m *machine) acked() {
	m.recv.owed = 0
	m.times[timeAck] = never
}

func (m *machine) putData(now instant) {
	sent := false
	for len(m.out.frames) < m.out.limit && m.send.ready() {
		i := m.send.take(now)
		t := &m.send.slots[i]
		b := t.buf[:dataHeader+t.size]
		m.putState(now, b, kindData, t.number)
		binary.BigEndian.PutUint64(b[64:], t.seq)
		seal(b)
		m.out.add(b, i, 0)
		sent = true
	}
	if !sent {
		if m.times[timeRetry] == never && m.send.waiting() {
			m.setRetry(now)
		}
		return
	}
	if m.times[timeRetry] == never {
		m.progress = now
		m.setRetry(now)
	}
	m.out.owed &^= oweAck
	m.acked()
}

func (m *machine) putClose(now instant) {
	b := m.out.close
	if m.out.owed&oweClose == 0 || !m.send.done() {
		return
	}
	m.putState(now, b, kindClose, m.send.nextNumber(now))
	binary.BigEndian.PutUint64(b[64:], m.send.end)
	seal(b)
	m.out.add(b, none, oweClose)
}
