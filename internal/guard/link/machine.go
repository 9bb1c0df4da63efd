// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"math"
	"time"
)

// Errors that end a connection. All Reads and Writes on it return them.
var (
	// ErrReset: the other half no longer knows this connection; it restarted or
	// gave up.
	ErrReset = errors.New("link: the other half has left the connection")
	// ErrSilent: nothing was heard from the other half for Timing.Silence.
	ErrSilent = errors.New("link: the other half is silent")
	// ErrStalled: the other half lives but has acknowledged nothing for
	// Timing.Silence.
	ErrStalled = errors.New("link: frames do not get through")
	// ErrBusy: Connect was called while a connection is open.
	ErrBusy = errors.New("link: a connection is already open")
)

// Timing holds the times of the protocol. A zero field takes its default.
type Timing struct {
	Hello     time.Duration // first wait between greetings; doubles up to Retry. 20 ms
	AckDelay  time.Duration // longest wait before an ack that nothing hurries. 2 ms
	MinRetry  time.Duration // least wait before sending again without news. 10 ms
	Retry     time.Duration // greatest such wait. 200 ms
	Heartbeat time.Duration // a live half is never quiet for longer. 500 ms
	Silence   time.Duration // a half unheard for so long is gone. 10 s
	Linger    time.Duration // how long Close waits for the last acks. 1 s
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Hello, 20 * time.Millisecond}, {&t.AckDelay, 2 * time.Millisecond},
		{&t.MinRetry, 10 * time.Millisecond}, {&t.Retry, 200 * time.Millisecond},
		{&t.Heartbeat, 500 * time.Millisecond}, {&t.Silence, 10 * time.Second}, {&t.Linger, time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}

// instant is a moment, as the time since the link was made.
type instant = time.Duration

const never instant = math.MaxInt64

// A connection goes idle, calling, open and then either leaving (closed here,
// the last frames are under way) or ended (closed there, the last bytes are to be
// read), and back to idle.
type phase uint8

const (
	idle phase = iota
	calling
	open
	leaving
	ended
)

type timer uint8

const (
	timeHello   timer = iota // greet again
	timeAck                  // send the ack that is owed
	timeRetry                // no news: send something again
	timeBeat                 // say that we live
	timeSilence              // give up
	timeReach                // try a longer frame
	timeBlocked              // the port was full: try again
	timeLeave                // stop lingering
	timers
)

const (
	pingGap    = 10 * time.Millisecond // between answers to a greeting from a stranger
	resetGap   = time.Millisecond      // between resets
	blockedGap = 500 * time.Microsecond
	reachGap   = time.Second // between tries of a longer frame
)

// machine is one half of the protocol as a step machine. Its methods are events
// and take the moment; after any of them, flush gives frames to send and due the
// next moment to call tick.
type machine struct {
	timing Timing
	chance func() uint64 // for connection ids
	mtu    int

	phase      phase
	self, peer uint64
	peerMTU    int
	peerWindow uint32
	err        error // why the last connection ended
	helloWait  time.Duration
	times      [timers]instant
	progress   instant // when the peer last acknowledged something, or nothing was owed

	send sender
	recv receiver
	out  outbox

	ran             instant // the last event
	pinged, resetAt instant
	dropped         uint64 // frames refused, of any reason
}

func newMachine(mtu, window int, timing Timing, chance func() uint64) *machine {
	m := &machine{timing: timing.withDefaults(), chance: chance, mtu: mtu, pinged: -time.Hour, resetAt: -time.Hour}
	m.send.init(window, mtu)
	m.recv.init(window, mtu)
	m.out.init(mtu)
	m.stopTimers()
	return m
}

func (m *machine) stopTimers() {
	for i := range m.times {
		m.times[i] = never
	}
}

// due is the next moment at which tick has something to do.
func (m *machine) due() instant {
	at := never
	for _, t := range m.times {
		at = min(at, t)
	}
	return at
}

// connect begins to greet. The machine must be idle.
func (m *machine) connect(now instant) {
	m.stopTimers()
	m.out.blocked = false
	m.phase, m.err = calling, nil
	m.peer = 0
	for m.self = 0; m.self == 0; {
		m.self = m.chance()
	}
	m.helloWait = m.timing.Hello
	m.out.due(oweHello)
	m.times[timeHello] = now + m.helloWait
}

// establish opens the connection with the peer whose greeting is known.
func (m *machine) establish(now instant) {
	m.phase = open
	m.stopTimers()
	m.send.reset(uint64(m.peerWindow), min(baseMTU, m.mtu, m.peerMTU))
	m.recv.reset()
	m.progress = now
	m.times[timeBeat] = now + m.timing.Heartbeat
	m.times[timeSilence] = now + m.timing.Silence
	m.tryReach(now)
}

// fail ends the connection for a reason found here, and says so to the peer.
func (m *machine) fail(err error) {
	if m.phase == open || m.phase == leaving {
		m.out.reset(m.peer, m.self)
	}
	m.forget(err)
}

// forget ends the connection without a word.
func (m *machine) forget(err error) {
	m.phase, m.err = idle, err
	m.self, m.peer = 0, 0
	m.out.forget()
	m.stopTimers()
	m.out.blocked = false
}

// close ends the connection from this side: what was written is still delivered
// for as long as the linger time.
func (m *machine) close(now instant) {
	switch m.phase {
	case open:
		m.phase = leaving
		m.times[timeLeave] = now + m.timing.Linger
		m.leaveIfDone(now)
	case calling, ended:
		m.forget(nil)
	}
}

// leaveIfDone says goodbye once everything written has arrived.
func (m *machine) leaveIfDone(now instant) {
	if m.phase == leaving && m.send.done() {
		m.out.due(oweClose)
		m.setRetry(now)
	}
}

// write takes as much of p as there is room for.
func (m *machine) write(p []byte) int {
	if m.phase != open {
		return 0
	}
	return m.send.write(p)
}

// read gives bytes that arrived in order.
func (m *machine) read(p []byte) int {
	if m.phase != open && m.phase != ended {
		return 0
	}
	n := m.recv.read(p)
	if m.phase == open && m.recv.creditDue() {
		m.out.due(oweAck)
	}
	return n
}

// run notes that this half runs. Time in which it did not (the process or the
// whole machine was stopped) must not count against the peer, whose frames wait
// unread: while a connection is open, the heartbeat brings an event at least so
// often.
func (m *machine) run(now instant) {
	gap := now - m.ran
	m.ran = now
	if gap <= 2*m.timing.Heartbeat || m.times[timeSilence] == never {
		return
	}
	m.times[timeSilence] += gap
	m.progress += gap
}

// tick does what the time has come for.
func (m *machine) tick(now instant) {
	m.run(now)
	for t := range timers {
		if m.times[t] <= now {
			m.times[t] = never
			m.expire(now, t)
		}
	}
}

func (m *machine) expire(now instant, t timer) {
	switch t {
	case timeHello:
		m.helloWait = min(2*m.helloWait, m.timing.Retry)
		m.times[timeHello] = now + m.helloWait
		m.out.due(oweHello)
	case timeAck:
		m.out.due(oweAck)
	case timeRetry:
		m.retry(now)
	case timeBeat:
		m.times[timeBeat] = now + m.timing.Heartbeat
		m.out.due(oweAck)
	case timeSilence:
		m.fail(ErrSilent)
	case timeReach:
		m.tryReach(now)
	case timeBlocked:
		m.out.blocked = false
	case timeLeave:
		m.fail(nil)
	}
}

// retry runs when frames are unacknowledged, or wait for credit, and nothing has
// been heard about them: it sends the oldest again, or asks for an answer.
func (m *machine) retry(now instant) {
	if m.send.outstanding() && now-m.progress > m.timing.Silence {
		m.fail(ErrStalled)
		return
	}
	m.send.backOff()
	switch {
	case m.send.resendOldest():
	case m.send.waiting():
		m.out.due(oweAsk)
	case m.phase == leaving:
		m.out.due(oweClose)
	}
	m.setRetry(now)
}

// setRetry sets the time for sending again if anything waits for news.
func (m *machine) setRetry(now instant) {
	m.times[timeRetry] = never
	if m.send.outstanding() || m.send.waiting() || m.phase == leaving {
		m.times[timeRetry] = now + m.send.retryAfter(m.timing)
	}
}

// tryReach sends one frame as long as both ports allow; when the peer reports
// that it arrived, data frames may be as long.
func (m *machine) tryReach(now instant) {
	if m.send.size < min(m.mtu, m.peerMTU) {
		m.out.due(oweReach)
		m.times[timeReach] = now + reachGap
	}
}
