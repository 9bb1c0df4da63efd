// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// OS returns the disk of the operating system.
func OS() Disk { return osDisk{} }

type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) Stat() (Info, error) { return statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, f.Name()) }

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

func (osDisk) Stat(name string) (Info, error) {
	return statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW, name)
}

// statx is asked and not stat, since only it tells when an inode was made.
func statx(dir int, path string, flags int, name string) (Info, error) {
	var s unix.Statx_t
	err := unix.Statx(dir, path, flags|unix.AT_STATX_SYNC_AS_STAT, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &s)
	if err != nil {
		return Info{}, &fs.PathError{Op: "statx", Path: name, Err: err}
	}
	i := Info{
		Mode: fileMode(uint32(s.Mode)), Size: int64(s.Size), Modified: time.Unix(s.Mtime.Sec, int64(s.Mtime.Nsec)),
		Device: unix.Mkdev(s.Dev_major, s.Dev_minor), Inode: s.Ino,
	}
	if s.Mask&unix.STATX_BTIME != 0 {
		i.Born = time.Unix(s.Btime.Sec, int64(s.Btime.Nsec))
	}
	return i, nil
}

func fileMode(mode uint32) fs.FileMode {
	perm := fs.FileMode(mode & 0o777)
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return perm
	case unix.S_IFDIR:
		return perm | fs.ModeDir
	case unix.S_IFLNK:
		return perm | fs.ModeSymlink
	default:
		return perm | fs.ModeIrregular
	}
}

// InfoOf is what info says of a file of the operating system; it has no time of birth.
func InfoOf(info fs.FileInfo) Info {
	i := Info{Mode: info.Mode(), Size: info.Size(), Modified: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		i.Device, i.Inode = s.Dev, s.Ino
	}
	return i
}

func (osDisk) Rename(oldname, newname string) error { return os.Rename(oldname, newname) }

func (osDisk) Move(oldname, newname string) error {
	err := unix.Renameat2(unix.AT_FDCWD, oldname, unix.AT_FDCWD, newname, unix.RENAME_NOREPLACE)
	if err != nil {
		return &os.LinkError{Op: "renameat2", Old: oldname, New: newname, Err: err}
	}
	return nil
}

func (osDisk) Free(name string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(name, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", name, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
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
