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

// WriteFile replaces the file name by data. After a power cut the file has
// either its old or its new content, and the new one once WriteFile returned
// nil. There is one writer for a name at a time. It panics when a sync fails.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	return WriteFileOn(OS(), name, data, perm)
}

// MkdirAll makes the directory path and its parents, all of them on the disk
// when it returns. It panics when a sync fails.
func MkdirAll(path string, perm fs.FileMode) error { return MkdirAllOn(OS(), path, perm) }

// SyncDir returns when the entries of the directory path are on the disk.
// It panics when the sync fails.
func SyncDir(path string) error { return SyncDirOn(OS(), path) }

// WriteFileOn is [WriteFile] on the disk d.
func WriteFileOn(d Disk, name string, data []byte, perm fs.FileMode) error {
	temp := name + ".tmp"
	if err := writeSynced(d, temp, data, perm); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := d.Rename(temp, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return SyncDirOn(d, filepath.Dir(name))
}

func writeSynced(d Disk, name string, data []byte, perm fs.FileMode) error {
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return errors.Join(err, f.Close(), d.Remove(name))
	}
	if err := f.Sync(); err != nil {
		panic(&SyncError{Path: name, Err: err})
	}
	return f.Close()
}

// SyncDirOn is [SyncDir] on the disk d.
func SyncDirOn(d Disk, path string) error {
	err := d.SyncDir(path)
	var failed *SyncError
	if errors.As(err, &failed) {
		panic(failed)
	}
	return err
}

// MkdirAllOn is [MkdirAll] on the disk d.
//
// The parent of the first directory that is there already is synced too: a
// process may have been killed after making it and before syncing.
func MkdirAllOn(d Disk, path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	parent := filepath.Dir(path)
	err := d.Mkdir(path, perm)
	if errors.Is(err, fs.ErrNotExist) && parent != path {
		if err := MkdirAllOn(d, parent, perm); err != nil {
			return err
		}
		err = d.Mkdir(path, perm)
	}
	if errors.Is(err, fs.ErrExist) {
		return syncExisting(d, path, parent)
	}
	if err != nil {
		return fmt.Errorf("make directory %s: %w", path, err)
	}
	return SyncDirOn(d, parent)
}

func syncExisting(d Disk, path, parent string) error {
	if _, err := d.ReadDir(path); err != nil {
		return fmt.Errorf("make directory %s: %w", path, err)
	}
	// A parent that may not be read was not made by this process.
	if err := SyncDirOn(d, parent); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
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
