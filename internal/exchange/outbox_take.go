// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/canon"
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
	name := d.ID.String() + ".new"
	f, err := o.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	sum, digests, err := hash(io.TeeReader(body, f), parcel.ChunkSize)
	if err != nil {
		return errors.Join(err, o.root.Remove(name))
	}
	syncFile(f)
	o.step()
	if err := o.root.Rename(name, bodyName(d.ID)); err != nil {
		return err
	}
	o.step()
	if err := o.sync.Wait(); err != nil {
		return err
	}
	out, err := o.record(d, sum, digests)
	if err != nil {
		return errors.Join(err, o.root.Remove(bodyName(d.ID)))
	}
	o.push(out)
	return nil
}

// Adopt moves a file in from another directory of the same file system. When it
// returns nil the delivery is durable and the file is no longer where it was. It
// does nothing for a delivery that the outbox holds. info is the regular file that
// the draft speaks of: the error is ErrChanged when there is another in its place,
// or someone writes to it.
func (o *Outbox) Adopt(d Draft, from, name string, info fs.FileInfo) error {
	if _, held := o.Held(d.ID); held {
		return nil
	}
	path := filepath.Join(from, name)
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !unchanged(info, now) {
		return errors.Join(ErrChanged, err)
	}
	sum, digests, err := hash(f, info.Size())
	if err != nil {
		return err
	}
	if sum.Size != uint64(info.Size()) {
		return ErrChanged
	}
	syncFile(f)
	o.step()
	out, err := o.record(d, sum, digests)
	if err != nil {
		return err
	}
	if err := o.moveIn(out, info, path); err != nil {
		o.close(d.ID)
		return err
	}
	if err := errors.Join(o.origin(from).Wait(), o.sync.Wait()); err != nil {
		return err
	}
	o.step()
	o.push(out)
	return nil
}

// moveIn moves the file whose record was made, if it is still the one that was hashed.
func (o *Outbox) moveIn(out *Outgoing, before fs.FileInfo, path string) error {
	if err := os.Rename(path, o.Path(out.ID)); err != nil {
		return err
	}
	o.step()
	after, err := o.root.Lstat(bodyName(out.ID))
	if err == nil && unchanged(before, after) {
		return nil
	}
	back := unix.Renameat2(unix.AT_FDCWD, o.Path(out.ID), unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
	return errors.Join(ErrChanged, err, back)
}

func unchanged(before, after fs.FileInfo) bool {
	return after.Mode().IsRegular() && os.SameFile(before, after) && after.Size() == before.Size() && after.ModTime().Equal(before.ModTime())
}

// origin is the group sync of a directory that files come from.
func (o *Outbox) origin(dir string) *DirSync {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.origins[dir] == nil {
		o.origins[dir] = NewDirSync(dir)
	}
	return o.origins[dir]
}

// hash reads a body to its end. size is what to expect, for the buffer.
func hash(body io.Reader, size int64) (parcel.Body, []parcel.ChunkDigest, error) {
	var h parcel.Hasher
	buf := make([]byte, min(parcel.ChunkSize, size+1))
	n, err := io.CopyBuffer(&h, struct{ io.Reader }{io.LimitReader(body, MaxBody+1)}, buf)
	if err != nil {
		return parcel.Body{}, nil, err
	}
	if n > MaxBody {
		return parcel.Body{}, nil, fault.New(fault.ContentTooLarge, "more than %d bytes", int64(MaxBody))
	}
	sum, digests := h.Sum()
	return sum, digests, nil
}

// syncFile ends the process when the disk fails: what it holds then is not known.
func syncFile(f *os.File) {
	if err := f.Sync(); err != nil {
		panic(&durable.SyncError{Path: f.Name(), Err: err})
	}
}

// record makes the record of a delivery durable.
func (o *Outbox) record(d Draft, b parcel.Body, digests []parcel.ChunkDigest) (*Outgoing, error) {
	now := time.Now()
	r := canon.Must(&outRecord{State: outAccepted, Draft: d, Body: b, Digests: joinDigests(digests), At: now.UnixMilli()})
	o.mu.Lock()
	c := o.log.Append(r)
	o.live[d.ID] = held{index: c.Index, subject: d.Subject}
	o.mu.Unlock()
	if err := c.Wait(); err != nil {
		o.mu.Lock()
		delete(o.live, d.ID)
		o.mu.Unlock()
		return nil, err
	}
	o.step()
	return &Outgoing{Draft: d, Body: b, Digests: digests, Accepted: now, index: c.Index}, nil
}

func joinDigests(digests []parcel.ChunkDigest) []byte {
	b := make([]byte, 0, 32*len(digests))
	for i := range digests {
		b = append(b, digests[i][:]...)
	}
	return b
}

func splitDigests(b []byte) ([]parcel.ChunkDigest, error) {
	if len(b)%32 != 0 {
		return nil, fmt.Errorf("digests of %d bytes", len(b))
	}
	digests := make([]parcel.ChunkDigest, 0, len(b)/32)
	for ; len(b) > 0; b = b[32:] {
		digests = append(digests, parcel.ChunkDigest(b[:32]))
	}
	return digests, nil
}
