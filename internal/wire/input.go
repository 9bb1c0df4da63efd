// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// begin takes a frame's header. It returns where the payload of h.length bytes
// is to be put before finish is called; nil means that it is to be skipped.
func (k *core) begin(h header, now time.Time) ([]byte, error) {
	k.lastSeen = now
	if (h.typ == frameHello) == k.helloSeen {
		return nil, violation(BadHello)
	}
	switch h.typ {
	case frameHello:
		return k.helloBuf[:], nil
	case frameSlots:
		return nil, k.gotSlots(h)
	case framePing:
		return nil, k.gotPing(h, now)
	case framePong:
		return nil, k.gotPong(h)
	case frameGoAway:
		return nil, &GoAwayError{Code: Code(h.value), Remote: true}
	}
	s, err := k.find(h)
	if err != nil {
		return nil, err
	}
	switch h.typ {
	case frameCredit:
		return nil, k.gotCredit(s, h)
	case frameReset:
		return nil, k.gotReset(s, h, now)
	case frameMessage:
		return k.gotMessage(s, h)
	case frameMore:
		return k.gotMore(s, h)
	default:
		return nil, k.gotEnd(s)
	}
}

// finish takes the payload, which now lies where begin said.
func (k *core) finish(h header) error {
	switch h.typ {
	case frameHello:
		return k.gotHello()
	case frameMessage, frameMore:
		k.gotFragment(k.streams[h.stream], h)
	}
	return nil
}

func (k *core) gotHello() error {
	h, err := parseHello(&k.helloBuf, roleDialer+roleAcceptor-k.role)
	if err != nil {
		return err
	}
	k.peer, k.helloSeen = h, true
	k.slots = int(h.streams)
	k.grantSlots()
	return nil
}

// find returns the stream of a frame, making it if the frame opens it. It is
// nil for a stream that is gone and a frame that may still have been under way.
func (k *core) find(h header) (*stream, error) {
	local := h.stream%2 == k.nextLocal%2
	if h.flags&flagOpen != 0 {
		return k.opened(h, local)
	}
	if s := k.streams[h.stream]; s != nil {
		return s, nil
	}
	next := k.nextRemote
	if local {
		next = k.nextLocal
	}
	late := h.typ == frameCredit || h.typ == frameReset
	if h.stream >= next || !late {
		return nil, violation(BadStream)
	}
	return nil, nil
}

func (k *core) opened(h header, local bool) (*stream, error) {
	if local || h.stream != k.nextRemote {
		return nil, violation(BadStream)
	}
	if k.peerSlots == 0 {
		return nil, violation(StreamLimit)
	}
	k.peerSlots--
	k.nextRemote += 2
	s := &stream{id: h.stream, recvCredit: initialCredit, sendCredit: int(k.peer.credit)}
	if h.flags&flagBulk != 0 {
		s.class = Bulk
	}
	k.streams[s.id] = s
	k.accepts.push(s)
	k.accepted.fire()
	return s, nil
}

func (k *core) gotMessage(s *stream, h header) ([]byte, error) {
	total, length := int(h.value), int(h.length)
	switch {
	case s.recvOver():
		return nil, violation(BadStream)
	case h.value > uint32(k.cfg.MaxMessage):
		return nil, violation(MessageTooLarge)
	case s.part.active, length > total, length == 0 && total > 0,
		h.flags&flagEnd != 0 && length < total:
		return nil, violation(BadMessage)
	}
	if err := k.use(s, cost(length)); err != nil {
		return nil, err
	}
	s.part = partial{active: true, kind: h.kind, total: total, got: length}
	k.refill(s)
	return k.room(s, length), nil
}

func (k *core) gotMore(s *stream, h header) ([]byte, error) {
	length := int(h.length)
	switch {
	case s.recvOver():
		return nil, violation(BadStream)
	case !s.part.active, length > s.part.missing(),
		h.flags&flagEnd != 0 && length < s.part.missing():
		return nil, violation(BadMessage)
	}
	if err := k.use(s, length); err != nil {
		return nil, err
	}
	s.part.got += length
	k.refill(s)
	return k.room(s, length), nil
}

// room returns where the latest fragment goes. Memory is taken only for bytes
// that have come or that the credit covers.
func (k *core) room(s *stream, length int) []byte {
	p := &s.part
	if s.discards() {
		return nil
	}
	if p.got > cap(p.buf) || p.buf == nil {
		grown := make([]byte, p.got-length, min(p.total, p.got+s.recvCredit))
		copy(grown, p.buf)
		p.buf = grown
	}
	p.buf = p.buf[:p.got]
	return p.buf[p.got-length:]
}

// gotFragment hands a message to the application when it is whole.
func (k *core) gotFragment(s *stream, h header) {
	if s == nil {
		return // reset by this side while the payload was read
	}
	whole := s.part.missing() == 0
	if whole {
		if !s.discards() {
			s.in.push(Message{Kind: s.part.kind, Payload: s.part.buf})
			s.recvSignal.fire()
		}
		s.part = partial{}
	}
	if h.flags&flagEnd != 0 {
		k.end(s)
	}
	k.feed()
}

func (k *core) gotEnd(s *stream) error {
	if s.recvOver() {
		return violation(BadStream)
	}
	if s.part.active {
		return violation(BadMessage)
	}
	k.end(s)
	return nil
}

// end notes that the peer sends no more on the stream.
func (k *core) end(s *stream) {
	s.endSeen = true
	s.recvCredit = 0
	k.recharge(s)
	s.recvSignal.fire()
	k.retire(s)
	k.feed()
}

func (k *core) gotReset(s *stream, h header, now time.Time) error {
	if s == nil {
		if k.strays == 0 {
			return violation(BadStream)
		}
		k.strays--
		return nil
	}
	if s.resetSeen {
		return violation(BadStream)
	}
	if !s.resetSent && !k.resets.take(now) {
		return violation(ResetFlood)
	}
	s.resetSeen = true
	s.recvCredit = 0
	if s.failure == nil {
		s.failure = &ResetError{Code: h.value, Remote: true}
	}
	if !s.endSeen {
		k.dropIn(s)
	}
	k.dropOut(s)
	if !s.sendOver() {
		s.resetDue, s.afterEnd = true, false
		k.makeControl(s)
	}
	k.recharge(s)
	k.retire(s)
	k.feed()
	return nil
}

func (k *core) gotCredit(s *stream, h header) error {
	if h.value == 0 {
		return violation(BadFrame)
	}
	if s == nil || s.sendOver() {
		return nil
	}
	if int(h.value) > maxCredit-s.sendCredit {
		return violation(CreditOverflow)
	}
	s.sendCredit += int(h.value)
	k.makeReady(s)
	return nil
}

func (k *core) gotSlots(h header) error {
	if h.value == 0 {
		return violation(BadFrame)
	}
	if h.value > maxStreamsCap || k.slots+int(h.value) > maxStreamsCap {
		return violation(CreditOverflow)
	}
	k.slots += int(h.value)
	k.grantSlots()
	return nil
}

func (k *core) gotPing(h header, now time.Time) error {
	if k.pongDue || !k.pings.take(now) {
		return violation(PingFlood)
	}
	k.pongDue, k.pongNumber = true, h.value
	return nil
}

func (k *core) gotPong(h header) error {
	if !k.pingOut || h.value != k.pingNumber {
		return violation(BadFrame)
	}
	k.pingOut = false
	return nil
}
