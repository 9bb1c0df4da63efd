// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// Approval is the digest of the document by which two persons had something released from
// quarantine; zero for what was never there.
type Approval [32]byte

// back is where a body is staged again that comes from quarantine: another name than that
// of an attempt, so that what a crash left of it is never taken for one.
func (b *Inbox) back(id parcel.ID) string { return filepath.Join(b.dir, id.String()+backExt) }

// ReleaseHeld gives a delivery out of quarantine to the sink as if the flow's checks had
// passed. admit may refuse it, and is asked before anything is done. Called again with the
// same approval it goes on with what was begun, or gives the receipt of what was done;
// with another one there is nothing left to release.
func (b *Inbox) ReleaseHeld(ctx context.Context, id parcel.ID, by Approval, admit func(*Held) error) (Receipt, error) {
	b.tidy()
	e, receipt, err := b.claimHeld(id, by)
	if err != nil {
		return Receipt{}, err
	}
	if receipt != nil {
		return *receipt, nil
	}
	defer b.unclaimHeld(id, e)
	if e.releasing {
		return b.finish(ctx, e.raw, e.subject, e.name, by)
	}
	held, err := b.Held(id)
	if err == nil {
		err = admit(held)
	}
	if err != nil {
		return Receipt{}, err
	}
	e.raw, e.subject = held.raw, held.Subject
	if err := b.stageHeld(ctx, held); err != nil {
		return Receipt{}, errors.Join(err, b.unstage(id))
	}
	d, err := b.delivery(held.Header, held.Subject, by)
	if err != nil {
		return Receipt{}, errors.Join(err, b.unstage(id))
	}
	r, err := b.place(ctx, held.raw, d)
	if err != nil && !e.releasing {
		err = errors.Join(err, b.unstage(id))
	}
	return r, err
}

// claimHeld makes the entry of a release busy. A receipt says that it was done.
func (b *Inbox) claimHeld(id parcel.ID, by Approval) (*entry, *Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was, ended := b.ends[id]; ended && was.code == "" {
		if was.by != by {
			return nil, nil, fault.New(fault.ParcelUnknown, "parcel %s is not in quarantine any more", id)
		}
		return nil, &Receipt{ID: id, Released: was.at, Root: was.root}, nil
	}
	e := b.partial[id]
	switch {
	case e == nil:
		e = &entry{by: by}
		b.partial[id] = e
	case e.busy || e.by != by:
		return nil, nil, fault.New(fault.TooBusy, "parcel %s is being delivered, or released by another document", id)
	}
	e.busy, e.touched = true, b.now()
	return e, nil, nil
}

// unclaimHeld ends an attempt at a release. One that has not come so far that it must be
// finished leaves nothing behind.
func (b *Inbox) unclaimHeld(id parcel.ID, e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.busy, e.touched = false, b.now()
	if !e.releasing && b.partial[id] == e {
		delete(b.partial, id)
	}
}

func (b *Inbox) unstage(id parcel.ID) error {
	if err := b.files.Disk.Remove(b.back(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// stageHeld makes the clear copy of a body in quarantine that the sink moves, whole and
// durable, and the very one that the header names.
func (b *Inbox) stageHeld(ctx context.Context, held *Held) error {
	id := held.Header.ID
	if err := Room(b.files.Disk, b.dir, held.Header.Body.Size); err != nil {
		return err
	}
	source, err := openSealed(b.files.Disk, heldPath(b.dir, id), b.key, quarantinedName(id))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.TooBusy, err, "parcel %s is on its way to quarantine", id)
	}
	if err != nil {
		return err
	}
	defer source.Close()
	f, err := b.files.Disk.OpenFile(b.back(id), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	var hash parcel.Hasher
	var at int64
	err = eachChunk(source, func(chunk []byte) error {
		_, _ = hash.Write(chunk) // it never fails
		_, err := f.WriteAt(chunk, at)
		at += int64(len(chunk))
		return errors.Join(err, ctx.Err())
	})
	if body, _ := hash.Sum(); err == nil && body != held.Header.Body {
		err = fault.New(fault.ParcelAltered, "the body of parcel %s in quarantine is not the one that came", id)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	// The same as for a delivery: who finds the staged body missing concludes that it was
	// moved, so its name must be durable before a record speaks of it.
	b.files.Sync(f, b.back(id))
	return errors.Join(f.Close(), b.sync.Wait())
}
