// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Folder is the sink that releases into a directory. A file appears there whole, in
// one step, under its own name or, where that is taken, under one that its parcel's
// id makes different.
type Folder struct {
	path string
	disk durable.Disk
	dir  durable.Info // the directory that was meant
	sync *exchange.DirSync
	flow func() *policy.Flow // nil where there is no policy: at a terminal
	more Check               // may be nil
}

var _ exchange.Sink = (*Folder)(nil)

// NewFolder releases into the directory path, which must be there. flow gives the
// rules that names and sizes are held against, check looks at the content; both may
// be nil.
func NewFolder(files durable.Files, path string, flow func() *policy.Flow, check Check) (*Folder, error) {
	dir, err := target(files.Disk, path)
	if err != nil {
		return nil, err
	}
	return &Folder{path: path, disk: files.Disk, dir: dir, sync: exchange.NewDirSync(files, path), flow: flow, more: check}, nil
}

// target describes the directory path; a symbolic link to it is followed.
func target(disk durable.Disk, path string) (durable.Info, error) {
	info, err := disk.Stat(path + "/.")
	if err == nil && !info.Mode.IsDir() {
		err = fmt.Errorf("%s is not a directory", path)
	}
	return info, err
}

// Place is exchange.Sink's.
func (s *Folder) Place(ctx context.Context, d exchange.Delivery) (string, error) {
	name, err := inspect(ctx, d, s.flow, s.more)
	if err != nil {
		return "", err
	}
	id := d.Header.ID.String()
	for _, n := range []string{name, withMark(name, " ("+id[:8]+")"), withMark(name, " ("+id+")")} {
		if _, err := s.disk.Stat(filepath.Join(s.path, n)); errors.Is(err, fs.ErrNotExist) {
			return n, nil
		} else if err != nil {
			return "", fault.Wrap(fault.TargetUnavailable, err, "look for %q", n)
		}
	}
	return "", fault.New(fault.TargetUnavailable, "every name for %q is taken", name)
}

// inspect holds a delivery against the rules of its flow and gives the file's name. What
// two persons had released from quarantine is held to its name and form only.
func inspect(ctx context.Context, d exchange.Delivery, flow func() *policy.Flow, more Check) (string, error) {
	if flow == nil || d.Approved {
		return checkContent(d.Header, d.Content, nil)
	}
	f := flow()
	name, err := checkContent(d.Header, d.Content, f.Files)
	if err != nil || more == nil {
		return name, err
	}
	return name, more(ctx, f, name, d.Path)
}

// checkContent holds the content of a delivery against its body and the rules of its
// flow, nil for none, and gives the file's name.
func checkContent(h *parcel.Header, content parcel.Record, rules *policy.Files) (string, error) {
	form, _ := content["form"].(string)
	name, _ := content["name"].(string)
	size, sized := content["size"].(int64)
	if form != "file" || !sized || uint64(size) != h.Body.Size {
		return "", fault.New(fault.ContentInvalid, "form %q, size %d, and a body of %d bytes", form, size, h.Body.Size)
	}
	return name, checkRules(rules, name, h.Body.Size)
}

// Release is exchange.Sink's.
func (s *Folder) Release(_ context.Context, d exchange.Delivery, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := s.there(); err != nil {
		return err
	}
	err := s.disk.Move(d.Path, filepath.Join(s.path, name))
	switch {
	case err == nil:
		// One sync of the directory for all that were released by then: the receipt says
		// that the file is there, and the staged body is gone.
		return s.sync.Wait()
	case errors.Is(err, fs.ErrNotExist):
		return s.moved(d)
	case errors.Is(err, fs.ErrExist):
		return s.same(d, name)
	default:
		return fault.Wrap(fault.TargetUnavailable, err, "release into %s", s.path)
	}
}

// there tells whether the target directory is the one that was meant: not gone, not
// another, not what lies under a file system that was unmounted.
func (s *Folder) there() error {
	now, err := target(s.disk, s.path)
	if err != nil {
		return fault.Wrap(fault.TargetUnavailable, err, "target directory %s", s.path)
	}
	if !now.SameInode(s.dir) {
		return fault.New(fault.TargetUnavailable, "%s is another directory now", s.path)
	}
	return nil
}

// moved is asked when either the staged body or the target directory is gone. Only
// the first says that an earlier call moved the body.
func (s *Folder) moved(d exchange.Delivery) error {
	if err := s.there(); err != nil {
		return err
	}
	if _, err := s.disk.Stat(d.Path); !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.TargetUnavailable, "%s could not be moved: %v", d.Path, err)
	}
	return s.sync.Wait()
}

// same tells the staged body itself, which a disk may show at both places after a
// power cut, from the file of another delivery.
func (s *Folder) same(d exchange.Delivery, name string) error {
	staged, err := s.disk.Stat(d.Path)
	if err != nil {
		return err
	}
	there, err := s.disk.Stat(filepath.Join(s.path, name))
	if err != nil || !staged.SameInode(there) {
		return fmt.Errorf("%q is taken: %w", name, errors.Join(fs.ErrExist, err))
	}
	return errors.Join(s.disk.Remove(d.Path), s.sync.Wait())
}
