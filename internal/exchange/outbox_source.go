// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/parcel"
)

// source is the file that a delivery was made of, as a record knows it: enough to tell
// after a crash whether what lies there is still that file.
type source struct {
	_        struct{} `cbor:",toarray"`
	Dir      string   // empty for none
	Name     string
	Inode    uint64
	Size     int64
	Modified int64 // Unix nanoseconds
	Born     int64 // Unix nanoseconds, 0 where the file system does not say
}

func newSource(dir, name string, i durable.Info) source {
	s := source{Dir: dir, Name: name, Inode: i.Inode, Size: i.Size, Modified: i.Modified.UnixNano()}
	if !i.Born.IsZero() {
		s.Born = i.Born.UnixNano()
	}
	return s
}

func (s *source) path() string { return filepath.Join(s.Dir, s.Name) }

// isFile tells whether i is of the file that s speaks of, in whatever state a power
// cut left it.
func (s *source) isFile(i durable.Info) bool {
	then := durable.Info{Inode: s.Inode, Size: s.Size, Modified: time.Unix(0, s.Modified)}
	if s.Born != 0 {
		then.Born = time.Unix(0, s.Born)
	}
	return i.Mode.IsRegular() && then.IsFile(i)
}

// takeAway removes a source whose record is durable, if it is the one that is meant.
// It goes through the outbox's directory, since nothing else can tell in one step
// which file it is that is removed. After an error the file is where it was.
func (o *Outbox) takeAway(id parcel.ID, s source, meant func(durable.Info) bool) error {
	if err := o.setAside(id, s, meant); err != nil {
		return err
	}
	return o.dropAside(id, s, meant)
}

// takeAwayAgain does that after a crash, which may have come at any place, and have
// undone what was done. Another file under the source's name is a new one.
func (o *Outbox) takeAwayAgain(id parcel.ID, s source) error {
	if s.Dir == "" {
		return nil
	}
	if err := o.dropAside(id, s, s.isFile); err != nil {
		return err
	}
	info, err := o.files.Disk.Stat(s.path())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !s.isFile(info) {
		return nil
	}
	return o.takeAway(id, s, s.isFile)
}

// dropAside removes what lies aside, or gives it back if it is not what was meant.
func (o *Outbox) dropAside(id parcel.ID, s source, meant func(durable.Info) bool) error {
	aside := o.path(id, sourceExt)
	info, err := o.files.Disk.Stat(aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed, or was on another file system
	}
	if err != nil {
		return err
	}
	if !meant(info) {
		return o.giveBack(id, s, aside)
	}
	_ = o.files.Disk.Remove(aside) // if it stays it is removed at the next start
	return nil
}

// setAside takes the source out of its directory.
func (o *Outbox) setAside(id parcel.ID, s source, meant func(durable.Info) bool) error {
	info, err := o.files.Disk.Stat(s.path())
	if err != nil {
		return err
	}
	if !meant(info) {
		return ErrChanged
	}
	err = o.files.Disk.Move(s.path(), o.path(id, sourceExt))
	if errors.Is(err, syscall.EXDEV) {
		return o.files.Disk.Remove(s.path())
	}
	return err
}

// giveBack brings a file back that took the place of the one that was meant.
func (o *Outbox) giveBack(id parcel.ID, s source, aside string) error {
	err := o.files.Disk.Move(aside, s.path())
	if errors.Is(err, fs.ErrExist) { // and now there is a third one
		err = o.files.Disk.Move(aside, s.path()+"."+id.String())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStranded, err)
	}
	// Its name is durable before the record is withdrawn: what lies aside without a
	// record is removed.
	if err := o.files.SyncDir(s.Dir); err != nil {
		return fmt.Errorf("%w: %w", errStranded, err)
	}
	return ErrChanged
}

// errStranded says that a file that is not of this outbox lies in it. The record stays
// until the next start, which tries again.
var errStranded = errors.New("another file was taken aside and could not be given back")
