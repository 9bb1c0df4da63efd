// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

// A stream's receive side may take up initialCredit bytes of its own. What it
// reserves beyond that, as credit or as bytes held, is charged to the pool.

func (s *stream) reserved() int { return s.recvCredit + s.held }

// recharge makes what the pool has lent to the stream what it reserves now.
func (k *core) recharge(s *stream) {
	charge := max(0, s.reserved()-initialCredit)
	k.free += s.charged - charge
	s.charged = charge
}

// grant lets the peer send n more bytes.
func (k *core) grant(s *stream, n int) {
	s.recvCredit += n
	s.creditOwed += n
	k.recharge(s)
	k.makeControl(s)
}

// refill grants what the stream should have: its own share, then read-ahead for
// Bulk, then what the message that has begun still needs.
func (k *core) refill(s *stream) {
	if s.gone || s.recvOver() || s.discards() {
		return
	}
	if room := initialCredit - s.reserved(); room >= initialCredit/2 {
		k.grant(s, room)
	}
	if n := k.readAhead(s); n >= initialCredit {
		k.grant(s, n)
	}
	if s.needs() > 0 && !k.grantNeed(s) && !s.inStarved {
		s.inStarved = true
		k.starved.push(s)
	}
}

// readAhead is how much a Bulk stream may be granted before anything needs it.
// Half of the pool is kept for messages that have begun, and no stream takes
// more than a part of the other half.
func (k *core) readAhead(s *stream) int {
	if s.class != Bulk || s.recvCredit > k.cfg.Window/2 {
		return 0
	}
	return min(k.cfg.Window-s.reserved(), (k.free-k.cfg.Memory/2)/4)
}

// needs is how many bytes the message that has begun lacks in credit.
func (s *stream) needs() int {
	if !s.part.active {
		return 0
	}
	return s.part.missing() - s.recvCredit
}

// grantNeed grants the whole need, if window and pool allow. A stream above its
// window is asked again when the application has taken a message.
func (k *core) grantNeed(s *stream) bool {
	need := s.needs()
	if s.reserved()+need > k.cfg.Window {
		return true
	}
	charge := max(0, s.reserved()+need-initialCredit)
	if charge-s.charged > k.free {
		return false
	}
	k.grant(s, need)
	return true
}

// feed serves the streams that wait for the pool, in order. It is called when
// the pool may have grown.
func (k *core) feed() {
	for k.starved.len() > 0 {
		s := *k.starved.front()
		idle := s.gone || s.recvOver() || s.discards() || s.needs() <= 0
		if !idle && !k.grantNeed(s) {
			return
		}
		k.starved.pop()
		s.inStarved = false
	}
}

// use counts n bytes that have arrived against the stream's credit.
func (k *core) use(s *stream, n int) error {
	if n > s.recvCredit {
		return violation(WindowOverrun)
	}
	s.recvCredit -= n
	if !s.discards() {
		s.held += n
	}
	k.recharge(s)
	return nil
}
