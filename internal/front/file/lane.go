// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// maxLarge bounds the deliveries of several chunks that are under way at once in one
// flow: each needs megabytes of memory, and more of them are not faster.
const maxLarge = 8

// lane is the way in of one flow: an outbox, what fills it, and who empties it.
type lane struct {
	cfg    *Config
	home   string
	flow   atomic.Pointer[policy.Flow]
	log    *slog.Logger
	outbox *exchange.Outbox
	watch  *watch        // nil without a watched directory
	large  chan struct{} // a token for each delivery of more than a chunk under way

	// For terminals; nil when the flow did not accept them when it was opened.
	uploads  *exchange.Inbox
	outcomes *outcomes

	trouble complaint

	mu     sync.Mutex
	users  sync.WaitGroup // uploads under way
	closed bool           // no more of them
	ending chan struct{}  // closed with closed
}

func openLane(ctx context.Context, cfg *Config, f *policy.Flow, home string, d *Directory) (*lane, error) {
	l := &lane{cfg: cfg, home: home, large: make(chan struct{}, maxLarge), ending: make(chan struct{}), log: cfg.Log.With(slog.String("flow", f.Name))}
	l.trouble = complaint{log: l.log, what: "delivering files"}
	l.flow.Store(f)
	var err error
	if d != nil {
		if l.watch, err = openWatch(l, *d); err != nil {
			return nil, err
		}
	}
	if err := l.openBoxes(ctx, f); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *lane) openBoxes(ctx context.Context, f *policy.Flow) error {
	var err error
	if terminals(f) {
		if l.outcomes, err = openOutcomes(filepath.Join(l.home, "outcomes")); err != nil {
			return err
		}
	}
	if l.outbox, err = exchange.OpenOutbox(exchange.OutboxConfig{Dir: filepath.Join(l.home, "out"), Key: l.cfg.Key, Settled: l.settled}); err != nil {
		return err
	}
	if l.outcomes == nil {
		return nil
	}
	sink := &spool{disk: durable.OS(), box: l.outbox, assurance: label.ByCertificate, flow: l.flow.Load, limit: l.cfg.MaxPending}
	l.uploads, err = exchange.OpenInbox(ctx, exchange.InboxConfig{Dir: filepath.Join(l.home, "uploads"), Key: l.cfg.Key, Sink: sink, Log: l.log})
	return err
}

// close closes what was opened.
func (l *lane) close() error {
	var errs []error
	if l.uploads != nil {
		errs = append(errs, l.uploads.Close())
	}
	if l.outbox != nil {
		errs = append(errs, l.outbox.Close())
	}
	if l.outcomes != nil {
		errs = append(errs, l.outcomes.close())
	}
	if l.watch != nil {
		errs = append(errs, l.watch.close())
	}
	return errors.Join(errs...)
}

// run watches and delivers until ctx ends.
func (l *lane) run(ctx context.Context) {
	var all sync.WaitGroup
	for range l.cfg.Workers {
		all.Go(func() { l.work(ctx) })
	}
	if l.watch != nil {
		all.Go(func() { l.watch.run(ctx) })
	}
	all.Wait()
	l.mu.Lock()
	l.closed = true
	close(l.ending)
	l.mu.Unlock()
	l.users.Wait()
	if err := l.close(); err != nil {
		l.log.LogAttrs(ctx, slog.LevelError, "closing a file flow", slog.Any("error", err))
	}
}

// use runs fn while the lane is kept open; fn's context ends when the lane is to
// close. A lane that is not open yet, or closes, is TooBusy.
func (l *lane) use(ctx context.Context, fn func(context.Context) error) error {
	if l == nil || l.uploads == nil {
		return fault.New(fault.TooBusy, "the flow is not open yet")
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fault.New(fault.TooBusy, "the flow is being closed")
	}
	l.users.Add(1)
	l.mu.Unlock()
	defer l.users.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-l.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := fn(ctx)
	cancel()
	<-watching
	return err
}

// work delivers one file after another.
func (l *lane) work(ctx context.Context) {
	for {
		out, err := l.outbox.Next(ctx)
		if err != nil {
			return
		}
		if err := l.deliver(ctx, out); err != nil {
			l.outbox.Later(out)
			if ctx.Err() == nil {
				l.trouble.note(ctx, err)
			}
			continue
		}
		l.trouble.note(ctx, nil)
		if l.watch != nil {
			l.watch.emptied()
		}
	}
}

// deliver makes one attempt. An error says that there must be another.
func (l *lane) deliver(ctx context.Context, out *exchange.Outgoing) error {
	body, err := l.outbox.OpenBody(out)
	if err != nil {
		return err
	}
	defer body.Close()
	if out.Body.Size > parcel.ChunkSize {
		select {
		case l.large <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { <-l.large }()
	}
	receipt, err := l.cfg.Conveyor.Deliver(ctx, l.flow.Load(), out, body)
	switch {
	case err == nil:
		return l.outbox.Settle(out, exchange.Outcome{Receipt: receipt})
	case ctx.Err() != nil || exchange.Transient(err) && time.Since(out.Accepted) < exchange.Patience:
		return err
	}
	code := fault.CodeOf(err)
	l.log.LogAttrs(ctx, slog.LevelWarn, "file refused", slog.String("parcel", out.ID.String()), slog.String("name", out.Origin), slog.String("code", string(code)))
	return l.outbox.Settle(out, exchange.Outcome{Code: code})
}

// settled tells whoever brought a file how it ended.
func (l *lane) settled(out *exchange.Outgoing, o exchange.Outcome) error {
	if out.Assurance == label.ByCertificate {
		if l.outcomes == nil {
			return nil // the flow accepts terminals no more: nobody can ask
		}
		return l.outcomes.put(out, o)
	}
	if l.watch == nil {
		return nil // the directory is configured no more
	}
	if o.Code != "" {
		return l.returnFile(out, fault.New(o.Code, "refused on the way"))
	}
	if l.flow.Load().Files.Receipts {
		return l.watch.receipt(out, o.Receipt)
	}
	return nil
}

// returnFile brings the body of a refused delivery back beside the watched directory.
func (l *lane) returnFile(out *exchange.Outgoing, cause error) error {
	body, err := l.outbox.OpenBody(out)
	if err != nil {
		return err
	}
	return errors.Join(l.watch.giveBack(out, body, cause), body.Close())
}
