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
	Subject string // of the label
	Path    string // of the staged body
}

// Sink is where an inbox puts what it took in. All of its methods may be called
// again for the same delivery after a crash.
type Sink interface {
	// Place runs the flow's checks over the staged body and chooses the name under
	// which it is released. An error with a code of kind Refused or TooLarge ends the
	// delivery in quarantine; any other is told to the sender, who tries again.
	Place(ctx context.Context, d Delivery) (name string, err error)
	// Release moves the staged body to name, durably and in one step. It MUST succeed
	// without effect when the staged body is gone, since an earlier call moved it, and
	// MUST NOT replace what another delivery put there: then it returns fs.ErrExist
	// and Place is asked for another name.
	Release(ctx context.Context, d Delivery, name string) error
}

// retention is how long an inbox remembers what has ended; a sender gives up earlier.
const retention = 2 * Patience

// maxPartial bounds the deliveries that have come in part. Above it the one that was
// idle for longest loses what has come, and nothing else.
const maxPartial = 1024

// maxTries bounds how often a sink is asked for another name.
const maxTries = 16

// The states of an inbox's records.
const (
	inPartly    uint8 = 1 // chunks before Chunk are durable in the staging file
	inReleasing uint8 = 2 // Name is chosen; the move may have happened
	inReleased  uint8 = 3
	inRefused   uint8 = 4 // the body goes to quarantine
)

type inRecord struct {
	_       struct{} `cbor:",toarray"`
	State   uint8
	ID      parcel.ID
	Header  []byte // of inPartly and inReleasing
	Subject string // of inReleasing
	Chunk   uint64
	Link    parcel.Link
	Name    string
	Code    fault.Code
	Reason  string // for people, of inRefused
	Receipt Receipt
	At      int64 // Unix milliseconds
}

// entry is what an inbox knows of one delivery. While busy it belongs to one attempt.
type entry struct {
	busy    bool
	state   uint8
	touched time.Time // when the last attempt ended
	root    parcel.Link
	chunk   uint64
	link    parcel.Link
	name    string
	code    fault.Code
	receipt Receipt
}

// Inbox takes deliveries in, each once, and hands them to a sink. Its directory
// holds a ledger, bodies that have come in part or are being released, and a
// quarantine of those that were refused, each beside its reason.
type Inbox struct {
	dir    string
	root   *os.Root
	sink   Sink
	ledger *durable.Log
	sync   *DirSync
	log    *slog.Logger
	step   func() // a test's, called after each durable effect
	every  uint64 // progressEvery, less in a test

	mu      sync.Mutex
	entries map[parcel.ID]*entry
	partial map[parcel.ID]*entry // those of entries that have not ended
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
	return openInbox(ctx, dir, sink, log, func() {})
}

const (
	quarantine = "quarantine"
	partExt    = ".part"
	reasonExt  = ".reason"
)

func openInbox(ctx context.Context, dir string, sink Sink, log *slog.Logger, step func()) (*Inbox, error) {
	if err := durable.MkdirAll(filepath.Join(dir, quarantine), 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Inbox{
		dir: dir, root: root, sink: sink, sync: NewDirSync(dir), log: log, step: step, every: progressEvery,
		entries: map[parcel.ID]*entry{}, partial: map[parcel.ID]*entry{},
	}
	open := map[parcel.ID]inRecord{}
	b.ledger, err = durable.OpenLog(filepath.Join(dir, "ledger"), durable.LogOptions{MaxRecord: maxItem, SegmentBytes: ledgerBytes}, func(index uint64, data []byte) error {
		return b.replay(open, index, data)
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if err := b.recover(ctx, open); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// replay takes up one record; open collects those that recover looks at.
func (b *Inbox) replay(open map[parcel.ID]inRecord, index uint64, data []byte) error {
	var r inRecord
	if err := canon.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("inbox record %d: %w", index, err)
	}
	e := &entry{state: r.State, chunk: r.Chunk, link: r.Link, name: r.Name, code: r.Code, receipt: r.Receipt, touched: time.UnixMilli(r.At)}
	b.entries[r.ID] = e
	switch r.State {
	case inPartly, inReleasing:
		h, err := parcel.Decode(r.Header)
		if err != nil {
			return fmt.Errorf("inbox record %d: %w", index, err)
		}
		e.root = h.Body.Root
		b.partial[r.ID], open[r.ID] = e, r
		return nil
	case inReleased, inRefused:
		e.root = r.Receipt.Root
		b.done = append(b.done, ended{r.ID, index, r.At})
		delete(b.partial, r.ID)
		delete(open, r.ID)
		if r.State == inRefused {
			open[r.ID] = r
		}
		return nil
	default:
		return fmt.Errorf("inbox record %d has state %d", index, r.State)
	}
}

// recover goes on where a crash broke off, and removes bodies of which nothing is known.
func (b *Inbox) recover(ctx context.Context, open map[parcel.ID]inRecord) error {
	for id, r := range open {
		var err error
		switch r.State {
		case inReleasing:
			_, err = b.finish(ctx, r.Header, r.Subject, r.Name)
		case inRefused:
			err = b.isolate(id, r.Reason)
		}
		if err != nil { // the sender comes again, or the next start
			b.log.LogAttrs(ctx, slog.LevelWarn, "what a stop broke off could not be finished", slog.String("parcel", id.String()), slog.Any("error", err))
		}
	}
	names, err := durable.OS().ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := parcel.ParseID(name[:len(name)-len(filepath.Ext(name))])
		if e := b.entries[id]; err != nil || e != nil && e.state != inReleased {
			continue
		}
		if err := b.root.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// finish redoes a release that was broken off after its name was chosen.
func (b *Inbox) finish(ctx context.Context, raw []byte, subject, name string) (Receipt, error) {
	h, err := parcel.Decode(raw)
	if err != nil {
		return Receipt{}, err
	}
	d, err := b.delivery(h, subject)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := b.release(ctx, d, name)
	if errors.Is(err, fs.ErrExist) {
		return b.place(ctx, raw, d) // the move was not made, and the name was taken since
	}
	return receipt, err
}

func (b *Inbox) delivery(h *parcel.Header, subject string) (Delivery, error) {
	content, err := parcel.DecodeRecord(h.Fields)
	return Delivery{Header: h, Content: content, Subject: subject, Path: filepath.Join(b.dir, partName(h.ID))}, err
}

func partName(id parcel.ID) string { return id.String() + partExt }

// Close ends the inbox; nothing may be under way.
func (b *Inbox) Close() error { return errors.Join(b.ledger.Close(), b.root.Close()) }

// append makes a record; the caller waits where it must be durable.
func (b *Inbox) append(r inRecord) durable.Commit {
	r.At = time.Now().UnixMilli()
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.ledger.Append(canon.Must(r))
	if r.State == inReleased || r.State == inRefused {
		b.done = append(b.done, ended{r.ID, c.Index, r.At})
	}
	return c
}

// forget drops what ended, or came in part, longer than the retention ago.
func (b *Inbox) forget(now time.Time) {
	cutoff := now.Add(-retention)
	n := 0
	for n < len(b.done) && b.done[n].at < cutoff.UnixMilli() {
		delete(b.entries, b.done[n].id)
		n++
	}
	if n == 0 {
		return
	}
	last := b.done[n-1].index
	b.done = b.done[n:]
	for id, e := range b.partial {
		if !e.busy && e.touched.Before(cutoff) {
			b.drop(id)
		}
	}
	if err := b.ledger.Trim(last); err != nil {
		panic(&durable.SyncError{Path: b.dir, Err: err})
	}
}

// drop forgets a delivery that came in part. Its record, if there is one, has no
// body then and counts for nothing.
func (b *Inbox) drop(id parcel.ID) {
	delete(b.partial, id)
	delete(b.entries, id)
	_ = b.root.Remove(partName(id)) // if it stays it is removed at the next start
}

// makeRoom drops the delivery that was idle for longest when too many have come in part.
func (b *Inbox) makeRoom() error {
	if len(b.partial) < maxPartial {
		return nil
	}
	var oldest parcel.ID
	var e *entry
	for id, other := range b.partial {
		if !other.busy && other.state != inReleasing && (e == nil || other.touched.Before(e.touched)) {
			oldest, e = id, other
		}
	}
	if e == nil {
		return fault.New(fault.TooBusy, "%d deliveries are under way", len(b.partial))
	}
	b.drop(oldest)
	return nil
}
