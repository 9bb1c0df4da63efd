// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// machine is a host with a disk, a clock and processes.
type machine struct {
	s       *sim
	name    string
	procs   []*process
	up      bool          // scheduler
	offset  atomic.Int64  // nanoseconds that its clock is wrong by
	syncing time.Duration // the longest time that a sync of a log takes

	io   sync.Mutex // one change at a time; guards what follows
	disk *crashdisk.Disk
	kept kept
	ops  int
	// The next strike: at which change, and what it is.
	at   int
	what strike
}

// strike is what happens to a machine at a change to its disk.
type strike int

const (
	cutPower strike = iota
	failWrite
)

// process is a component; lives of it follow each other.
type process struct {
	m       *machine
	id      string
	body    func(*life) error
	life    *life
	lives   int
	watched bool // it is a tool of the schedule: nothing happens to it
}

// life is one run of a process.
type life struct {
	p        *process
	ctx      context.Context
	cancel   context.CancelFunc
	files    *lifeDisk
	line     *source // what it asks of the network
	disk     *source // its syncs
	dead     atomic.Bool
	gone     chan struct{} // closed by the scheduler when dead
	done     chan struct{} // closed when the body has ended
	err      error         // of the body, before done
	excused  atomic.Bool   // an error of the disk explains its end
	listener atomic.Pointer[listener]

	mu    sync.Mutex
	conns []*end
	seams seams
}

func (s *sim) newMachine(name string) *machine {
	m := &machine{s: s, name: name, up: true, disk: crashdisk.New(s.rng.Uint64()), kept: kept{files: map[string]*keptFile{}}}
	m.syncing = syncing
	if s.chance(0.12) {
		s.tally.fault("slow disk")
		m.syncing = slowSyncing
	}
	s.machine[name] = m
	return m
}

func (m *machine) add(id string, body func(*life) error) *process {
	p := &process{m: m, id: id, body: body}
	m.procs = append(m.procs, p)
	m.s.process[id] = p
	m.s.ordered = append(m.s.ordered, p)
	return p
}

// clock is the system clock of a machine.
func (m *machine) clock() time.Time { return time.Now().Add(time.Duration(m.offset.Load())) }

// start begins a life. The scheduler calls it.
func (p *process) start() {
	s := p.m.s
	l := &life{p: p, gone: make(chan struct{}), done: make(chan struct{})}
	l.files = &lifeDisk{l: l, locks: map[string]bool{}}
	l.line, l.disk = s.source(p.id+" network", segment), s.source(p.id+" disk", p.m.syncing)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	p.m.io.Lock()
	p.life = l
	p.m.io.Unlock()
	p.lives++
	go func() {
		defer close(l.done)
		l.err = p.body(l)
		if !l.dead.Load() && l.ctx.Err() == nil {
			s.post(l.line, "ended by itself", func() { s.endedByItself(l) })
		}
	}()
}

// ended tells whether nothing of a life is left.
func (l *life) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// alive tells whether the process runs.
func (p *process) alive() bool { return p.life != nil && !p.life.dead.Load() }

func (l *life) hold(e *end) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, e)
}

// fatal is what a process calls when its disk has failed: it does not return.
func (l *life) fatal(error) {
	l.excused.Store(true)
	if l.dead.CompareAndSwap(false, true) {
		l.p.m.s.post(l.line, "fatal", func() { l.p.m.s.buried(l, 0) })
	}
	runtime.Goexit()
}

// endedByItself is an end that nobody asked for: right only when the disk failed.
func (s *sim) endedByItself(l *life) {
	if !l.excused.Load() {
		s.found.add(s, "%s ended by itself: %v", l.p.id, l.err)
	}
	s.kill(l.p)
}

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

// struck makes a change that the power cut or an error of the disk hits.
func (m *machine) struck(l *life, op func(durable.Disk) error) error {
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
	l.dead.Store(true)
	m.s.post(l.disk, "disk failed", func() { m.s.buried(l, 0) })
	return nil
}
