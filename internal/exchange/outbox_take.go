// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// ErrChanged says that a file changed while it was adopted; it is where it was.
var ErrChanged = errors.New("the file changed while it was taken in")

// Accept copies a body in. When it returns nil the delivery is durable. It does
// nothing for a delivery that the outbox holds.
func (o *Outbox) Accept(d Draft, body io.Reader) error {
	if _, held := o.Held(d.ID); held {
		return nil
	}
	t, err := o.takeIn(d.ID, body, math.MaxInt64)
	if err != nil {
		return err
	}
	out, err := o.record(d, t, source{})
	if err != nil {
		return err
	}
	o.push(out)
	return nil
}

// Adopt takes a file in from another directory. When it returns nil the delivery is
// durable and the file is no longer where it was. It does nothing for a delivery that
// the outbox holds. info is the regular file that the draft speaks of: the error is
// ErrChanged when there is another in its place, or someone writes to it.
//
// The file is read once. Its copy is durable before its record, and its record before
// it is removed; that the removal is durable is waited for before the record is closed.
func (o *Outbox) Adopt(d Draft, dir, name string, info durable.Info) error {
	if _, held := o.Held(d.ID); held {
		return nil
	}
	t, now, err := o.copyIn(d.ID, filepath.Join(dir, name), info)
	if err != nil {
		return err
	}
	s := newSource(dir, name, now)
	out, err := o.record(d, t, s)
	if err != nil {
		return err
	}
	if err := o.takeAway(d.ID, s, now.Same); err != nil {
		if errors.Is(err, errStranded) {
			return err
		}
		return errors.Join(err, o.withdraw(d.ID))
	}
	o.ender.removed(dir)
	o.push(out)
	return nil
}

// copyIn takes the body of a file in that must not change meanwhile.
func (o *Outbox) copyIn(id parcel.ID, path string, info durable.Info) (t taken, now durable.Info, err error) {
	f, err := o.files.Disk.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return t, now, err
	}
	defer f.Close()
	if now, err = f.Stat(); err != nil || !now.Mode.IsRegular() || !info.Same(now) {
		return t, now, errors.Join(ErrChanged, err)
	}
	if t, err = o.takeIn(id, io.NewSectionReader(f, 0, math.MaxInt64), now.Size); err != nil {
		return t, now, err
	}
	if after, err := f.Stat(); err != nil || !now.Same(after) || t.body.Size != uint64(now.Size) {
		return t, now, errors.Join(ErrChanged, err, o.discard(id, t))
	}
	return t, now, nil
}

// record makes the record of a delivery durable.
func (o *Outbox) record(d Draft, t taken, s source) (*Outgoing, error) {
	now := o.now()
	r := &outRecord{Draft: d, Body: t.body, Digests: joinDigests(t.digests), At: now.UnixMilli(), Source: s, inline: t.inline}
	sealed := o.seal.Seal(nil, encodeAccepted(r), nil)
	// One write and one fdatasync of the ledger, shared by all who wait here: without
	// it nothing was accepted.
	o.mu.Lock()
	c := o.log.Append(sealed)
	o.live[d.ID] = held{index: c.Index, subject: d.Subject, inline: len(t.inline)}
	o.mu.Unlock()
	if err := c.Wait(); err != nil {
		o.mu.Lock()
		delete(o.live, d.ID)
		o.mu.Unlock()
		return nil, errors.Join(fault.Wrap(fault.TooBusy, err, "write the ledger"), o.discard(d.ID, t))
	}
	return &Outgoing{
		Draft: d, Body: t.body, Digests: t.digests, Accepted: time.UnixMilli(now.UnixMilli()),
		index: c.Index, inline: t.inline, source: s.Dir,
	}, nil
}

// withdraw takes a record back whose delivery was not accepted in the end, durably: its
// maker is told so.
func (o *Outbox) withdraw(id parcel.ID) error {
	if err := o.log.Append(o.seal.Seal(nil, encodeClosed(id), nil)).Wait(); err != nil {
		return err
	}
	return o.letGo(id)
}
