// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confined

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// changes are the names of what may be done in a granted directory.
func changes(dir string) []string {
	return []string{
		"list " + dir, "read in " + dir, "write in " + dir, "cut short in " + dir, "create in " + dir,
		"make a directory in " + dir, "rename in " + dir, "remove in " + dir,
	}
}

// hostFiles are things that a host has and no component needs.
func (w *World) hostFiles() []string {
	list := []string{
		"/", "/etc", "/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/ssl", "/etc/ld.so.cache",
		"/root", "/home", "/usr", "/usr/bin", "/bin/sh", "/usr/bin/env", "/lib", "/boot", "/var", "/var/log", "/run", "/tmp", "/mnt", "/opt", "/srv",
		"/dev", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/shm", "/dev/mem", "/dev/kmsg",
		"/dev/net/tun", "/dev/vsock", "/dev/fuse", "/dev/kvm", "/dev/loop0", "/dev/vda", "/dev/sda", "/dev/nvme0n1",
		"/sys", "/sys/kernel", "/sys/class/net", "/sys/fs/cgroup", "/sys/kernel/debug",
		"/proc", "/proc/cmdline", "/proc/kcore", "/proc/keys", "/proc/kallsyms", "/proc/mounts", "/proc/modules", "/proc/sysrq-trigger",
		"/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/net/tcp", "/proc/net/unix", "/proc/net/arp",
		w.Root, w.Program, filepath.Dir(w.Program), filepath.Dir(w.NearSocket), filepath.Dir(w.FarSocket),
	}
	for _, pid := range []string{"self", "1", fmt.Sprint(os.Getppid()), fmt.Sprint(w.Sibling)} {
		for _, name := range []string{"", "/mem", "/environ", "/maps", "/fd", "/root", "/cwd", "/exe", "/ns/net", "/status", "/task", "/clear_refs", "/oom_score_adj"} {
			list = append(list, "/proc/"+pid+name)
		}
	}
	return list
}

func (t *tries) files() {
	for _, path := range t.world.hostFiles() {
		t.try("open "+path, open(path, unix.O_RDONLY))
		if !t.free {
			t.try("open for writing "+path, open(path, unix.O_WRONLY))
		}
	}
	t.try("inotify", closed(unix.InotifyInit1(unix.IN_CLOEXEC)))
	var s unix.Stat_t
	t.try("stat "+t.world.Other, unix.Stat(t.world.Other, &s))
	for _, dir := range append(t.world.Own[:], t.world.Other) {
		t.directory(dir)
	}
	from, to := filepath.Join(t.world.Own[0], moved+"2"), filepath.Join(t.world.Own[1], moved+"3")
	t.try("rename between own directories", unix.Rename(from, to))
	t.try("rename to another's directory", unix.Rename(filepath.Join(t.world.Own[0], kept), filepath.Join(t.world.Other, "planted")))
	if t.free {
		t.try("rename back", unix.Rename(filepath.Join(t.world.Other, "planted"), filepath.Join(t.world.Own[0], kept)))
	}
	t.try("rename from another's directory", unix.Rename(filepath.Join(t.world.Other, moved+"2"), filepath.Join(t.world.Own[0], "stolen")))
	t.try("link another's file", unix.Link(filepath.Join(t.world.Other, kept), filepath.Join(t.world.Own[0], "linked")))
}

func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	return closed(fd, err)
}

func closed(fd int, err error) error {
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// directory does in dir first what a grant allows, then what none does.
func (t *tries) directory(dir string) {
	at := func(name string) string { return filepath.Join(dir, name) }
	t.try("list "+dir, open(dir, unix.O_RDONLY|unix.O_DIRECTORY))
	t.try("read in "+dir, open(at(kept), unix.O_RDONLY))
	t.try("write in "+dir, open(at(kept), unix.O_RDWR))
	t.try("cut short in "+dir, open(at(kept), unix.O_WRONLY|unix.O_TRUNC))
	t.try("create in "+dir, open(at("created"), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL))
	t.try("make a directory in "+dir, unix.Mkdir(at("made"), 0o700))
	t.try("rename in "+dir, unix.Rename(at(moved), at(moved+"2")))
	t.try("remove in "+dir, unix.Unlink(at(removed)))

	t.try("make a link in "+dir, unix.Symlink("/", at("link")))
	t.try("make a pipe in "+dir, unix.Mkfifo(at("pipe"), 0o600))
	if !t.free {
		t.try("make a device in "+dir, unix.Mknod(at("device"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	}
	t.try("change the mode in "+dir, unix.Chmod(at(kept), 0o700))
	t.try("change the owner in "+dir, refusedIn(t.free, unix.Chown(at(kept), 65534, 65534)))
	t.try("change the times in "+dir, refusedIn(t.free, unix.Utimes(at(kept), make([]unix.Timeval, 2))))
	t.try("set an attribute in "+dir, refusedIn(t.free, unix.Setxattr(at(kept), "user.x", []byte("x"), 0)))
	t.try("cut by path in "+dir, refusedIn(t.free, unix.Truncate(at(kept), 0)))
}

// refusedIn leaves out what differs from host to host where nothing is confined.
func refusedIn(free bool, err error) error {
	if free {
		return errors.ErrUnsupported
	}
	return err
}
