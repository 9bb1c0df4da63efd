// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

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
