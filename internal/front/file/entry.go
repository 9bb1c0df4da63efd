// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Entry takes files in and delivers them: from watched directories, and from
// terminals.
type Entry struct {
	cfg Config

	mu    sync.Mutex
	lanes map[string]*running // by flow
}

// running is a lane and how to end it.
type running struct {
	*lane
	stop  context.CancelFunc
	ended chan struct{}
}

// NewEntry checks the configuration; nothing is opened before Run.
func NewEntry(c Config) (*Entry, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Entry{cfg: c, lanes: map[string]*running{}}, nil
}

// Run follows the bundle in force: flows appear and go, and what they accepted stays
// on disk. It returns when ctx has ended and every lane has.
func (e *Entry) Run(ctx context.Context) error {
	defer e.stopAll()
	troubles := map[string]*complaint{}
	tick := time.NewTicker(look)
	defer tick.Stop()
	var seen *policy.Policy
	var next time.Time
	for {
		if p := e.cfg.Conveyor.Policy(); p != nil && (p != seen || time.Now().After(next)) {
			e.follow(ctx, p, troubles)
			seen, next = p, time.Now().Add(again)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// follow starts, stops and renews lanes.
func (e *Entry) follow(ctx context.Context, p *policy.Policy, troubles map[string]*complaint) {
	homes := map[string]string{}
	for i := range p.Flows {
		f := &p.Flows[i]
		if f.Kind != "deliver" || f.Protocol != "file" || f.Entry != e.cfg.Front {
			continue
		}
		trouble := troubles[f.Name]
		if trouble == nil {
			trouble = &complaint{log: e.cfg.Log.With(slog.String("flow", f.Name)), what: "opening a file flow"}
			troubles[f.Name] = trouble
		}
		home := e.home(f)
		if other, taken := homes[home]; taken {
			trouble.note(ctx, fmt.Errorf("listener %q is flow %q's already", f.Listener, other))
			continue
		}
		homes[home] = f.Name
		trouble.note(ctx, e.renew(ctx, f, home))
	}
	for name, r := range e.running() {
		if homes[r.home] != name {
			e.stop(name, r)
		}
	}
}

// home is the directory that holds what a flow accepted; empty when there is none.
func (e *Entry) home(f *policy.Flow) string {
	if d, ok := e.cfg.Directories[f.Listener]; ok {
		return filepath.Join(d.Path, own)
	}
	if e.cfg.State != "" && terminals(f) {
		return filepath.Join(e.cfg.State, f.Name)
	}
	return "none:" + f.Name
}

// terminals tells whether terminals may send on a flow.
func terminals(f *policy.Flow) bool { return slices.Contains(f.Accept, label.ByCertificate) }

// renew gives a lane its flow, and starts it if it does not run in this home.
func (e *Entry) renew(ctx context.Context, f *policy.Flow, home string) error {
	if r := e.running()[f.Name]; r != nil {
		if r.home == home && (r.uploads != nil || !terminals(f)) {
			r.flow.Store(f)
			return nil
		}
		e.stop(f.Name, r)
	}
	l, err := e.open(ctx, f, home)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	r := &running{lane: l, stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		l.run(ctx)
	}()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lanes[f.Name] = r
	return nil
}

func (e *Entry) open(ctx context.Context, f *policy.Flow, home string) (*lane, error) {
	if d, ok := e.cfg.Directories[f.Listener]; ok {
		if _, err := Home(d.Path); err != nil {
			return nil, err
		}
		return openLane(ctx, &e.cfg, f, home, &d)
	}
	if err := CheckName(f.Name); err != nil || !filepath.IsAbs(home) {
		return nil, fmt.Errorf("no directory is configured for listener %q, nor may terminals send", f.Listener)
	}
	if err := durable.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	return openLane(ctx, &e.cfg, f, home, nil)
}

// running is a copy of the lanes.
func (e *Entry) running() map[string]*running {
	e.mu.Lock()
	defer e.mu.Unlock()
	lanes := make(map[string]*running, len(e.lanes))
	for name, r := range e.lanes {
		lanes[name] = r
	}
	return lanes
}

// Pending is the number of deliveries that were accepted and have not ended.
func (e *Entry) Pending() int {
	n := 0
	for _, r := range e.running() {
		n += r.outbox.Pending()
	}
	return n
}

// lane is the lane of a flow, nil when there is none.
func (e *Entry) lane(flow string) *lane {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.lanes[flow]; r != nil {
		return r.lane
	}
	return nil
}

func (e *Entry) stop(name string, r *running) {
	e.mu.Lock()
	delete(e.lanes, name)
	e.mu.Unlock()
	r.stop()
	<-r.ended
}

func (e *Entry) stopAll() {
	for name, r := range e.running() {
		e.stop(name, r)
	}
}
