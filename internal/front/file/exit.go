// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Exit gives files out: into directories, and to terminals.
type Exit struct {
	cfg ExitConfig

	mu     sync.Mutex
	places map[string]*place // by flow
	closed bool
}

var _ front.Receiver = (*Exit)(nil)

// place is where the deliveries of one flow go.
type place struct {
	target   string
	terminal string // of a mailbox
	flow     atomic.Pointer[policy.Flow]
	inbox    *exchange.Inbox
	folder   *Folder          // or
	box      *exchange.Outbox // of a mailbox
}

// NewExit checks the configuration; nothing is opened yet.
func NewExit(c ExitConfig) (*Exit, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Exit{cfg: c, places: map[string]*place{}}, nil
}

// Run opens the inbox of each flow of the bundle in force, which finishes what a
// stop broke off, until ctx ends; then it closes them. A delivery that is under way
// then fails and is made again.
func (e *Exit) Run(ctx context.Context) error {
	trouble := complaint{log: e.cfg.Log, what: "opening the inboxes of files"}
	tick := time.NewTicker(look)
	defer tick.Stop()
	var seen *policy.Policy
	var next time.Time
	for {
		if p := e.cfg.Policy(); p != nil && (p != seen || time.Now().After(next)) {
			trouble.note(ctx, e.openAll(p))
			seen, next = p, time.Now().Add(again)
		}
		select {
		case <-ctx.Done():
			return e.close()
		case <-tick.C:
		}
	}
}

func (e *Exit) openAll(p *policy.Policy) error {
	var errs []error
	for i := range p.Flows {
		if f := &p.Flows[i]; f.Kind == "deliver" && f.Protocol == "file" && f.Exit == e.cfg.Front {
			_, err := e.place(f)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Inbox is front.Receiver's.
func (e *Exit) Inbox(f *policy.Flow) (*exchange.Inbox, error) {
	p, err := e.place(f)
	if err != nil {
		return nil, err
	}
	return p.inbox, nil
}

// place opens the place of a flow, or gives it the flow as it is now. Its errors
// have the code TargetUnavailable.
func (e *Exit) place(f *policy.Flow) (*place, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fault.New(fault.TargetUnavailable, "this front is stopping")
	}
	if p := e.places[f.Name]; p != nil {
		if p.target != f.Target {
			return nil, fault.New(fault.TargetUnavailable, "flow %q had target %q when this front started, now it is %q: start it anew", f.Name, p.target, f.Target)
		}
		p.flow.Store(f)
		return p, nil
	}
	p, err := e.open(f)
	if err != nil {
		return nil, fault.Wrap(fault.TargetUnavailable, err, "open target %q of flow %q", f.Target, f.Name)
	}
	e.places[f.Name] = p
	return p, nil
}

func (e *Exit) open(f *policy.Flow) (*place, error) {
	if err := CheckName(f.Name); err != nil {
		return nil, err
	}
	p := &place{target: f.Target, terminal: e.cfg.Mailboxes[f.Target]}
	p.flow.Store(f)
	var err error
	if path, ok := e.cfg.Targets[f.Target]; ok {
		err = p.openFolder(path, &e.cfg)
	} else if p.terminal != "" {
		err = p.openBox(filepath.Join(e.cfg.State, f.Name), &e.cfg)
	} else {
		err = fmt.Errorf("no directory or mailbox %q is configured", f.Target)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *place) openFolder(path string, c *ExitConfig) error {
	home, err := Home(path)
	if err != nil {
		return err
	}
	if p.folder, err = NewFolder(durable.Files{Disk: durable.OS()}, path, p.flow.Load, c.Check); err != nil {
		return err
	}
	return p.openInbox(filepath.Join(home, "in", p.flow.Load().Name), p.folder, c)
}

func (p *place) openBox(home string, c *ExitConfig) error {
	err := durable.MkdirAll(home, 0o700)
	if err != nil {
		return err
	}
	told := func(*exchange.Outgoing, exchange.Outcome) error { return nil } // the sender had its receipt when the mailbox took it
	if p.box, err = exchange.OpenOutbox(exchange.OutboxConfig{Dir: filepath.Join(home, "box"), Key: c.Key, Settled: told}); err != nil {
		return err
	}
	sink := &spool{disk: durable.OS(), box: p.box, assurance: label.ByComponent, flow: p.flow.Load, more: c.Check, limit: usualPending}
	return p.openInbox(filepath.Join(home, "in"), sink, c)
}

func (p *place) openInbox(dir string, sink exchange.Sink, c *ExitConfig) error {
	var err error
	p.inbox, err = exchange.OpenInbox(context.Background(), exchange.InboxConfig{
		Dir: dir, Key: c.Key, Sink: sink, Log: c.Log.With(slog.String("flow", p.flow.Load().Name)),
	})
	return err
}

func (p *place) close() error {
	var errs []error
	if p.inbox != nil {
		errs = append(errs, p.inbox.Close())
	}
	if p.box != nil {
		errs = append(errs, p.box.Close())
	}
	return errors.Join(errs...)
}

func (e *Exit) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var errs []error
	for name, p := range e.places {
		errs = append(errs, p.close())
		delete(e.places, name)
	}
	return errors.Join(errs...)
}
