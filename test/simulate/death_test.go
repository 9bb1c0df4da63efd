// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"time"

	"dukou.dev/dukou/internal/durable"
)

// kill ends a process as SIGKILL does: the machine goes on.
func (s *sim) kill(p *process) {
	if l := p.life; l != nil && l.dead.CompareAndSwap(false, true) {
		s.buried(l, 0)
	}
}

// powerCut ends all processes of a machine, and with them what was not synced.
func (s *sim) powerCut(m *machine) {
	m.io.Lock()
	m.off()
	m.io.Unlock()
	s.dark(m)
}

// off takes the power away; io is held.
func (m *machine) off() {
	for _, p := range m.procs {
		if p.life != nil {
			p.life.dead.Store(true)
		}
	}
	m.disk = m.disk.Crash()
	m.at = 0
}

// dark is what the scheduler does after the power went.
func (s *sim) dark(m *machine) {
	m.up = false
	wait := s.between(50*time.Millisecond, 3*time.Second)
	s.after(wait, "power for "+m.name, func() {
		m.up = true
		if s.now() < s.mode.faulty && s.chance(0.3) {
			s.strike(m, cutPower)
		}
		s.tornTails(m)
		for _, p := range m.procs {
			s.checkShelves(p.id, false)
		}
	})
	for _, p := range m.procs {
		if p.life != nil {
			s.buried(p.life, wait)
		}
	}
}

// buried cuts off what is left of a life, and plans the next.
func (s *sim) buried(l *life, wait time.Duration) {
	select {
	case <-l.gone:
		return
	default:
		close(l.gone)
	}
	l.mu.Lock()
	conns := l.conns
	l.mu.Unlock()
	for _, e := range conns {
		if e.fail(errGone) && l.p.m.up { // a dead machine says nothing
			s.post(e.line, "reset", func() { e.other.arrive(nil, errReset) })
		}
	}
	if n := l.listener.Load(); n != nil {
		_ = n.Close()
	}
	l.cancel()
	s.next(l.p, wait+s.between(20*time.Millisecond, 400*time.Millisecond))
}

// next starts the next life of a process when the last one has wholly ended.
func (s *sim) next(p *process, wait time.Duration) {
	s.after(wait, "start "+p.id, func() {
		switch {
		case s.record.over:
		case p.m.up && (p.life == nil || p.life.ended()):
			p.start()
		default:
			s.next(p, 20*time.Millisecond)
		}
	})
}

// strikes counts a change and tells whether the machine is struck at it; io is held.
func (m *machine) strikes(*life) bool {
	m.ops++
	return m.at > 0 && m.ops >= m.at
}

// struck makes a change that the power cut or an error of the disk hits. A directory
// that cannot be synced ends its file system, as a journal that is aborted does: the
// machine starts anew.
func (m *machine) struck(l *life, op func(durable.Disk) error, entries bool) error {
	m.at = 0
	if m.what == cutPower {
		m.s.tally.fault("power cut during a change")
		if l.parts().journal == nil {
			m.s.tally.reached("power lost while starting")
		}
		m.disk.CutAt(1)
		_ = op(m.disk)
		m.off()
		m.s.post(l.disk, "power cut", func() { m.s.dark(m) })
		return nil
	}
	before := m.disk.Faults()
	m.disk.FailAt(1)
	err := op(m.disk)
	m.disk.FailAt(0)
	if m.disk.Faults() == before { // it changed nothing
		return err
	}
	// The process must end here, which the tests of packages durable and exchange
	// hold it to; here is looked at what it leaves on the disk.
	m.s.tally.fault("error of the disk")
	if entries {
		m.off()
		m.s.post(l.disk, "file system aborted", func() { m.s.dark(m) })
		return nil
	}
	l.dead.Store(true)
	m.s.post(l.disk, "disk failed", func() { m.s.buried(l, 0) })
	return nil
}
