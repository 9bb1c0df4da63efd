// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "io"

// enqueue puts a message behind those that wait. Small ones are copied while
// there is room; for the others the payload is read until sentUpTo says that
// message number n is sent.
func (k *core) enqueue(s *stream, m Message) (n uint64, copied bool, err error) {
	switch {
	case s.closed || s.sendClosed:
		return 0, false, ErrClosed
	case s.failure != nil:
		return 0, false, s.failure
	case m.Kind == 0:
		return 0, false, ErrKind
	case len(m.Payload) > int(k.peer.message):
		return 0, false, ErrTooLarge
	}
	size := len(m.Payload)
	if size <= smallSend && s.outBytes+size <= queuedBytes && s.out.len() < queuedCount {
		m.Payload = append([]byte(nil), m.Payload...)
		s.outBytes += size
		copied = true
	}
	s.out.push(outgoing{Message: m, copied: copied})
	s.queued++
	k.makeReady(s)
	return s.queued, copied, nil
}

// sentUpTo says whether message n is sent, or why it never will be.
func (s *stream) sentUpTo(n uint64) (bool, error) {
	if s.sent >= n {
		return true, nil
	}
	if s.failure != nil {
		return false, s.failure
	}
	return false, nil
}

// withdraw takes back the last message queued if none of it was sent, and
// reports whether it could.
func (s *stream) withdraw(n uint64) bool {
	if n != s.queued || s.out.len() == 0 {
		return false
	}
	last := len(s.out.items) - 1
	if s.out.items[last].begun {
		return false
	}
	s.out.items[last] = outgoing{}
	s.out.items = s.out.items[:last]
	if s.out.len() == 0 {
		s.out.drop()
	}
	s.queued--
	return true
}

// take removes the next whole message for the application. Without one it
// returns false, and an error when none will come.
func (k *core) take(s *stream) (Message, bool, error) {
	switch {
	case s.closed:
		return Message{}, false, ErrClosed
	case s.failure != nil && !(s.failure.Remote && s.endSeen):
		return Message{}, false, s.failure
	case s.in.len() > 0:
		m := s.in.pop()
		s.held -= cost(len(m.Payload))
		k.recharge(s)
		k.refill(s)
		k.feed()
		return m, true, nil
	case s.endSeen:
		return Message{}, false, io.EOF
	}
	return Message{}, false, nil
}

func (k *core) closeSend(s *stream) error {
	if s.closed {
		return ErrClosed
	}
	if s.failure != nil {
		return s.failure
	}
	s.sendClosed = true
	k.makeReady(s)
	return nil
}

// reset aborts both directions at once.
func (k *core) reset(s *stream, code uint32) {
	if s.failure != nil || s.gone {
		return
	}
	s.failure = &ResetError{Code: code}
	k.dropOut(s)
	k.dropIn(s)
	if s.id == 0 {
		s.gone = true
		k.slots++
		k.grantSlots()
		return
	}
	s.resetDue, s.afterEnd = true, false
	k.makeControl(s)
}

// closeStream lets go of the stream. What was sent before a CloseSend still
// goes out; whatever else is unfinished is reset.
func (k *core) closeStream(s *stream) {
	if s.closed {
		return
	}
	if !s.sendClosed && !s.gone {
		k.reset(s, 0)
	}
	s.closed = true
	k.dropIn(s)
	if s.failure == nil && !s.recvOver() {
		s.resetDue, s.afterEnd = true, true
		k.makeControl(s)
	}
	s.recvSignal.fire()
	k.returnSlot(s)
}

func (k *core) dropOut(s *stream) {
	s.out.drop()
	s.outBytes = 0
	s.sendSignal.fire()
}

// dropIn forgets what was received. The fragments of a partial message are
// still counted.
func (k *core) dropIn(s *stream) {
	s.in.drop()
	s.part.buf = nil
	s.held = 0
	s.recvSignal.fire()
	k.recharge(s)
	k.feed()
}

func (k *core) makeReady(s *stream) {
	if !s.inReady && s.sendable() {
		s.inReady = true
		k.ready[s.class].push(s)
	}
}

func (k *core) makeControl(s *stream) {
	if !s.inControl {
		s.inControl = true
		k.control.push(s)
	}
}
