// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

// receive handles the frame in buf[:n]. It may keep buf; the caller goes on with
// the buffer returned, which has the same capacity.
func (m *machine) receive(now instant, buf []byte, n int) []byte {
	m.run(now)
	var f frame
	if decode(buf[:n], &f) != sound || f.from == m.self {
		m.dropped++
		return buf
	}
	m.out.blocked = false
	known := m.self != 0 && f.to == m.self && f.from == m.peer
	switch {
	case f.kind == kindHello:
		m.hearHello(now, &f)
	case f.kind == kindReset:
		m.hearReset(known)
	case known:
		return m.hearPeer(now, &f, buf)
	default:
		m.hearStranger(now, &f)
	}
	return buf
}

func (m *machine) hearHello(now instant, f *frame) {
	switch {
	case m.phase == idle:
		m.answerUnknown(now, f)
	case m.phase == calling:
		m.peer, m.peerMTU, m.peerWindow = f.from, int(f.mtu), f.window
		if f.to == m.self {
			m.establish(now)
		}
		m.answerHello(f)
	case f.from == m.peer:
		m.answerHello(f)
	case m.phase != ended && now-m.pinged >= pingGap:
		// A new incarnation of the peer, or an old frame played again. If the peer
		// has forgotten this connection, it answers a question with a reset.
		m.pinged = now
		m.out.due(oweAsk)
	}
}

func (m *machine) answerHello(f *frame) {
	if f.flags&flagOpen == 0 || f.to != m.self {
		m.out.due(oweHello)
	}
}

func (m *machine) hearReset(known bool) {
	if !known {
		m.dropped++
		return
	}
	switch m.phase {
	case calling:
		m.peer = 0 // it gave up; go on greeting
	case open:
		m.forget(ErrReset)
	case leaving:
		m.forget(nil)
	}
}

// hearStranger handles a frame of a connection that is not ours.
func (m *machine) hearStranger(now instant, f *frame) {
	m.dropped++
	if m.self == 0 || f.to != m.self {
		m.answerUnknown(now, f)
	}
}

// answerUnknown tells the sender of a frame to an id that nobody has here.
func (m *machine) answerUnknown(now instant, f *frame) {
	if f.to != 0 && now-m.resetAt >= resetGap {
		m.resetAt = now
		m.out.reset(f.from, f.to)
	}
}

// hearPeer handles data, ack and close of our connection.
func (m *machine) hearPeer(now instant, f *frame, buf []byte) []byte {
	if m.phase == calling { // the peer opened first and its greeting was lost
		m.establish(now)
	}
	if m.phase == ended {
		m.answerUnknown(now, f)
		return buf
	}
	if !m.send.sane(f) {
		m.dropped++
		return buf
	}
	m.times[timeSilence] = now + m.timing.Silence
	m.recv.note(now, f)
	m.hearState(now, f)
	switch f.kind {
	case kindData:
		buf = m.hearData(now, f, buf)
	case kindClose:
		m.hearClose(now, f)
	}
	return buf
}

// hearState takes what every frame of a connection says about our own frames.
func (m *machine) hearState(now instant, f *frame) {
	before := m.send.size
	m.send.reached(int(f.reach), min(m.mtu, m.peerMTU))
	if m.send.size != before {
		m.times[timeReach] = never
	}
	news := m.send.acknowledge(now, f)
	if news || !m.send.outstanding() {
		m.progress = now
		m.setRetry(now)
	}
	if f.flags&flagAnswer != 0 {
		m.out.due(oweAck)
	}
	if news {
		m.leaveIfDone(now)
	}
}

func (m *machine) hearData(now instant, f *frame, buf []byte) []byte {
	spare, verdict := m.recv.accept(f, buf)
	if verdict == arrivedNext && m.recv.owed < m.recv.ackEvery() {
		if m.times[timeAck] == never {
			m.times[timeAck] = now + m.timing.AckDelay
		}
		return spare
	}
	m.out.due(oweAck)
	return spare
}

// hearClose ends the connection from the other side. If everything that the peer
// sent is here, the reader gets it all and then the end.
func (m *machine) hearClose(now instant, f *frame) {
	complete := f.seq == m.recv.next
	wasOpen := m.phase == open
	m.answerUnknown(now, f)
	m.out.forget()
	m.stopTimers()
	switch {
	case wasOpen && complete:
		m.phase = ended
	case wasOpen:
		m.forget(ErrReset)
	default:
		m.forget(nil)
	}
}
