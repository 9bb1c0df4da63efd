// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// Delivery is one incoming delivery, whole and verified.
type Delivery struct {
	Header  *parcel.Header
	Content parcel.Record
	Subject string // of the label; after a restart in the middle of a release it is empty
	Path    string // of the staged body
}

// Sink is where an inbox puts what it took in. All of its methods may be called
// again for the same delivery after a crash.
type Sink interface {
	// Place runs the flow's checks over the staged body and chooses the name under
	// which it is released. An error with a code of kind Refused or TooLarge ends the
	// delivery in quarantine; any other is told to the sender, who tries again.
	Place(ctx context.Context, d Delivery) (name string, err error)
	// Release moves the staged body to name, durably. It MUST succeed without effect
	// when an earlier call for the same delivery did so already, and MUST NOT replace
	// what another delivery put there: then it returns fs.ErrExist and Place is asked
	// for another name.
	Release(ctx context.Context, d Delivery, name string) error
}

// progressEvery is after how many chunks an incoming body is synced, so that a
// restart loses no more than that of a transfer.
const progressEvery = 64

// retention is how long an inbox remembers what it released; a sender gives up earlier.
const retention = 90 * 24 * time.Hour

// The states of an inbox's records.
const (
	inPartly    uint8 = 1 // chunks before Chunk are durable in the staging file
	inReleasing uint8 = 2 // Name is chosen; the move may have happened
	inReleased  uint8 = 3
	inRefused   uint8 = 4
)

type inRecord struct {
	_       struct{} `cbor:",toarray"`
	State   uint8
	ID      parcel.ID
	Header  []byte // of inPartly and inReleasing
	Chunk   uint64
	Link    parcel.Link
	Name    string
	Code    fault.Code
	Receipt Receipt
	At      int64
}

// entry is what an inbox knows of one delivery.
type entry struct {
	busy    bool
	state   uint8
	root    parcel.Link
	chunk   uint64
	link    parcel.Link
	receipt Receipt
	code    fault.Code
	name    string
}

// Inbox takes deliveries in, each once, and hands them to a sink.
type Inbox struct {
	dir  string
	root *os.Root
	sink Sink
	ledg *durable.Log
	log  *slog.Logger

	mu      sync.Mutex
	entries map[parcel.ID]*entry
	done    []ended
}

// ended is a finished delivery, in the order of the ledger.
type ended struct {
	id    parcel.ID
	index uint64
	at    int64
}

// OpenInbox opens or makes the inbox in dir, which must be on the file system that
// the sink releases to, and finishes what a crash left in the middle of a release.
func OpenInbox(ctx context.Context, dir string, sink Sink, log *slog.Logger) (*Inbox, error) {
	for _, d := range []string{dir, filepath.Join(dir, "quarantine")} {
		if err := durable.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Inbox{dir: dir, root: root, sink: sink, log: log, entries: map[parcel.ID]*entry{}}
	releasing := map[parcel.ID]inRecord{}
	b.ledg, err = durable.OpenLog(filepath.Join(dir, "ledger"), durable.LogOptions{MaxRecord: maxItem}, func(index uint64, data []byte) error {
		return b.replay(releasing, index, data)
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, r := range releasing {
		if err := b.finish(ctx, r); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

func (b *Inbox) replay(releasing map[parcel.ID]inRecord, index uint64, data []byte) error {
	var r inRecord
	if err := canon.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("inbox record %d: %w", index, err)
	}
	e := &entry{state: r.State, chunk: r.Chunk, link: r.Link, receipt: r.Receipt, code: r.Code, name: r.Name}
	if len(r.Header) > 0 {
		h, err := parcel.Decode(r.Header)
		if err != nil {
			return fmt.Errorf("inbox record %d: %w", index, err)
		}
		e.root = h.Body.Root
	}
	b.entries[r.ID] = e
	delete(releasing, r.ID)
	switch r.State {
	case inReleasing:
		releasing[r.ID] = r
	case inReleased, inRefused:
		e.root = r.Receipt.Root
		b.done = append(b.done, ended{r.ID, index, r.At})
	}
	return nil
}

// finish redoes a release that a crash broke off.
func (b *Inbox) finish(ctx context.Context, r inRecord) error {
	h, err := parcel.Decode(r.Header)
	if err != nil {
		return err
	}
	d, err := b.delivery(h, "")
	if err != nil {
		return err
	}
	if _, err = b.release(ctx, d, r.Name); errors.Is(err, fs.ErrExist) {
		_, err = b.place(ctx, r.Header, d) // the move was not made, and the name was taken since
	}
	return err
}

func (b *Inbox) delivery(h *parcel.Header, subject string) (Delivery, error) {
	content, err := parcel.DecodeRecord(h.Fields)
	return Delivery{Header: h, Content: content, Subject: subject, Path: b.path(h.ID)}, err
}

func partName(id parcel.ID) string { return id.String() + ".part" }

func (b *Inbox) path(id parcel.ID) string { return filepath.Join(b.dir, partName(id)) }

// Close ends the inbox; nothing may be under way.
func (b *Inbox) Close() error { return errors.Join(b.ledg.Close(), b.root.Close()) }

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
// body, or that another attempt is under way (TooBusy).
func (b *Inbox) Begin(raw []byte, h *parcel.Header, subject string) (*Incoming, *Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(time.Now())
	e := b.entries[h.ID]
	if e == nil {
		e = &entry{root: h.Body.Root, link: h.Body.Root}
		b.entries[h.ID] = e
	}
	switch {
	case e.root != h.Body.Root:
		return nil, nil, fault.New(fault.ParcelAltered, "parcel %s was another body before", h.ID)
	case e.state == inReleased:
		return nil, &e.receipt, nil
	case e.state == inRefused:
		return nil, nil, fault.New(e.code, "refused before")
	case e.busy:
		return nil, nil, fault.New(fault.TooBusy, "another attempt at parcel %s is under way", h.ID)
	}
	file, err := b.root.OpenFile(partName(h.ID), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	e.busy = true
	return &Incoming{inbox: b, header: h, raw: raw, subject: subject, entry: e, file: file}, nil, nil
}

// forget drops what ended longer than the retention ago.
func (b *Inbox) forget(now time.Time) {
	cutoff := now.Add(-retention).UnixMilli()
	n := 0
	for n < len(b.done) && b.done[n].at < cutoff {
		delete(b.entries, b.done[n].id)
		n++
	}
	if n == 0 {
		return
	}
	last := b.done[n-1].index
	b.done = b.done[n:]
	if err := b.ledg.Trim(last); err != nil {
		panic(&durable.SyncError{Path: b.dir, Err: err})
	}
}

// Position is the next chunk that this attempt takes.
func (in *Incoming) Position() uint64 { return in.entry.chunk }

// Start begins the stream of chunks at the position, or anew at the first.
func (in *Incoming) Start(s Start) error {
	if s.Chunk == 0 {
		in.entry.chunk, in.entry.link = 0, in.header.Body.Root
	}
	if s.Chunk != in.entry.chunk || s.Link != in.entry.link {
		return fault.New(fault.ParcelAltered, "starts at chunk %d, not %d, or with another link", s.Chunk, in.entry.chunk)
	}
	if in.header.Body.Size > parcel.MaxBody {
		return fault.New(fault.ParcelTooLarge, "body of %d bytes", in.header.Body.Size)
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
	if in.entry.chunk%progressEvery == 0 {
		return in.progress()
	}
	return nil
}

// progress makes what has come durable.
func (in *Incoming) progress() error {
	in.sync()
	return in.inbox.append(inRecord{State: inPartly, ID: in.header.ID, Header: in.raw, Chunk: in.entry.chunk, Link: in.entry.link}).Wait()
}

func (in *Incoming) sync() {
	if err := in.file.Sync(); err != nil {
		panic(&durable.SyncError{Path: in.file.Name(), Err: err})
	}
}

func (b *Inbox) append(r inRecord) durable.Commit {
	r.At = time.Now().UnixMilli()
	c := b.ledg.Append(canon.Must(r))
	if r.State == inReleased || r.State == inRefused {
		b.mu.Lock()
		b.done = append(b.done, ended{r.ID, c.Index, r.At})
		b.mu.Unlock()
	}
	return c
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
	in.sync()
	d, err := in.inbox.delivery(in.header, in.subject)
	if err != nil {
		return Receipt{}, err
	}
	return in.inbox.place(ctx, in.raw, d)
}

// place asks the sink for names until one is free. The name is durable before the
// move, so that a restart knows whether the move was made.
func (b *Inbox) place(ctx context.Context, raw []byte, d Delivery) (Receipt, error) {
	for {
		name, err := b.sink.Place(ctx, d)
		if err != nil {
			return Receipt{}, b.refuse(d, err)
		}
		r := inRecord{State: inReleasing, ID: d.Header.ID, Header: raw, Name: name}
		if err := b.append(r).Wait(); err != nil {
			return Receipt{}, err
		}
		receipt, err := b.release(ctx, d, name)
		if !errors.Is(err, fs.ErrExist) {
			return receipt, err
		}
	}
}

func (b *Inbox) release(ctx context.Context, d Delivery, name string) (Receipt, error) {
	err := b.sink.Release(ctx, d, name)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{ID: d.Header.ID, Released: time.Now().UnixMilli(), Size: d.Header.Body.Size, Root: d.Header.Body.Root}
	b.append(inRecord{State: inReleased, ID: d.Header.ID, Name: name, Receipt: r}) // the record before finishes this one after a crash
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[d.Header.ID]
	e.state, e.receipt, e.name = inReleased, r, name
	return r, nil
}

// refuse quarantines a delivery that the sink's checks refused for good.
func (b *Inbox) refuse(d Delivery, cause error) error {
	code := fault.CodeOf(cause)
	if k := fault.KindOf(code); k != fault.Refused && k != fault.TooLarge {
		return cause
	}
	id := d.Header.ID
	if err := b.root.Rename(partName(id), filepath.Join("quarantine", id.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.WriteFile(filepath.Join(b.dir, "quarantine", id.String()+".reason"), []byte(cause.Error()+"\n"), 0o600); err != nil {
		return err
	}
	refused := Receipt{ID: id, Size: d.Header.Body.Size, Root: d.Header.Body.Root}
	if err := b.append(inRecord{State: inRefused, ID: id, Code: code, Receipt: refused}).Wait(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	e.state, e.code = inRefused, code
	return cause
}

// Close ends the attempt; what has come stays for the next one.
func (in *Incoming) Close() error {
	in.inbox.mu.Lock()
	in.entry.busy = false
	in.inbox.mu.Unlock()
	return in.file.Close()
}
