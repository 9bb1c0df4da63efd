// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// progressEvery is after how many chunks an incoming body is synced, so that a
// restart loses no more than that of a transfer.
const progressEvery = 64

// Incoming is one attempt at a delivery. It must be ended by Close.
type Incoming struct {
	inbox    *Inbox
	header   *parcel.Header
	raw      []byte
	subject  string
	entry    *entry
	file     durable.File
	named    *syncRound // makes the name of the staging file durable while the body comes
	synced   *sideTask  // the last progress
	verifier *parcel.Verifier
}

// Begin starts an attempt. A receipt that is not nil says that the delivery was
// released before; an error that it was refused, that its id belongs to another
// body, or that another attempt is under way or there is no room (TooBusy).
func (b *Inbox) Begin(ctx context.Context, raw []byte, h *parcel.Header, subject string) (*Incoming, *Receipt, error) {
	b.tidy()
	e, receipt, err := b.claim(h)
	if err != nil || receipt != nil {
		return nil, receipt, err
	}
	if e.releasing {
		r, err := b.finish(ctx, raw, subject, e.name, Approval{})
		b.unclaim(e)
		if err != nil {
			return nil, nil, err
		}
		return nil, &r, nil
	}
	in := &Incoming{inbox: b, header: h, raw: raw, subject: subject, entry: e}
	if err := in.open(); err != nil {
		b.unclaim(e)
		return nil, nil, err
	}
	return in, nil, nil
}

// open opens the staging file. What it lacks of the chunks that the entry speaks of
// has to come again.
func (in *Incoming) open() error {
	if in.header.Body.Size > parcel.MaxBody {
		return fault.New(fault.ParcelTooLarge, "body of %d bytes", in.header.Body.Size)
	}
	b := in.inbox
	file, err := b.files.Disk.OpenFile(b.part(in.header.ID), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	size, err := file.Size()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	have := uint64(size)
	if have > in.header.Body.Size {
		err := errors.Join(file.Close(), b.files.Disk.Remove(b.part(in.header.ID)))
		return errors.Join(fault.New(fault.TooBusy, "the staged body was another's: begin again"), err)
	}
	if have < min(in.entry.chunk*parcel.ChunkSize, in.header.Body.Size) {
		in.entry.chunk, in.entry.link = 0, in.header.Body.Root
	}
	if size := in.header.Body.Size; size > have {
		if err := Room(b.files.Disk, b.dir, size-have); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	in.file, in.named = file, b.sync.Start()
	return nil
}

// Position is the next chunk that this attempt takes.
func (in *Incoming) Position() uint64 { return in.entry.chunk }

// Start begins the stream of chunks at the position, or anew at the first.
func (in *Incoming) Start(s Start) error {
	if in.verifier != nil {
		return fault.New(fault.ParcelMalformed, "a second start")
	}
	if s.Chunk == 0 {
		in.entry.chunk, in.entry.link = 0, in.header.Body.Root
	}
	if s.Chunk != in.entry.chunk || s.Link != in.entry.link {
		return fault.New(fault.ParcelAltered, "starts at chunk %d, not %d, or with another link", s.Chunk, in.entry.chunk)
	}
	in.verifier = parcel.ResumeVerifier(in.header.Body, s.Chunk, s.Link)
	return nil
}

// Chunk takes the next chunk.
func (in *Incoming) Chunk(next parcel.Link, data []byte) error {
	if in.verifier == nil {
		return fault.New(fault.ParcelMalformed, "a chunk before the start")
	}
	at, _ := in.verifier.Position()
	if err := in.verifier.Chunk(data, next); err != nil {
		return err
	}
	if _, err := in.file.WriteAt(data, int64(at)*parcel.ChunkSize); err != nil {
		return fault.Wrap(fault.TooBusy, err, "write to %s", in.inbox.part(in.header.ID))
	}
	in.entry.chunk, in.entry.link = in.verifier.Position()
	if in.entry.chunk%in.inbox.every == 0 {
		return in.progress()
	}
	return nil
}

// progress makes what has come durable, its bytes and then the record that speaks of
// them, while more comes; there is one such sync at a time.
func (in *Incoming) progress() error {
	if err := in.synced.wait(); err != nil {
		return err
	}
	b := in.inbox
	r := inRecord{State: inPartly, ID: in.header.ID, Header: in.raw, Chunk: in.entry.chunk, Link: in.entry.link}
	in.synced = aside(b.files, func() error {
		b.files.Sync(in.file, b.part(in.header.ID))
		return b.append(r).Wait()
	})
	return nil
}

// Commit ends the attempt after the last chunk: the body is whole, synced, checked,
// released and remembered, in this order. A small body costs one fdatasync of its own,
// since nothing else can say that its bytes are on the disk before its name is seen;
// the syncs of the staging directory, of the ledger and of the target are shared by
// all deliveries under way.
func (in *Incoming) Commit(ctx context.Context) (Receipt, error) {
	if in.verifier == nil {
		return Receipt{}, fault.New(fault.ParcelMalformed, "a commit before the start")
	}
	if err := in.verifier.Done(); err != nil {
		return Receipt{}, err
	}
	b := in.inbox
	if err := in.synced.wait(); err != nil {
		return Receipt{}, err
	}
	b.files.Sync(in.file, b.part(in.header.ID))
	// Whoever finds the staged body missing concludes that it was released: its
	// name must be as durable as the record that says so.
	if err := in.named.Wait(); err != nil {
		return Receipt{}, err
	}
	d, err := b.delivery(in.header, in.subject, Approval{})
	if err != nil {
		return Receipt{}, err
	}
	return b.place(ctx, in.raw, d)
}

// place asks the sink for names until one is free. The name is durable before the
// move, so that a restart knows that the move may have been made.
func (b *Inbox) place(ctx context.Context, raw []byte, d Delivery) (Receipt, error) {
	for range maxTries {
		name, err := b.sink.Place(ctx, d)
		switch {
		case err != nil && d.Approved: // it stays where it is
			return Receipt{}, err
		case err != nil:
			return Receipt{}, b.refuse(raw, d, err)
		}
		r := inRecord{State: inReleasing, ID: d.Header.ID, Header: raw, Subject: d.Subject, Name: name, By: d.by}
		if err := b.append(r).Wait(); err != nil {
			return Receipt{}, err
		}
		b.chosen(d.Header.ID, name)
		receipt, err := b.release(ctx, d, name)
		if !errors.Is(err, fs.ErrExist) {
			return receipt, err
		}
	}
	return Receipt{}, fault.New(fault.TargetUnavailable, "no free name for parcel %s after %d tries", d.Header.ID, maxTries)
}

// chosen remembers the name under which a delivery is being released.
func (b *Inbox) chosen(id parcel.ID, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.partial[id]; e != nil {
		e.releasing, e.name = true, name
	}
}

func (b *Inbox) release(ctx context.Context, d Delivery, name string) (Receipt, error) {
	if err := b.sink.Release(ctx, d, name); err != nil {
		return Receipt{}, err
	}
	id, root := d.Header.ID, d.Header.Body.Root
	if d.Approved {
		if err := b.dropHeld(id); err != nil {
			return Receipt{}, err
		}
	}
	r := Receipt{ID: id, Released: b.now().UnixMilli(), Size: d.Header.Body.Size, Root: root}
	// Lazy: if it is lost, the record before leads to it again.
	b.write(inRecord{State: inReleased, ID: id, Name: name, Receipt: r, By: d.by}, b.ledger.AppendLazy)
	b.finished(id, end{root: root, at: r.Released, by: d.by})
	return r, nil
}

// refuse quarantines a delivery that the sink's checks refused for good.
func (b *Inbox) refuse(raw []byte, d Delivery, cause error) error {
	code := fault.CodeOf(cause)
	if k := fault.KindOf(code); k != fault.Refused && k != fault.TooLarge {
		return cause
	}
	id := d.Header.ID
	reason := cause.Error()
	refused := Receipt{ID: id, Size: d.Header.Body.Size, Root: d.Header.Body.Root}
	r := inRecord{
		State: inRefused, ID: id, Header: raw, Subject: d.Subject, Code: code, Receipt: refused, At: b.now().UnixMilli(),
		Reason: strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "?"),
	}
	if err := b.append(r).Wait(); err != nil {
		return errors.Join(err, cause)
	}
	b.finished(id, end{root: refused.Root, code: code})
	if err := b.isolate(r); err != nil {
		return errors.Join(cause, err) // the code is the cause's; the next start moves the body
	}
	return cause
}

// Close ends the attempt; what has come stays for the next one.
func (in *Incoming) Close() error {
	err := errors.Join(in.synced.wait(), in.named.Wait(), in.file.Close())
	in.inbox.unclaim(in.entry)
	return err
}
