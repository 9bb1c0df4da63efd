// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package link

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// The simulation runs two machines on one thread and one virtual clock, over a
// cable that loses, doubles, delays, damages, cuts short and plays again what
// earlier connections sent. It proves that what is read is the beginning of what
// was written, and, once the faults stop, that all of it arrives.

type simFaults struct {
	loss, double, damage, truncate, replay float64
	delay, jitter                          time.Duration
	cut                                    [2]bool // direction
}

type simFrame struct {
	at   instant
	to   int
	data []byte
	tie  uint64
}

type simQueue []simFrame

func (q simQueue) Len() int { return len(q) }
func (q simQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].tie < q[j].tie
}
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simQueue) Push(x any)   { *q = append(*q, x.(simFrame)) }
func (q *simQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// simHalf is one machine and its application.
type simHalf struct {
	m        *machine
	mtu      int
	window   int
	conn     uint64 // own id of the present connection, 0 if none
	written  map[uint64][]byte
	read     map[uint64][]byte // by the peer's id
	want     int               // bytes still to write on this connection
	finished bool              // the end of the peer's bytes was read
	slow     float64           // chance that the reader does not read
}

type sim struct {
	t      testing.TB
	seed   uint64
	rng    *rand.Rand
	now    instant
	tie    uint64
	queue  simQueue
	half   [2]*simHalf
	faults simFaults
	old    [][]byte
	noise  []byte // what applications write pieces of
	buf    []byte
}

func newSim(t testing.TB, seed uint64, noise []byte) *sim {
	s := &sim{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), noise: noise, buf: make([]byte, 8000)}
	for i := range s.half {
		mtu := []int{minMTU, 900, 1500, 1600}[s.rng.IntN(4)]
		window := []int{8, 9, 16, 64}[s.rng.IntN(4)]
		s.half[i] = &simHalf{mtu: mtu, window: window, written: map[uint64][]byte{}, read: map[uint64][]byte{}}
		s.restart(i)
	}
	return s
}

// restart replaces a machine, as when its process was killed.
func (s *sim) restart(i int) {
	h := s.half[i]
	h.m = newMachine(h.mtu, h.window, Timing{}, s.rng.Uint64)
	h.conn, h.want, h.finished = 0, 0, false
}

func (s *sim) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d at %v: %s", s.seed, s.now, fmt.Sprintf(format, args...))
}

func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }

// transmit puts what a machine wants to send on the cable; sometimes the port is
// full.
func (s *sim) transmit(i int) {
	m := s.half[i].m
	for range 1000 {
		frames := m.flush(s.now)
		if len(frames) == 0 {
			s.check(i)
			return
		}
		n := len(frames)
		if s.chance(0.02) {
			n = s.rng.IntN(n + 1)
		}
		for _, f := range frames[:n] {
			s.put(1-i, f)
		}
		m.flushed(s.now, n)
	}
	s.fatalf("half %d never stops sending", i)
}

func (s *sim) put(to int, f []byte) {
	if len(f) > s.half[to].mtu {
		return // the other port cannot carry it
	}
	if len(s.old) < 4096 {
		s.old = append(s.old, append([]byte(nil), f...))
	} else if s.chance(0.01) {
		s.old[s.rng.IntN(len(s.old))] = append([]byte(nil), f...)
	}
	if s.faults.cut[to] || s.chance(s.faults.loss) {
		return
	}
	s.deliver(to, f)
	if s.chance(s.faults.double) {
		s.deliver(to, f)
	}
	if s.chance(s.faults.replay) {
		s.deliver(s.rng.IntN(2), s.old[s.rng.IntN(len(s.old))])
	}
}

func (s *sim) deliver(to int, f []byte) {
	f = append(make([]byte, 0, max(60, len(f))), f...)
	if s.chance(s.faults.damage) {
		f[s.rng.IntN(len(f))] ^= 1 << s.rng.IntN(8)
	}
	if s.chance(s.faults.truncate) {
		f = f[:s.rng.IntN(len(f))]
	}
	if len(f) < 46 {
		f = f[:46] // Ethernet pads
	}
	s.tie++
	at := s.now + s.faults.delay
	if s.faults.jitter > 0 {
		at += time.Duration(s.rng.Int64N(int64(s.faults.jitter)))
	}
	heap.Push(&s.queue, simFrame{at: at, to: to, data: f, tie: s.tie})
}

// check holds the bounds that keep memory finite.
func (s *sim) check(i int) {
	checkMachine(func(format string, args ...any) { s.t.Helper(); s.fatalf(format, args...) }, s.half[i].m)
}

func checkMachine(fatalf func(string, ...any), m *machine) {
	w := uint64(len(m.send.slots))
	if m.send.una > m.send.nxt || m.send.nxt > m.send.end || m.send.end > m.send.una+w {
		fatalf("send window: una %d nxt %d end %d of %d", m.send.una, m.send.nxt, m.send.end, w)
	}
	if m.recv.at > m.recv.next || m.recv.next > m.recv.credit() || m.recv.top > m.recv.credit() {
		fatalf("receive window: at %d next %d top %d", m.recv.at, m.recv.next, m.recv.top)
	}
	if len(m.out.frames) > m.out.limit+4 {
		fatalf("%d frames in one batch", len(m.out.frames))
	}
}

// application lets one half's application act.
func (s *sim) application(i int) {
	h := s.half[i]
	if h.m.phase == idle {
		h.conn, h.want, h.finished = 0, 0, false
		h.m.connect(s.now)
	}
	if h.m.phase != open && h.m.phase != ended {
		return
	}
	if h.conn != h.m.self {
		h.conn, h.finished, h.want = h.m.self, false, 0
		h.written[h.conn] = nil
	}
	s.appWrite(h)
	s.appRead(i)
}

func (s *sim) appWrite(h *simHalf) {
	if h.want == 0 {
		return
	}
	n := min(h.want, 1+s.rng.IntN(5000))
	from := s.rng.IntN(len(s.noise) - n)
	b := s.noise[from : from+n]
	n = h.m.write(b)
	h.written[h.conn] = append(h.written[h.conn], b[:n]...)
	h.want -= n
}

func (s *sim) appRead(i int) {
	h := s.half[i]
	if s.chance(h.slow) {
		return
	}
	b := s.buf[:1+s.rng.IntN(len(s.buf))]
	for {
		n := h.m.read(b)
		if n == 0 {
			break
		}
		h.read[h.m.peer] = append(h.read[h.m.peer], b[:n]...)
		s.prefix(i, h.m.peer)
	}
	if h.m.phase == ended {
		h.finished = true
		h.m.close(s.now)
	}
}

// prefix: what was read from a connection is the beginning of what the other half
// wrote on it.
func (s *sim) prefix(i int, peer uint64) {
	got, sent := s.half[i].read[peer], s.half[1-i].written[peer]
	if len(got) > len(sent) {
		s.fatalf("half %d read %d bytes of %d", i, len(got), len(sent))
	}
	from := max(0, len(got)-8000)
	if string(got[from:]) != string(sent[from:len(got)]) {
		s.fatalf("half %d read other bytes than were written, before %d", i, len(got))
	}
}

// step moves to the next event.
func (s *sim) step(limit instant) bool {
	next := min(s.half[0].m.due(), s.half[1].m.due(), s.now+5*time.Millisecond)
	if len(s.queue) > 0 {
		next = min(next, s.queue[0].at)
	}
	if next > limit {
		s.now = limit
		return false
	}
	s.now = max(s.now, next)
	for len(s.queue) > 0 && s.queue[0].at <= s.now {
		f := heap.Pop(&s.queue).(simFrame)
		h := s.half[f.to]
		buf := make([]byte, max(h.mtu, len(f.data)))
		h.m.receive(s.now, buf, copy(buf, f.data))
	}
	for i, h := range s.half {
		h.m.tick(s.now)
		s.application(i)
		s.transmit(i)
	}
	return true
}

func (s *sim) run(d time.Duration) {
	for end := s.now + d; s.step(end); {
	}
}

// until runs until a condition holds, or fails.
func (s *sim) until(what string, d time.Duration, done func() bool) {
	s.t.Helper()
	for end := s.now + d; !done(); {
		if !s.step(end) {
			a, b := s.half[0], s.half[1]
			s.fatalf("not in %v: %s (phases %d %d, wants %d %d, a una %d nxt %d end %d credit %d, b next %d at %d)", d, what,
				a.m.phase, b.m.phase, a.want, b.want, a.m.send.una, a.m.send.nxt, a.m.send.end, a.m.send.credit, b.m.recv.next, b.m.recv.at)
		}
	}
}

func (s *sim) joined() bool {
	a, b := s.half[0].m, s.half[1].m
	return a.phase == open && b.phase == open && a.peer == b.self && b.peer == a.self
}

// allArrived: both directions of the present connection are read to the end.
func (s *sim) allArrived() bool {
	if !s.joined() {
		return false
	}
	for i, h := range s.half {
		if h.want > 0 || len(s.half[1-i].read[h.conn]) != len(h.written[h.conn]) {
			return false
		}
	}
	return true
}

func (s *sim) randomFaults() simFaults {
	f := simFaults{
		delay:  time.Duration(s.rng.Int64N(int64(2 * time.Millisecond))),
		jitter: time.Duration(s.rng.Int64N(int64(3 * time.Millisecond))),
	}
	for _, p := range []*float64{&f.loss, &f.double, &f.damage, &f.truncate, &f.replay} {
		if s.chance(0.6) {
			*p = s.rng.Float64() * 0.3
		}
	}
	if s.chance(0.1) {
		f.cut[s.rng.IntN(2)] = true
	}
	return f
}

// scenario runs phases of faults, with restarts and closes between, and then a
// quiet time in which everything must arrive.
func (s *sim) scenario() {
	for range 1 + s.rng.IntN(4) {
		s.faults = s.randomFaults()
		for _, h := range s.half {
			if h.m.phase == open {
				h.want += s.rng.IntN(100_000)
			}
			h.slow = []float64{0, 0.5, 0.95, 1}[s.rng.IntN(4)]
		}
		s.run(time.Duration(s.rng.Int64N(int64(400 * time.Millisecond))))
		if s.chance(0.15) {
			s.restart(s.rng.IntN(2))
		}
		if s.chance(0.1) {
			h := s.half[s.rng.IntN(2)]
			h.m.close(s.now)
			h.want = 0
		}
		if s.chance(0.05) { // a cable out for longer than silence
			s.faults.cut = [2]bool{true, true}
			s.run(11 * time.Second)
		}
	}
	s.faults = simFaults{delay: 50 * time.Microsecond}
	for _, h := range s.half {
		h.slow = 0
	}
	s.until("joined", 25*time.Second, s.joined)
	for _, h := range s.half {
		s.application(0)
		s.application(1)
		h.want += 20_000
	}
	s.until("all arrived", 25*time.Second, func() bool {
		for _, h := range s.half {
			if h.m.phase == open && h.want == 0 && len(h.written[h.conn]) == 0 {
				h.want = 20_000 // a new connection came up meanwhile
			}
		}
		return s.allArrived()
	})
	s.finish()
}

// finish closes one side: the other reads everything and then the end.
func (s *sim) finish() {
	a := s.half[0]
	b := s.half[1]
	a.want = 5000
	for a.want > 0 {
		s.appWrite(a)
		s.transmit(0)
		s.step(s.now + time.Second)
	}
	id := a.conn
	a.m.close(s.now)
	s.transmit(0)
	s.until("the end", 5*time.Second, func() bool { return len(b.read[id]) == len(a.written[id]) && b.m.peer != id })
	if err := b.m.err; err != nil && !errors.Is(err, ErrReset) {
		s.fatalf("orderly close gave %v", err)
	}
}

// makeNoise gives bytes in which no two places look alike.
func makeNoise() []byte {
	b := make([]byte, 1<<20)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(b)
	return b
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	seeds := uint64(2000)
	if raceEnabled {
		seeds = 300
	}
	noise := makeNoise()
	start := time.Now()
	var virtual time.Duration
	for seed := range seeds {
		s := newSim(t, seed, noise)
		s.scenario()
		virtual += s.now
	}
	t.Logf("%d seeds, %v of simulated time in %v", seeds, virtual.Round(time.Second), time.Since(start).Round(time.Millisecond))
}
