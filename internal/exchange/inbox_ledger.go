// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

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
	Header  []byte // of inPartly, inReleasing and inRefused
	Subject string // of inReleasing and inRefused
	Chunk   uint64
	Link    parcel.Link
	Name    string
	Code    fault.Code
	Reason  string // for people, of inRefused
	Receipt Receipt
	At      int64    // Unix milliseconds
	By      Approval // of inReleasing and inReleased: from quarantine; else zero
}

// ends tells whether nothing comes after a record but its repetition.
func (r *inRecord) ends() bool { return r.State == inReleased || r.State == inRefused }

// append makes a record that others wait for.
func (b *Inbox) append(r inRecord) durable.Commit {
	return b.write(r, b.ledger.Append)
}

func (b *Inbox) write(r inRecord, write func([]byte) durable.Commit) durable.Commit {
	r.At = b.now().UnixMilli()
	sealed := b.seal.Seal(nil, canon.Must(r), nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	c := write(sealed)
	if r.ends() {
		b.done = append(b.done, ended{r.ID, c.Index, r.At})
	}
	return c
}

// finished remembers how a delivery ended.
func (b *Inbox) finished(id parcel.ID, was end) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends[id] = was
	delete(b.partial, id)
}

// replay takes up one record; open collects those that recover looks at.
func (b *Inbox) replay(open map[parcel.ID]inRecord, index uint64, sealed []byte) error {
	var r inRecord
	data, err := b.seal.Open(nil, sealed, nil)
	if err == nil {
		err = canon.Unmarshal(data, &r)
	}
	if err != nil {
		return fmt.Errorf("inbox record %d: %w", index, err)
	}
	switch r.State {
	case inPartly, inReleasing:
		h, err := parcel.Decode(r.Header)
		if err != nil {
			return fmt.Errorf("inbox record %d: %w", index, err)
		}
		b.partial[r.ID] = &entry{
			releasing: r.State == inReleasing, touched: time.UnixMilli(r.At),
			root: h.Body.Root, chunk: r.Chunk, link: r.Link, name: r.Name,
			by: r.By, raw: r.Header, subject: r.Subject,
		}
		open[r.ID] = r
	case inReleased, inRefused:
		b.done = append(b.done, ended{r.ID, index, r.At})
		b.finished(r.ID, end{root: r.Receipt.Root, at: r.Receipt.Released, code: r.Code, by: r.By})
		delete(open, r.ID)
		if r.State == inRefused {
			open[r.ID] = r
		}
	default:
		return fmt.Errorf("inbox record %d has state %d", index, r.State)
	}
	return nil
}

// recover goes on where a crash broke off, and removes bodies of which nothing is known.
func (b *Inbox) recover(ctx context.Context, open map[parcel.ID]inRecord) error {
	for id, r := range open {
		var err error
		switch r.State {
		case inReleasing:
			_, err = b.finish(ctx, r.Header, r.Subject, r.Name, r.By)
		case inRefused:
			err = b.isolate(r)
		}
		if err != nil { // the sender comes again, or the next start
			b.log.LogAttrs(ctx, slog.LevelWarn, "what a stop broke off could not be finished", slog.String("parcel", id.String()), slog.Any("error", err))
		}
	}
	names, err := b.files.Disk.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, err := parcel.ParseID(name[:len(name)-len(filepath.Ext(name))])
		was, ended := b.ends[id]
		// What is staged for isolate stays; of a release that has no record yet nothing is
		// known, and its body is in quarantine still.
		if err != nil || b.partial[id] != nil || ended && was.code != "" && filepath.Ext(name) != backExt {
			continue
		}
		if err := b.files.Disk.Remove(filepath.Join(b.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// finish redoes a release that was broken off after its name was chosen.
func (b *Inbox) finish(ctx context.Context, raw []byte, subject, name string, by Approval) (Receipt, error) {
	h, err := parcel.Decode(raw)
	if err != nil {
		return Receipt{}, err
	}
	d, err := b.delivery(h, subject, by)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := b.release(ctx, d, name)
	if errors.Is(err, fs.ErrExist) {
		return b.place(ctx, raw, d) // the move was not made, and the name was taken since
	}
	return receipt, err
}

// tidy forgets what ended, or came in part, longer than the retention ago, and makes
// room when too many have come in part: the one that was idle for longest is dropped.
func (b *Inbox) tidy() {
	victims, before := b.choose()
	for id, e := range victims {
		// Busy until its body is gone: an attempt that came between would lose its own. If
		// the body cannot be removed it is at the next start.
		_ = b.files.Disk.Remove(b.part(id))
		b.mu.Lock()
		delete(b.partial, id)
		e.busy = false
		b.mu.Unlock()
	}
	if before > 0 {
		if err := b.ledger.Trim(before); err != nil {
			b.files.Fail(&durable.SyncError{Path: b.dir, Err: err})
		}
		b.mu.Lock()
		b.tidying = false
		b.mu.Unlock()
	}
}

// choose takes what tidy is to drop, and says which records are not needed any more;
// 0 when none are, or another is at it.
func (b *Inbox) choose() (victims map[parcel.ID]*entry, before uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	cutoff := b.now().Add(-retention)
	n := 0
	for n < len(b.done) && b.done[n].at < cutoff.UnixMilli() {
		delete(b.ends, b.done[n].id)
		n++
	}
	full := len(b.partial) >= maxPartial
	if n == 0 && !full {
		return nil, 0
	}
	victims = map[parcel.ID]*entry{}
	if n > 0 {
		for id, e := range b.partial {
			if e.idle() && e.touched.Before(cutoff) {
				victims[id] = e
			}
		}
		if !b.tidying {
			before, b.tidying = b.done[n-1].index, true
		}
		b.done = b.done[n:]
	}
	if full && len(victims) == 0 {
		if id, e := b.idlest(); e != nil {
			victims[id] = e
		}
	}
	for _, e := range victims {
		e.busy = true
	}
	return victims, before
}

// idle tells whether an entry may be dropped.
func (e *entry) idle() bool { return !e.busy && !e.releasing }

func (b *Inbox) idlest() (oldest parcel.ID, found *entry) {
	for id, e := range b.partial {
		if e.idle() && (found == nil || e.touched.Before(found.touched)) {
			oldest, found = id, e
		}
	}
	return oldest, found
}
