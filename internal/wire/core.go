// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// core is the protocol as a machine: frames and the application's acts go in
// (begin, finish, tick, and the methods of the other files), frames come out of
// emit, and signals fire for those who wait. It has no goroutine, clock or
// connection, and is not safe for use by two goroutines at once.
type core struct {
	cfg  Config
	role uint8

	started   time.Time
	lastSeen  time.Time // of the latest frame
	peer      hello
	helloSent bool
	helloSeen bool
	helloBuf  [helloSize]byte

	streams    map[uint64]*stream // from its first frame to the last of both sides
	nextLocal  uint64
	nextRemote uint64

	slots     int           // streams that this side may still open
	openers   fifo[*opener] // those who wait for a slot
	peerSlots int           // streams that the peer may still open
	slotsOwed int           // given back, but not yet announced
	accepts   fifo[*stream] // opened by the peer, not yet taken
	accepted  signal        // accepts has grown
	strays    int           // resets that the peer may send to streams that are gone
	free      int           // what is left of Config.Memory
	starved   fifo[*stream] // messages that wait for it

	control fifo[*stream]    // streams with credit or a reset to send
	ready   [2]fifo[*stream] // streams with messages to send, by class
	run     int              // bytes of Interactive data since the last Bulk frame

	resets, pings bucket
	pingDue       bool // to be sent
	pingOut       bool // sent, not answered
	pingNumber    uint32
	pongDue       bool
	pongNumber    uint32

	goAwayDue bool
	goAway    Code
	ended     bool // nothing more goes in or out
}

// opener waits for a slot to open a stream.
type opener struct {
	granted bool
	signal  signal
}

func newCore(dialer bool, cfg Config, now time.Time) *core {
	k := &core{
		cfg: cfg, role: roleAcceptor, started: now, lastSeen: now,
		streams:   make(map[uint64]*stream),
		nextLocal: 2, nextRemote: 1,
		peerSlots: cfg.MaxStreams,
		free:      cfg.Memory,
		resets:    newBucket(max(minResetRate, cfg.MaxStreams), max(256, 2*cfg.MaxStreams)),
		pings:     newBucket(pingRate, pingBurst),
	}
	if dialer {
		k.role, k.nextLocal, k.nextRemote = roleDialer, 1, 2
	}
	return k
}

// ask queues for a slot; the opener is granted at once when one is free.
func (k *core) ask() *opener {
	o := new(opener)
	k.openers.push(o)
	k.grantSlots()
	return o
}

// giveUp ends the wait of an opener.
func (k *core) giveUp(o *opener) {
	if o.granted {
		k.slots++
		k.grantSlots()
		return
	}
	k.openers.remove(func(other *opener) bool { return other == o })
}

func (k *core) grantSlots() {
	for k.openers.len() > 0 && k.slots > 0 {
		o := k.openers.pop()
		k.slots--
		o.granted = true
		o.signal.fire()
	}
}

// open makes a stream for which a slot was granted. The peer learns of it, and
// its id is assigned, with the first frame.
func (k *core) open(class Class) *stream {
	return &stream{class: class, local: true, recvCredit: initialCredit, sendCredit: int(k.peer.credit)}
}

// announce gives a local stream its id.
func (k *core) announce(s *stream) {
	s.id = k.nextLocal
	k.nextLocal += 2
	k.streams[s.id] = s
}

// accept takes the next stream that the peer opened, or nil.
func (k *core) accept() *stream {
	if k.accepts.len() == 0 {
		return nil
	}
	return k.accepts.pop()
}

// retire forgets a stream once both sides have sent their last frame on it.
func (k *core) retire(s *stream) {
	if s.gone || !s.sendOver() || !s.recvOver() {
		return
	}
	s.gone = true
	delete(k.streams, s.id)
	if !s.resetSeen {
		k.strays++
	}
	s.recvCredit = 0
	k.recharge(s)
	k.returnSlot(s)
}

// returnSlot lets the peer open another stream when one of its own is gone
// here and closed by the application: work that a reset stream still causes
// counts against the peer's limit.
func (k *core) returnSlot(s *stream) {
	if s.gone && s.closed && !s.local {
		k.slotsOwed++
	}
}

// slotsDue says whether the slots owed are worth a frame of their own.
func (k *core) slotsDue() bool {
	return k.slotsOwed > 0 && k.peerSlots <= k.cfg.MaxStreams/2
}

// leave makes a GoAway the last frame that is sent.
func (k *core) leave(code Code) {
	k.goAwayDue, k.goAway = true, code
}

// tick looks at the time. It is to be called at least twice per KeepAlive.
func (k *core) tick(now time.Time) error {
	silence := now.Sub(k.lastSeen)
	switch {
	case !k.helloSeen && now.Sub(k.started) > helloTimeout, silence > k.cfg.IdleTimeout:
		return violation(Timeout)
	case k.helloSeen && silence >= k.cfg.KeepAlive && !k.pingOut:
		k.pingDue = true
	}
	return nil
}
