// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dukou.dev/dukou/internal/guard"
)

// mode is what a schedule is like. All of it is drawn from the seed.
type mode struct {
	site      *site
	dir       string // of bundles and leases, when they change; empty for those of the site
	unbounded bool   // faults to the end: only safety is looked at
	faulty    time.Duration
	center    bool
	rogue     bool
}

// Times of a schedule.
const (
	mayNeed = 5 * time.Minute // simulated, from the end of the faults until all is quiet
	mayEnd  = 2 * time.Minute // for processes that were told to end
)

// build makes machines and processes.
func (s *sim) build() {
	mtus := []int{1500, 4000, 4000, 9000}
	s.cable = s.newCable(mtus[s.rng.IntN(len(mtus))])
	out, o, i, in := s.newMachine("front-out"), s.newMachine("outer"), s.newMachine("inner"), s.newMachine("front-in")
	o.add(outer, s.half(guard.Outer))
	i.add(gate, s.half(guard.Gate))
	i.add(inner, s.half(guard.Inner))
	out.add(frontOut, s.front(outer))
	in.add(frontIn, s.front(inner))
	if s.mode.center {
		s.newMachine("center").add(central, s.center).watched = true
	}
	if s.mode.rogue {
		s.newMachine("rogue").add(rogue, s.captive).watched = true
	}
}

// draw draws what the schedule is like.
func (s *sim) draw() error {
	s.mode.rogue = s.chance(0.15)
	s.mode.center = s.chance(0.25) || s.mode.rogue && s.chance(0.7) // which raises the term
	s.mode.unbounded = s.chance(0.2)
	s.mode.faulty = s.between(300*time.Millisecond, 2500*time.Millisecond)
	if s.chance(0.04) { // long enough for clocks to keep what they were told
		s.mode.faulty = s.between(15*time.Second, 45*time.Second)
	}
	if !s.mode.center {
		return nil
	}
	dir, err := os.MkdirTemp(s.mode.site.dir, "schedule")
	if err != nil {
		return err
	}
	s.mode.dir = dir
	for _, c := range cast {
		if c.id != central {
			err = errors.Join(err, s.mode.site.furnish(filepath.Join(dir, c.id), c.id))
		}
	}
	return err
}

// play runs one schedule to its end and checks it.
func (s *sim) play() error {
	err := s.draw()
	defer os.RemoveAll(s.mode.dir)
	if err != nil {
		return err
	}
	s.build()
	for _, p := range s.ordered {
		s.next(p, s.between(0, 20*time.Millisecond))
	}
	s.plan()
	end := s.mode.faulty
	if s.mode.unbounded {
		s.loop(end, func() bool { return false })
	} else {
		s.after(end, "heal", s.heal)
		if !s.loop(end+mayNeed, func() bool { return s.now() > end && s.quiet() == "" }) {
			s.found.add(s, "not quiet after %s without faults: %s", mayNeed, s.quiet())
		} else if s.chance(0.1) {
			s.idle()
		}
	}
	s.finish()
	return nil
}

// An installation that nobody uses: its events in so many seconds are heartbeats of the
// link and questions for the time.
const (
	idleFor  = 5 * time.Second
	idleMost = 60 // events a second
)

// idle looks whether all is quiet indeed: parts that keep each other busy are not.
func (s *sim) idle() {
	s.loop(s.now()+2*time.Second, func() bool { return false })
	before := s.executed
	s.loop(s.now()+idleFor, func() bool { return false })
	if n := (s.executed - before) / int(idleFor.Seconds()); n > idleMost {
		s.found.add(s, "%d events a second where nothing is to be done", n)
	}
}

// plan draws what is asked and delivered, and what goes wrong when.
func (s *sim) plan() {
	for n := range 1 + s.rng.IntN(4) {
		s.after(s.between(0, s.mode.faulty), "ask", func() { s.ask(n) })
	}
	s.planShipments()
	for range 1 + s.rng.IntN(3) {
		who := s.ordered[s.rng.IntN(len(s.ordered))]
		s.after(s.between(0, s.mode.faulty), "witness "+who.id, func() { s.witness(who) })
	}
	if s.mode.center {
		s.planNews()
	}
	s.planFaults()
}

// planShipments draws deliveries.
func (s *sim) planShipments() {
	large := s.chance(0.08)
	for n := range 1 + s.rng.IntN(3) {
		name, d := s.drawShipment(n, large && n == 0)
		s.after(s.between(0, s.mode.faulty), "submit", func() { s.submit(name, d) })
	}
}

// planNews draws when other bundles and leases are to come into force.
func (s *sim) planNews() {
	version := 0
	for range 1 + s.rng.IntN(2) {
		version = min(version+1+s.rng.IntN(2), len(versions)-1)
		next, at := version, s.mode.faulty
		if s.mode.rogue {
			at /= 4 // so that there is time to break the new term
		}
		s.after(s.between(0, at), "bundle", func() { s.want(next, 0) })
	}
	if s.chance(0.4) {
		s.after(s.between(0, s.mode.faulty), "lease", func() { s.want(0, 1) })
	}
}

// heal ends all faults.
func (s *sim) heal() {
	s.cable.harm = harm{}
	s.cable.cut = [2]bool{}
	for _, m := range s.machine {
		m.offset.Store(0)
		m.io.Lock()
		m.at = 0
		m.io.Unlock()
	}
}

// quiet says what is not yet, or nothing.
func (s *sim) quiet() string {
	for _, p := range s.ordered {
		if !p.alive() {
			return p.id + " does not run"
		}
	}
	waits := ""
	if s.mode.center && s.behind() != "" {
		return s.behind() + " has not the latest bundle and lease"
	}
	s.record.change(func() {
		for name, q := range s.record.questions {
			if !q.ended {
				waits = "question " + name
			}
		}
		for name, d := range s.record.shipments {
			if !d.accepted || !d.told {
				waits = fmt.Sprintf("delivery %s (%s, accepted %t)", name, d.flow, d.accepted)
			}
		}
	})
	return waits
}

// finish has all processes end and looks at what they leave.
func (s *sim) finish() {
	s.record.over = true
	s.played = s.sum
	for _, p := range s.ordered {
		s.witness(p)
	}
	for _, p := range s.ordered {
		if p.life != nil {
			p.life.cancel()
		}
	}
	ended := func() bool {
		return !slices.ContainsFunc(s.ordered, func(p *process) bool { return p.life != nil && !p.life.ended() })
	}
	if !s.loop(s.now()+mayEnd, ended) {
		panic(fmt.Sprintf("seed %d: processes do not end", s.seed))
	}
	s.checkLogs()
	s.checkJudged()
	s.checkShelves(frontIn, true)
	s.checkShelves(frontOut, true)
	s.tally.Schedules++
	s.tally.Events += s.executed
	s.tally.Simulated += s.now().Seconds()
}
