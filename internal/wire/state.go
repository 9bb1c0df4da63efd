// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

// stream is one stream's state in the core.
type stream struct {
	id    uint64 // 0 until the first frame of a local stream
	class Class
	local bool // opened by this side

	// What this side sends.
	out        fifo[outgoing]
	outBytes   int    // copied bytes in out
	queued     uint64 // messages ever put into out
	sent       uint64 // messages ever sent whole
	sendCredit int
	sendClosed bool // CloseSend was called
	endSent    bool
	sendSignal signal

	// What this side receives.
	in         fifo[Message]
	part       partial
	recvCredit int // granted to the peer and not yet used
	creditOwed int // the part of it that no frame has announced
	held       int // received and not yet taken, with the partial message
	charged    int // taken from the pool
	endSeen    bool
	recvSignal signal

	// How it ends.
	failure   *ResetError
	resetDue  bool // a reset is to be sent, after the end if afterEnd
	afterEnd  bool
	resetSent bool
	resetSeen bool
	closed    bool // the application has let go
	gone      bool

	inReady, inControl, inStarved bool
}

// outgoing is a message on its way out.
type outgoing struct {
	Message
	next   int  // bytes sent
	begun  bool // the first fragment is sent
	copied bool // Payload belongs to the queue
}

// partial is a message of which fragments are missing.
type partial struct {
	active bool
	kind   Kind
	total  int
	got    int
	buf    []byte // never larger than got and the credit; nil when discarded
}

func (p *partial) missing() int { return p.total - p.got }

func (s *stream) sendOver() bool { return s.endSent || s.resetSent }
func (s *stream) recvOver() bool { return s.endSeen || s.resetSeen }

// discards says whether what still arrives is thrown away.
func (s *stream) discards() bool { return s.closed || s.failure != nil }

// sendable says whether a data frame can go out now.
func (s *stream) sendable() bool {
	if s.gone || s.endSent || s.failure != nil {
		return false
	}
	if s.out.len() == 0 {
		return s.sendClosed
	}
	m := s.out.front()
	if m.begun {
		return s.sendCredit > 0
	}
	return s.sendCredit >= cost(min(len(m.Payload), 1))
}
