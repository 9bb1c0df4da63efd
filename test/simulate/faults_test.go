// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import "time"

// planFaults draws what goes wrong when.
func (s *sim) planFaults() {
	if s.chance(0.6) {
		s.cable.harm = s.drawHarm()
	}
	most := 4
	if s.mode.unbounded {
		most = 10
	}
	for range s.rng.IntN(most) {
		s.after(s.between(0, s.mode.faulty), "fault", s.fault)
	}
}

// drawHarm draws what the cable does to frames.
func (s *sim) drawHarm() harm {
	rate := func() float64 {
		if s.chance(0.5) {
			return 0
		}
		return s.rng.Float64() * 0.15
	}
	return harm{lost: rate(), torn: rate(), flipped: rate(), doubled: rate(), late: rate(), replayed: rate()}
}

// fault makes one fault, which begins now or waits for the next change to a disk.
func (s *sim) fault() {
	m := s.machine[[]string{"front-out", "outer", "inner", "front-in"}[s.rng.IntN(4)]]
	switch s.rng.IntN(8) {
	case 0, 1:
		s.strike(m, cutPower)
	case 2:
		s.strike(m, failWrite)
	case 3:
		if m.up {
			s.tally.fault("power cut")
			s.powerCut(m)
		}
	case 4, 5:
		if p := m.procs[s.rng.IntN(len(m.procs))]; p.alive() {
			s.tally.fault("process killed")
			s.kill(p)
		}
	case 6:
		s.cutCable()
	case 7:
		s.jump(m)
	}
}

// breakOff breaks off a large delivery that has just begun.
func (s *sim) breakOff() {
	if s.now() > s.mode.faulty {
		return
	}
	s.after(s.between(2*time.Millisecond, 40*time.Millisecond), "break off", func() {
		p := s.process[[]string{outer, gate, inner}[s.rng.IntN(3)]]
		if s.now() > s.mode.faulty || !p.alive() {
			return
		}
		s.tally.fault("process killed")
		s.kill(p)
	})
}

// loseReceipt makes it likely that the sender does not hear of a release just now, and
// that what it sends again is forbidden by then.
func (s *sim) loseReceipt() {
	if s.now() > s.mode.faulty || !s.chance(0.2) {
		return
	}
	if p := s.process[[]string{outer, gate, inner}[s.rng.IntN(3)]]; p.alive() && s.chance(0.5) {
		s.tally.fault("process killed")
		s.kill(p)
	} else {
		s.cutCable()
	}
	if s.mode.center && s.chance(0.5) {
		s.want(s.forbidding(), 0)
	}
}

// strike arms a fault at one of the next changes to a disk.
func (s *sim) strike(m *machine, what strike) {
	m.io.Lock()
	defer m.io.Unlock()
	m.at, m.what = m.ops+1+s.rng.IntN(12), what
}

// cutCable loses all frames of one direction or both for a while.
func (s *sim) cutCable() {
	side := s.rng.IntN(2)
	both := s.chance(0.4)
	s.cable.cut[side] = true
	if s.cable.cut[1-side] = both; both {
		s.tally.fault("cable cut")
	} else {
		s.tally.fault("cable cut one way")
	}
	s.after(s.between(10*time.Millisecond, 2*time.Second), "cable whole", func() { s.cable.cut = [2]bool{} })
}

// jump sets the clock of a machine wrong.
func (s *sim) jump(m *machine) {
	by := s.between(time.Second, 3*time.Minute)
	kind := "clock forwards"
	if s.chance(0.5) {
		by, kind = -by, "clock back"
	}
	s.tally.fault(kind)
	m.offset.Store(int64(by))
	if s.chance(0.5) {
		s.after(s.between(100*time.Millisecond, 2*time.Second), "clock right", func() { m.offset.Store(0) })
	}
}
