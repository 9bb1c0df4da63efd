// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// newRoot is where the cell's root is put together. Any directory that every host has
// would do; what it covers is of no use in a cell.
const newRoot = "/dev"

const (
	attrsReadOnly = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	attrsWritable = unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	attrsDevice   = unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSUID
)

// graft is a part of the host's tree that the cell gets to see at the same path.
type graft struct {
	path  string
	attrs uint64
	fd    int // a detached copy of the mount
	dir   bool
}

// checkGrant refuses what would put the host's tree, or the cell's own parts, in the way.
func checkGrant(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("grant %q is not an absolute, clean path", path)
	}
	for _, own := range []string{"/proc", "/dev", "/sys"} {
		if path == own || strings.HasPrefix(path, own+"/") {
			return fmt.Errorf("grant %q lies in %s", path, own)
		}
	}
	if path == "/" || path == "/tmp" {
		return fmt.Errorf("grant %q is too wide", path)
	}
	return nil
}

// buildRoot leaves the process in a root that holds what r grants and nothing else.
func buildRoot(r request) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("make mounts private", err)
	}
	grafts := graftsOf(r)
	for i := range grafts { // before newRoot covers any of them
		if err := grafts[i].cut(); err != nil {
			return err
		}
	}
	if err := mountTmpfs(newRoot, "mode=0755,size=1m"); err != nil {
		return err
	}
	if err := fillRoot(grafts); err != nil {
		return err
	}
	if err := mountProc(); err != nil {
		return err
	}
	return switchRoot()
}

// fillRoot puts /tmp and the grafts into the new root.
func fillRoot(grafts []graft) error {
	if err := os.Mkdir(newRoot+"/tmp", 0o777); err != nil {
		return err
	}
	if err := mountTmpfs(newRoot+"/tmp", "mode=1777,size=64m"); err != nil {
		return err
	}
	root, err := os.OpenRoot(newRoot)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, g := range grafts {
		if err := g.attach(root); err != nil {
			return err
		}
	}
	return nil
}

// graftsOf lists what the cell sees, parents before children.
func graftsOf(r request) []graft {
	var grafts []graft
	add := func(attrs uint64, paths ...string) {
		for _, path := range paths {
			grafts = append(grafts, graft{path: path, attrs: attrs})
		}
	}
	add(attrsReadOnly, r.ReadOnly...)
	add(attrsWritable, r.Writable...)
	if r.Path != "" {
		add(attrsReadOnly, r.Path)
	}
	add(attrsDevice, "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
	slices.SortStableFunc(grafts, func(a, b graft) int { return strings.Compare(a.path, b.path) })
	return grafts
}

// cut takes a copy of the mounts at and below the path.
func (g *graft) cut() error {
	info, err := os.Stat(g.path)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	g.dir = info.IsDir()
	g.fd, err = unix.OpenTree(unix.AT_FDCWD, g.path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("grant %s: open_tree: %w", g.path, err)
	}
	attr := unix.MountAttr{Attr_set: g.attrs}
	if err := unix.MountSetattr(g.fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("grant %s: mount_setattr: %w", g.path, err)
	}
	return nil
}

// attach puts the copy into the new root. One grant may lie in another, which a cell
// may have written to: no link there leads out of the new root.
func (g graft) attach(root *os.Root) error {
	target, err := openTarget(root, strings.TrimPrefix(g.path, "/"), g.dir)
	if err != nil {
		return fmt.Errorf("grant %s: %w", g.path, err)
	}
	defer target.Close()
	const byDescriptors = unix.MOVE_MOUNT_F_EMPTY_PATH | unix.MOVE_MOUNT_T_EMPTY_PATH
	if err := unix.MoveMount(g.fd, "", int(target.Fd()), "", byDescriptors); err != nil {
		return fmt.Errorf("grant %s: move_mount: %w", g.path, err)
	}
	return os.NewSyscallError("close", unix.Close(g.fd))
}

// openTarget makes and opens what a copy is mounted over.
func openTarget(root *os.Root, name string, dir bool) (*os.File, error) {
	if dir {
		if err := root.MkdirAll(name, 0o755); err != nil {
			return nil, err
		}
		return root.Open(name)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	return root.OpenFile(name, os.O_RDONLY|os.O_CREATE|unix.O_NONBLOCK, 0o644)
}

func mountTmpfs(target, options string) error {
	err := unix.Mount("tmpfs", target, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options)
	return os.NewSyscallError("mount tmpfs", err)
}

// mountProc shows the cell's own processes only. It is read-only and without
// /proc/sys, since user 0 may write there with no capability at all.
func mountProc() error {
	target := newRoot + "/proc"
	if err := os.Mkdir(target, 0o755); err != nil {
		return err
	}
	flags := uintptr(unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	return os.NewSyscallError("mount proc", unix.Mount("proc", target, "proc", flags, "subset=pid"))
}

// switchRoot makes newRoot the root and lets go of the old one.
func switchRoot() error {
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	// The old root now lies over the new one; "." is still the old.
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("detach old root", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	return os.NewSyscallError("mount_setattr", unix.MountSetattr(unix.AT_FDCWD, "/", 0, &attr))
}
