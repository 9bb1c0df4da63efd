// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/pki"
)

// journalBytes is the length of a file of a journal: small, so that several begin.
const journalBytes = 16 << 10

// seams are the parts of a life that the scheduler looks at. They are set once each,
// under the life's lock.
type seams struct {
	journal *audit.Journal
	front   *front.Front
	outbox  *exchange.Outbox
}

func (l *life) set(change func(*seams)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.seams)
}

func (l *life) parts() seams {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seams
}

// state is the directory of a component's bundle and lease.
func (s *sim) state(id string) string {
	if s.mode.dir == "" {
		return filepath.Join(s.mode.site.dir, "state", id)
	}
	return filepath.Join(s.mode.dir, id)
}

// open opens clock and journal of a life.
func (l *life) open() (*pki.Clock, *audit.Journal, error) {
	s, id := l.p.m.s, l.p.id
	clock, err := pki.NewClock(s.mode.site.ids[id], l.p.m.clock)
	if err != nil {
		return nil, nil, err
	}
	journal, err := audit.Open(audit.Config{
		Dir: id + "/audit", Origin: audit.Origin(id), Signer: quick{audit.Origin(id)}, Clock: clock.Now, Disk: l.files,
		SegmentBytes: journalBytes, Fatal: l.fatal,
	})
	if err != nil {
		return nil, nil, err
	}
	l.set(func(p *seams) { p.journal = journal })
	return clock, journal, nil
}

func (s *sim) log(id string) *slog.Logger {
	if !s.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("at", id)
}

// half is the body of a part of the guard.
func (s *sim) half(side guard.Side) func(*life) error {
	return func(l *life) error {
		clock, journal, err := l.open()
		if err != nil {
			return err
		}
		c := guard.Config{
			Side: side, Identity: s.mode.site.ids[l.p.id], State: s.state(l.p.id), Journal: journal,
			Listener: l.listen(), Clock: clock, Log: s.log(l.p.id),
		}
		var tasks []daemon.Task
		if side == guard.Inner {
			c.Link = guard.Redial(func(ctx context.Context) (net.Conn, error) { return l.dial(ctx, gate) })
		} else {
			lk := link.New(link.Config{Port: s.cable.port(ends[side], l), Log: c.Log, Window: linkWindow})
			c.Link = lk
			tasks = append(tasks, daemon.Task{Name: "link", Run: lk.Run})
		}
		h, err := guard.New(c)
		if err == nil {
			err = daemon.Run(l.ctx, append(tasks, daemon.Task{Name: "half", Run: h.Run})...)
		}
		return errors.Join(err, journal.Close())
	}
}

// ends are the ends of the cable by who holds them.
var ends = map[guard.Side]int{guard.Outer: 0, guard.Gate: 1}

// front is the body of a front at a half.
func (s *sim) front(half string) func(*life) error {
	return func(l *life) error {
		clock, journal, err := l.open()
		if err != nil {
			return err
		}
		f, err := front.New(front.Config{
			Identity: s.mode.site.ids[l.p.id], State: s.state(l.p.id), Journal: journal, Clock: clock, Log: s.log(l.p.id),
			Dial:  func(ctx context.Context) (net.Conn, error) { return l.dial(ctx, half) },
			Exits: map[string]front.Exit{"test": application{l}},
		})
		if err != nil {
			return errors.Join(err, journal.Close())
		}
		err = l.convey(f)
		return errors.Join(err, journal.Close())
	}
}
