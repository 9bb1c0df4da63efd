// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files are whole files and directories on a disk, and what happens when it fails.
type Files struct {
	Disk Disk
	// Fatal is told of a failed sync and must not return. Nil panics. A simulation
	// ends its goroutine here, as if the process had died.
	Fatal func(error)
}

// Fail ends the process: what the disk holds is not known after err.
func (f Files) Fail(err error) {
	if f.Fatal != nil {
		f.Fatal(err)
	}
	panic(err)
}

// WriteFile replaces the file name by data. After a power cut the file has
// either its old or its new content, and the new one once WriteFile returned
// nil. There is one writer for a name at a time.
func (f Files) WriteFile(name string, data []byte, perm fs.FileMode) error {
	temp := name + ".tmp"
	if err := f.writeSynced(temp, data, perm); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Disk.Rename(temp, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.SyncDir(filepath.Dir(name))
}

func (f Files) writeSynced(name string, data []byte, perm fs.FileMode) error {
	file, err := f.Disk.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(data, 0); err != nil {
		return errors.Join(err, file.Close(), f.Disk.Remove(name))
	}
	f.Sync(file, name)
	return file.Close()
}

// Sync takes an open file to the disk.
func (f Files) Sync(file File, name string) {
	if err := file.Sync(); err != nil {
		f.Fail(&SyncError{Path: name, Err: err})
	}
}

// SyncDir returns when the entries of the directory path are on the disk. An error
// says that it could not be opened.
func (f Files) SyncDir(path string) error {
	err := f.Disk.SyncDir(path)
	var failed *SyncError
	if errors.As(err, &failed) {
		f.Fail(failed)
	}
	return err
}

// MkdirAll makes the directory path and its parents, all of them on the disk
// when it returns.
//
// The parent of the first directory that is there already is synced too: a
// process may have been killed after making it and before syncing.
func (f Files) MkdirAll(path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	parent := filepath.Dir(path)
	err := f.Disk.Mkdir(path, perm)
	if errors.Is(err, fs.ErrNotExist) && parent != path {
		if err := f.MkdirAll(parent, perm); err != nil {
			return err
		}
		err = f.Disk.Mkdir(path, perm)
	}
	if errors.Is(err, fs.ErrExist) {
		return f.syncExisting(path, parent)
	}
	if err != nil {
		return fmt.Errorf("make directory %s: %w", path, err)
	}
	return f.SyncDir(parent)
}

func (f Files) syncExisting(path, parent string) error {
	if _, err := f.Disk.ReadDir(path); err != nil {
		return fmt.Errorf("make directory %s: %w", path, err)
	}
	// A parent that may not be read was not made by this process.
	if err := f.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// WriteFile is [Files.WriteFile] on the operating system's disk. It panics when a
// sync fails.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	return WriteFileOn(OS(), name, data, perm)
}

// MkdirAll is [Files.MkdirAll] on the operating system's disk. It panics when a sync fails.
func MkdirAll(path string, perm fs.FileMode) error { return MkdirAllOn(OS(), path, perm) }

// SyncDir is [Files.SyncDir] on the operating system's disk. It panics when the sync fails.
func SyncDir(path string) error { return syncDirOn(OS(), path) }

// WriteFileOn is [WriteFile] on the disk d.
func WriteFileOn(d Disk, name string, data []byte, perm fs.FileMode) error {
	return Files{Disk: d}.WriteFile(name, data, perm)
}

// syncDirOn is [SyncDir] on the disk d.
func syncDirOn(d Disk, path string) error { return Files{Disk: d}.SyncDir(path) }

// MkdirAllOn is [MkdirAll] on the disk d.
func MkdirAllOn(d Disk, path string, perm fs.FileMode) error {
	return Files{Disk: d}.MkdirAll(path, perm)
}

// ReadFileOn reads the file name, which may not be longer than limit bytes.
func ReadFileOn(d Disk, name string, limit int64) ([]byte, error) {
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	data, err := readAll(f, name, limit)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return data, err
}

func readAll(f File, name string, limit int64) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("read %s: %d bytes, more than %d", name, size, limit)
	}
	data := make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if n < len(data) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}
