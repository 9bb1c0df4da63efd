// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

// emit appends what is to be written next to b: about batchSize bytes, with at
// most one Bulk frame, so that nothing urgent waits long behind it.
func (k *core) emit(b []byte) []byte {
	if k.ended {
		return b
	}
	if !k.helloSent {
		k.helloSent = true
		b = appendHeader(b, header{typ: frameHello, length: helloSize})
		b = appendHello(b, hello{
			role: k.role, streams: uint32(k.cfg.MaxStreams),
			message: uint32(k.cfg.MaxMessage), credit: initialCredit,
		})
	}
	if k.goAwayDue {
		k.ended = true
		return appendHeader(b, header{typ: frameGoAway, value: uint32(k.goAway)})
	}
	if !k.helloSeen {
		return b
	}
	b = k.emitControl(b)
	for len(b) < batchSize {
		s := k.next()
		if s == nil {
			break
		}
		b = k.emitData(b, s)
		if s.class == Bulk {
			break
		}
	}
	if k.slotsDue() || k.slotsOwed > 0 && len(b) > 0 {
		b = appendHeader(b, header{typ: frameSlots, value: uint32(k.slotsOwed)})
		k.peerSlots += k.slotsOwed
		k.slotsOwed = 0
	}
	return b
}

// pending says whether emit would give something.
func (k *core) pending() bool {
	if k.ended {
		return false
	}
	if !k.helloSent || k.goAwayDue {
		return true
	}
	return k.helloSeen && (k.pingDue || k.pongDue || k.slotsDue() ||
		k.control.len() > 0 || k.ready[Interactive].len() > 0 || k.ready[Bulk].len() > 0)
}

func (k *core) emitControl(b []byte) []byte {
	if k.pongDue {
		k.pongDue = false
		b = appendHeader(b, header{typ: framePong, value: k.pongNumber})
	}
	if k.pingDue {
		k.pingDue, k.pingOut = false, true
		k.pingNumber++
		b = appendHeader(b, header{typ: framePing, value: k.pingNumber})
	}
	for k.control.len() > 0 && len(b) < batchSize {
		s := k.control.pop()
		s.inControl = false
		b = k.emitStreamControl(b, s)
	}
	return b
}

func (k *core) emitStreamControl(b []byte, s *stream) []byte {
	if s.gone || s.id == 0 {
		return b
	}
	if s.creditOwed > 0 && !s.resetSent && !s.recvOver() {
		b = appendHeader(b, header{typ: frameCredit, value: uint32(s.creditOwed), stream: s.id})
		s.creditOwed = 0
	}
	if s.resetDue && !s.resetSent && (!s.afterEnd || s.endSent) {
		b = appendHeader(b, header{typ: frameReset, value: s.resetCode(), stream: s.id})
		s.resetSent = true
		k.retire(s)
	}
	return b
}

func (s *stream) resetCode() uint32 {
	if s.failure == nil {
		return 0
	}
	return s.failure.Code
}

// next picks the stream whose turn it is to send one frame.
func (k *core) next() *stream {
	if k.run >= bulkTurn {
		if s := k.pick(Bulk); s != nil {
			return s
		}
	}
	if s := k.pick(Interactive); s != nil {
		return s
	}
	return k.pick(Bulk)
}

func (k *core) pick(class Class) *stream {
	q := &k.ready[class]
	for q.len() > 0 {
		s := q.pop()
		s.inReady = false
		if s.sendable() {
			return s
		}
	}
	return nil
}

// emitData appends one frame of the stream and lets it queue again.
func (k *core) emitData(b []byte, s *stream) []byte {
	h := header{}
	if s.id == 0 {
		k.announce(s)
		h.flags = flagOpen
		if s.class == Bulk {
			h.flags |= flagBulk
		}
	}
	h.stream = s.id
	before := len(b)
	if s.out.len() == 0 {
		h.typ = frameEnd
		s.endSent = true
		b = appendHeader(b, h)
	} else {
		b = k.emitFragment(b, s, h)
	}
	if s.class == Bulk {
		k.run = 0
	} else {
		k.run = min(k.run+len(b)-before, bulkTurn)
	}
	if s.endSent && s.resetDue {
		k.makeControl(s)
	}
	k.makeReady(s)
	k.retire(s)
	return b
}

func (k *core) emitFragment(b []byte, s *stream, h header) []byte {
	m := s.out.front()
	if m.begun {
		h.typ = frameMore
	} else {
		m.begun = true
		s.sendCredit -= messageCost
		h.typ, h.kind, h.value = frameMessage, m.Kind, uint32(len(m.Payload))
	}
	n := min(len(m.Payload)-m.next, s.sendCredit, maxFragment)
	s.sendCredit -= n
	last := m.next+n == len(m.Payload)
	if last && s.sendClosed && s.out.len() == 1 {
		h.flags |= flagEnd
		s.endSent = true
	}
	h.length = uint32(n)
	b = append(appendHeader(b, h), m.Payload[m.next:m.next+n]...)
	m.next += n
	if last {
		k.sentWhole(s)
	}
	return b
}

func (k *core) sentWhole(s *stream) {
	m := s.out.pop()
	s.sent++
	if m.copied {
		s.outBytes -= len(m.Payload)
		return
	}
	s.sendSignal.fire()
}
