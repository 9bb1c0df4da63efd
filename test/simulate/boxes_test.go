// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"io"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/vault"
)

// The directories of a front's machine.
const (
	sources = "/source" // files to be sent
	shelf   = "/shelf"  // files that were released
	workers = 2         // deliveries under way at once

	ledgerBytes = 160 << 10 // of a file of a ledger: what holds the longest record
)

// convey runs a front with its outbox and inbox.
func (l *life) convey(f *front.Front) (err error) {
	s, id := l.p.m.s, l.p.id
	files := durable.Files{Disk: l.files, Fatal: l.fatal}
	if err := errors.Join(files.MkdirAll(id+sources, 0o700), files.MkdirAll(id+shelf, 0o700)); err != nil {
		return err
	}
	folder, err := file.NewFolder(files, id+shelf, nil, nil)
	if err != nil {
		return err
	}
	in, err := exchange.OpenInbox(l.ctx, exchange.InboxConfig{
		Dir: id + "/inbox", Disk: l.files, Key: vault.Key{1}, Sink: sink{folder, l}, Log: s.log(id), Now: l.p.m.clock, Fatal: l.fatal,
		LedgerBytes: ledgerBytes,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := exchange.OpenOutbox(exchange.OutboxConfig{
		Dir: id + "/outbox", Disk: l.files, Key: vault.Key{2}, Settled: l.settled, Now: l.p.m.clock, Fatal: l.fatal,
		LedgerBytes: ledgerBytes,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	f.Receive(receiver{in})
	l.set(func(p *seams) { p.front, p.outbox = f, out })
	tasks := []daemon.Task{{Name: "front", Run: f.Run}, {Name: "adopt", Run: l.adopt}}
	for range workers {
		tasks = append(tasks, daemon.Task{Name: "deliver", Run: l.work})
	}
	return daemon.Run(l.ctx, tasks...)
}

// receiver implements front.Receiver.
type receiver struct{ in *exchange.Inbox }

func (r receiver) Inbox(*policy.Flow) (*exchange.Inbox, error) { return r.in, nil }

// work delivers one after another, as a lane of front/file does.
func (l *life) work(ctx context.Context) error {
	box := l.parts().outbox
	for {
		out, err := box.Next(ctx)
		if err != nil {
			return nil //nolint:nilerr // being told to end is no error
		}
		if err := l.deliver(ctx, box, out); err != nil {
			box.Later(out)
		}
	}
}

// deliver makes one attempt; an error says that there must be another.
func (l *life) deliver(ctx context.Context, box *exchange.Outbox, out *exchange.Outgoing) error {
	s, f := l.p.m.s, l.parts().front
	p := f.Policy()
	body, err := box.OpenBody(out)
	if err != nil {
		return err
	}
	defer body.Close()
	s.record.change(func() { s.record.shipments[out.Origin].attempts++ })
	receipt, err := f.Deliver(ctx, p.Flow(out.Flow), out, &watched{ReaderAt: body, l: l, large: out.Body.Size > parcel.ChunkSize})
	switch {
	case err == nil:
		return box.Settle(out, exchange.Outcome{Receipt: receipt})
	case ctx.Err() != nil || exchange.Transient(err):
		return err
	case s.mode.center && fault.CodeOf(err) == fault.PolicyDenied: // some of its bundles forbid it
		return box.Settle(out, exchange.Outcome{Code: fault.PolicyDenied})
	default:
		if !l.dead.Load() {
			s.found.add(s, "delivery %s was given up: %v", out.Origin, err)
		}
		return err
	}
}

// watched is a body that tells where reading it begins.
type watched struct {
	io.ReaderAt
	l     *life
	large bool
	begun bool
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	s := w.l.p.m.s
	switch {
	case w.begun:
	case off > 0:
		s.tally.reached("resumed in the middle")
	case w.large:
		s.post(w.l.line, "a large body begins", s.breakOff)
	}
	w.begun = true
	return w.ReaderAt.ReadAt(p, off)
}

// settled is told how a delivery ended.
func (l *life) settled(out *exchange.Outgoing, o exchange.Outcome) error {
	if l.dead.Load() {
		return nil
	}
	s := l.p.m.s
	s.record.change(func() {
		d := s.record.shipments[out.Origin]
		d.told = true
		switch {
		case o.Code != "":
			// Who uploads again what it was told is released has a terminal's inbox before this
			// outbox, which remembers; here that is not in the way.
			if d.refused = !out.Unsure && !d.arrived; out.Unsure {
				s.tally.reached("refused, and nobody knows what became of an earlier attempt")
			}
		case d.released == 0:
			s.found.add(s, "delivery %s was told to be released, and was not", out.Origin)
		default:
			d.arrived = true
			if d.attempts > d.at {
				s.tally.reached("receipt lost and given again")
			}
		}
	})
	return nil
}

// sink releases onto the shelf as a folder of front/file does, and looks at what must
// be on record then.
type sink struct {
	*file.Folder
	l *life
}

// Release implements exchange.Sink.
func (k sink) Release(ctx context.Context, d exchange.Delivery, name string) error {
	s, l := k.l.p.m.s, k.l
	if _, err := l.files.Stat(d.Path); err == nil && !l.dead.Load() {
		w := inwards
		if d.Header.Flow == "back" {
			w = outwards
		}
		s.checkRecorded(d.Header.ID, "allow", audit.ClassDecision, w, 0, "delivery "+name)
		s.checkRecorded(d.Header.ID, "committed", audit.ClassDelivery, w, 0, "delivery "+name)
	}
	if err := k.Folder.Release(ctx, d, name); err != nil || l.dead.Load() {
		return err
	}
	s.post(l.line, "released", s.loseReceipt)
	s.record.change(func() {
		if sent := s.record.shipments[d.Content["name"].(string)]; sent != nil {
			sent.released++
			sent.at = sent.attempts
		}
	})
	return nil
}

// draft is a delivery of a name.
func draft(id parcel.ID, flow, name string, size int) exchange.Draft {
	subject := "out/sender"
	if flow == "back" {
		subject = "in/sender"
	}
	return exchange.Draft{
		ID: id, Flow: flow, Subject: subject, Assurance: label.ByComponent, Origin: name,
		Fields: canon.Must(parcel.Record{"form": "file", "name": name, "size": int64(size)}),
	}
}

// adopt takes what lies in the source directory, again and again.
func (l *life) adopt(ctx context.Context) error {
	s, dir := l.p.m.s, l.p.id+sources
	for {
		names, err := l.files.ReadDir(dir)
		if err != nil && !l.dead.Load() {
			return err
		}
		for _, name := range names {
			info, err := l.files.Stat(dir + "/" + name)
			if err != nil {
				continue // it was taken since
			}
			err = l.parts().outbox.Adopt(draft(parcel.NewID(), s.record.flow(name), name, int(info.Size)), dir, name, info)
			if err == nil && !l.dead.Load() {
				s.record.accept(name)
			}
		}
		if !daemon.Rest(ctx, 60*time.Millisecond) {
			return nil
		}
	}
}
