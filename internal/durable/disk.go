// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// ErrLocked says that another process, or another part of this one, has the lock.
var ErrLocked = errors.New("durable: locked by another holder")

// File is an open file of a [Disk].
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size returns the length of the file in bytes.
	Size() (int64, error)
	// Stat describes the file as [Disk.Stat] does.
	Stat() (Info, error)
	// Sync returns when data and length are on the disk.
	Sync() error
	Close() error
}

// Info describes a file.
type Info struct {
	Mode     fs.FileMode
	Size     int64     // bytes
	Modified time.Time // not on the disk before the file's own sync, and perhaps not then
	Device   uint64
	Inode    uint64
	Born     time.Time // when the inode was made; zero where the file system does not say
}

// Same tells whether the two describe one file in one state: nobody wrote to it between.
func (i Info) Same(other Info) bool {
	return i.SameInode(other) && i.Mode.Type() == other.Mode.Type() && i.Size == other.Size && i.Modified.Equal(other.Modified)
}

// IsFile tells whether the two describe one file, whatever it holds, even where power
// was lost between: device numbers change at a start, and times and length of a file
// that nobody synced fall back. Without a time of birth length and time must do.
func (i Info) IsFile(other Info) bool {
	if i.Born.IsZero() || other.Born.IsZero() {
		return i.isInode(other) && i.Size == other.Size && i.Modified.Equal(other.Modified)
	}
	return i.isInode(other)
}

// SameInode tells whether the two describe one file or directory of one life of the
// system, whatever was written to it.
func (i Info) SameInode(other Info) bool { return i.Device == other.Device && i.isInode(other) }

// isInode compares the time of birth too, since numbers are given again at once.
func (i Info) isInode(other Info) bool {
	return i.Inode == other.Inode && (i.Born.IsZero() || other.Born.IsZero() || i.Born.Equal(other.Born))
}

// Disk is the file system that this package writes to. The operating system's
// is [OS]; the one in package crashdisk loses what was not synced.
//
// A name that was made, moved or removed is on the disk when the directory was synced
// that holds or held it. Until then a power cut keeps or undoes each such change by
// itself, but a moved file is never lost between two directories: it is at the old
// name, at the new one, or at both.
//
// Errors MUST satisfy errors.Is with fs.ErrNotExist and fs.ErrExist where they apply.
type Disk interface { //nolint:interfacebloat // it is a file system, whole
	// OpenFile takes the flags of os.OpenFile.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Stat describes what lies at name; a symbolic link is not followed.
	Stat(name string) (Info, error)
	// Rename replaces newname if it exists.
	Rename(oldname, newname string) error
	// Move is Rename that replaces nothing: it fails with fs.ErrExist.
	Move(oldname, newname string) error
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
	// Free returns how many bytes this user can still write to the disk of name.
	Free(name string) (uint64, error)
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
