// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// progressEvery is after how many chunks an incoming body is synced, so that a
// restart loses no more than that of a transfer.
const progressEvery = 64

// maxReason bounds the text beside a refused body, in bytes.
const maxReason = 1 << 10

// Incoming is one attempt at a delivery. It must be ended by Close.
type Incoming struct {
	inbox    *Inbox
	header   *parcel.Header
	raw      []byte
	subject  string
	entry    *entry
	file     *os.File
	verifier *parcel.Verifier
}

// Begin starts an attempt. A receipt that is not nil says that the delivery was
// released before; an error that it was refused, that its id belongs to another
// body, or that another attempt is under way or there is no room (TooBusy).
func (b *Inbox) Begin(ctx context.Context, raw []byte, h *parcel.Header, subject string) (*Incoming, *Receipt, error) {
	e, err := b.claim(h)
	if err != nil {
		return nil, nil, err
	}
	switch e.state {
	case inReleased:
		return nil, &e.receipt, nil
	case inReleasing:
		r, err := b.finish(ctx, raw, subject, e.name)
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

// claim makes the entry of a delivery busy, unless it was released.
func (b *Inbox) claim(h *parcel.Header) (*entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	e := b.entries[h.ID]
	switch {
	case e == nil:
		if err := b.makeRoom(); err != nil {
			return nil, err
		}
		e = &entry{root: h.Body.Root, link: h.Body.Root}
		b.entries[h.ID], b.partial[h.ID] = e, e
	case e.root != h.Body.Root:
		return nil, fault.New(fault.ParcelAltered, "parcel %s was another body before", h.ID)
	case e.state == inReleased:
		return e, nil
	case e.state == inRefused:
		return nil, fault.New(e.code, "refused before")
	case e.busy:
		return nil, fault.New(fault.TooBusy, "another attempt at parcel %s is under way", h.ID)
	}
	e.busy, e.touched = true, now
	return e, nil
}

func (b *Inbox) unclaim(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.busy, e.touched = false, time.Now()
}

// open opens the staging file. What it lacks of the chunks that the entry speaks of
// has to come again.
func (in *Incoming) open() error {
	if in.header.Body.Size > parcel.MaxBody {
		return fault.New(fault.ParcelTooLarge, "body of %d bytes", in.header.Body.Size)
	}
	file, err := in.inbox.root.OpenFile(partName(in.header.ID), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	have := uint64(info.Size())
	if have < min(in.entry.chunk*parcel.ChunkSize, in.header.Body.Size) {
		in.entry.chunk, in.entry.link = 0, in.header.Body.Root
	}
	if size := in.header.Body.Size; size > have {
		if err := Room(in.inbox.dir, size-have); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	in.file = file
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
		return fault.Wrap(fault.TooBusy, err, "write to %s", in.file.Name())
	}
	in.entry.chunk, in.entry.link = in.verifier.Position()
	if in.entry.chunk%in.inbox.every == 0 {
		return in.progress()
	}
	return nil
}

// progress makes what has come durable.
func (in *Incoming) progress() error {
	syncFile(in.file)
	in.inbox.step()
	return in.inbox.append(inRecord{State: inPartly, ID: in.header.ID, Header: in.raw, Chunk: in.entry.chunk, Link: in.entry.link}).Wait()
}

// Commit ends the attempt after the last chunk: the body is whole, synced, checked,
// released and remembered, in this order.
func (in *Incoming) Commit(ctx context.Context) (Receipt, error) {
	if in.verifier == nil {
		return Receipt{}, fault.New(fault.ParcelMalformed, "a commit before the start")
	}
	if err := in.verifier.Done(); err != nil {
		return Receipt{}, err
	}
	if err := in.file.Truncate(int64(in.header.Body.Size)); err != nil {
		return Receipt{}, err
	}
	syncFile(in.file)
	in.inbox.step()
	// Whoever finds the staged body missing concludes that it was released: its
	// name must be as durable as the record that says so.
	if err := in.inbox.sync.Wait(); err != nil {
		return Receipt{}, err
	}
	d, err := in.inbox.delivery(in.header, in.subject)
	if err != nil {
		return Receipt{}, err
	}
	return in.inbox.place(ctx, in.raw, d)
}

// place asks the sink for names until one is free. The name is durable before the
// move, so that a restart knows that the move may have been made.
func (b *Inbox) place(ctx context.Context, raw []byte, d Delivery) (Receipt, error) {
	for range maxTries {
		name, err := b.sink.Place(ctx, d)
		if err != nil {
			return Receipt{}, b.refuse(d, err)
		}
		r := inRecord{State: inReleasing, ID: d.Header.ID, Header: raw, Subject: d.Subject, Name: name}
		if err := b.append(r).Wait(); err != nil {
			return Receipt{}, err
		}
		b.set(d.Header.ID, func(e *entry) { e.state, e.name = inReleasing, name })
		b.step()
		receipt, err := b.release(ctx, d, name)
		if !errors.Is(err, fs.ErrExist) {
			return receipt, err
		}
	}
	return Receipt{}, fault.New(fault.TargetUnavailable, "no free name for parcel %s after %d tries", d.Header.ID, maxTries)
}

func (b *Inbox) set(id parcel.ID, change func(*entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil {
		change(e)
		if e.state == inReleased || e.state == inRefused {
			delete(b.partial, id)
		}
	}
}

func (b *Inbox) release(ctx context.Context, d Delivery, name string) (Receipt, error) {
	if err := b.sink.Release(ctx, d, name); err != nil {
		return Receipt{}, err
	}
	b.step()
	r := Receipt{ID: d.Header.ID, Released: time.Now().UnixMilli(), Size: d.Header.Body.Size, Root: d.Header.Body.Root}
	b.append(inRecord{State: inReleased, ID: d.Header.ID, Name: name, Receipt: r}) // if it is lost, the record before leads to it again
	b.set(d.Header.ID, func(e *entry) { e.state, e.receipt, e.name = inReleased, r, name })
	return r, nil
}

// refuse quarantines a delivery that the sink's checks refused for good.
func (b *Inbox) refuse(d Delivery, cause error) error {
	code := fault.CodeOf(cause)
	if k := fault.KindOf(code); k != fault.Refused && k != fault.TooLarge {
		return cause
	}
	id := d.Header.ID
	reason := cause.Error()
	refused := Receipt{ID: id, Size: d.Header.Body.Size, Root: d.Header.Body.Root}
	r := inRecord{State: inRefused, ID: id, Code: code, Reason: strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "?"), Receipt: refused}
	if err := b.append(r).Wait(); err != nil {
		return errors.Join(err, cause)
	}
	b.set(id, func(e *entry) { e.state, e.code = inRefused, code })
	b.step()
	if err := b.isolate(id, r.Reason); err != nil {
		return errors.Join(cause, err) // the code is the cause's; the next start moves the body
	}
	return cause
}

// isolate moves a refused body to quarantine, its reason first. It does nothing when
// that was done before.
func (b *Inbox) isolate(id parcel.ID, reason string) error {
	if _, err := b.root.Lstat(partName(id)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := durable.WriteFile(filepath.Join(b.dir, quarantine, id.String()+reasonExt), []byte(reason+"\n"), 0o600); err != nil {
		return err
	}
	b.step()
	return b.root.Rename(partName(id), filepath.Join(quarantine, id.String()))
}

// Close ends the attempt; what has come stays for the next one.
func (in *Incoming) Close() error {
	in.inbox.unclaim(in.entry)
	return in.file.Close()
}
