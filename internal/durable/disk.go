// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process, or another part of this one, has the lock.
var ErrLocked = errors.New("durable: locked by another holder")

// File is an open file of a [Disk].
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size returns the length of the file in bytes.
	Size() (int64, error)
	// Sync returns when data and length are on the disk.
	Sync() error
	Close() error
}

// Disk is the file system that this package writes to. The operating system's
// is [OS]; the one in package crashdisk loses what was not synced.
//
// Errors MUST satisfy errors.Is with fs.ErrNotExist and fs.ErrExist where they apply.
type Disk interface { //nolint:interfacebloat // it is a file system, whole
	// OpenFile takes the flags of os.OpenFile.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename replaces newname if it exists. Both are in one directory.
	Rename(oldname, newname string) error
	// Remove deletes a file or an empty directory.
	Remove(name string) error
	Mkdir(name string, perm fs.FileMode) error
	// ReadDir returns the names in a directory, sorted.
	ReadDir(name string) ([]string, error)
	// SyncDir returns when the entries of the directory are on the disk.
	SyncDir(name string) error
	// Lock takes the lock file name, made when absent, without waiting.
	// It fails with ErrLocked when it is taken. Close gives it back.
	Lock(name string) (io.Closer, error)
}

// OS returns the disk of the operating system.
func OS() Disk { return osDisk{} }

type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync uses fdatasync: it writes the length when that changed, but not the times.
func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == unix.EINTR {
			continue
		}
		return os.NewSyscallError("fdatasync", err)
	}
}

func (osDisk) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osDisk) Rename(oldname, newname string) error      { return os.Rename(oldname, newname) }
func (osDisk) Remove(name string) error                  { return os.Remove(name) }
func (osDisk) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }

func (osDisk) ReadDir(name string) ([]string, error) {
	d, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	sort.Strings(names)
	return names, err
}

func (osDisk) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		_ = d.Close()
		return &SyncError{Path: name, Err: err}
	}
	return d.Close()
}

func (osDisk) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if err == unix.EWOULDBLOCK {
			return nil, fmt.Errorf("%w: %s", ErrLocked, name)
		}
		return nil, os.NewSyscallError("flock", err)
	}
	return f, nil
}

// SyncError is a write or sync after which the state of the disk is unknown.
// It is what the process ends with.
type SyncError struct {
	Path string
	Err  error
}

// Error says what failed and why the process cannot go on.
func (e *SyncError) Error() string {
	return fmt.Sprintf("durable: writing %s failed: %v; what the disk holds is unknown until it is read back at the next start", e.Path, e.Err)
}

// Unwrap returns the error of the operating system.
func (e *SyncError) Unwrap() error { return e.Err }
