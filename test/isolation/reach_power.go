// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostFiles returns paths that exist on most hosts and in no cell.
func hostFiles() []string {
	return []string{
		"/etc/passwd", "/etc/hostname", "/root", "/home", "/usr", "/bin/sh", "/sys/kernel", "/boot", "/run",
		"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/kcore", "/proc/keys", "/proc/cmdline",
		"/proc/1/root/etc", "/dev/mem", "/dev/kmsg", "/dev/vsock", "/dev/net/tun", "/dev/tty", "/dev/ptmx", "/dev/shm",
	}
}

// files reads what was not granted and writes what was granted for reading.
func (r *reach) files() {
	for _, path := range append(hostFiles(), r.targets.Files...) {
		r.tried("open", path, open(path, unix.O_RDONLY|unix.O_NONBLOCK))
	}
	for _, path := range r.targets.Granted {
		r.tried("open for writing", path, open(path, unix.O_WRONLY))
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	f := Finding{Try: "mounts", Detail: string(mounts)}
	if err != nil {
		f.Detail = err.Error()
	}
	r.emit(f)
}

func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	closeOpened(fd, err)
	return err
}

// powers tries what a process without capabilities cannot do. Nested in a user
// namespace the capabilities are there, but not over what came from outside.
func (r *reach) powers() {
	runtime.LockOSThread() // never unlocked: what it changes must not come back to the pool
	for _, dir := range []string{"/", "/dev", "/proc", "/proc/self"} {
		r.tried("create file", dir, os.WriteFile(filepath.Join(dir, "probe"), nil, 0o600))
	}
	for _, key := range r.targets.SharedMemory {
		_, err := unix.SysvShmGet(key, 1, 0)
		r.tried("shared memory", strconv.Itoa(key), err)
	}
	r.keyringsAndRings()
	for _, pid := range r.targets.PIDs {
		r.enter("/proc/" + strconv.Itoa(pid) + "/ns/")
	}
	r.tried("mknod", "/tmp/disk", unix.Mknod("/tmp/disk", unix.S_IFBLK|0o600, int(unix.Mkdev(254, 0))))
	handle := unix.NewFileHandle(1, make([]byte, 8))
	fd, err := unix.OpenByHandleAt(unix.AT_FDCWD, handle, unix.O_RDONLY)
	closeOpened(fd, err)
	r.triedRight("open_by_handle_at", "", err)
	r.tried("sethostname", "", unix.Sethostname([]byte("probe")))
	if r.nested {
		r.mountsNested()
		return
	}
	r.tried("unshare network", "", unix.Unshare(unix.CLONE_NEWNET))
	r.tried("chroot", "/tmp", unix.Chroot("/tmp"))
	r.mounts()
}

// triedRight reports an attempt that is stopped by rights alone.
func (r *reach) triedRight(try, target string, err error) {
	if err == unix.EPERM || err == unix.ENOSYS {
		r.tried(try, target, err)
		return
	}
	r.emit(Finding{Try: try, Target: target, Reached: true, Detail: "not refused"})
}

func (r *reach) keyringsAndRings() {
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	r.tried("keyring", "user", err)
	_, err = unix.AddKey("user", "probe", []byte("x"), unix.KEY_SPEC_SESSION_KEYRING)
	r.tried("add key", "session", err)
	var params [128]byte
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
	if errno == 0 {
		_ = unix.Close(int(fd))
	}
	r.triedErrno("io_uring_setup", "", errno)
}

// enter joins another process's namespaces.
func (r *reach) enter(dir string) {
	for _, name := range []string{"net", "mnt", "pid", "ipc", "uts", "user"} {
		fd, err := unix.Open(dir+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, 0)
			_ = unix.Close(fd)
		}
		r.tried("setns", dir+name, err)
	}
}

func (r *reach) mounts() {
	r.tried("mount tmpfs", "/tmp", unix.Mount("tmpfs", "/tmp", "tmpfs", 0, ""))
	r.tried("mount proc", "/proc", unix.Mount("proc", "/proc", "proc", 0, ""))
	r.tried("unmount", "/proc", unix.Unmount("/proc", unix.MNT_DETACH))
	r.tried("unmount", "/", unix.Unmount("/", unix.MNT_DETACH))
	for _, path := range append([]string{"/", "/proc"}, r.targets.Granted...) {
		r.tried("remount for writing", path, remount(path))
	}
}

func remount(path string) error {
	return unix.Mount("", path, "", unix.MS_REMOUNT|unix.MS_BIND, "")
}

// mountsNested works in a mount namespace of its own, where mounting as such is allowed.
func (r *reach) mountsNested() {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		r.emit(Finding{Try: "unshare mounts", Detail: err.Error()})
		return
	}
	for _, path := range append([]string{"/", "/proc"}, r.targets.Granted...) {
		r.tried("remount for writing", path, remount(path))
		r.tried("unmount", path, unix.Unmount(path, unix.MNT_DETACH))
	}
	if err := os.Mkdir("/tmp/proc", 0o700); err != nil {
		r.emit(Finding{Try: "mount proc", Detail: err.Error()})
		return
	}
	readOnly := uintptr(unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	for _, flags := range []uintptr{0, readOnly} {
		r.kernelSettings(flags)
	}
	r.tried("mount sysfs", "/tmp/proc", unix.Mount("sysfs", "/tmp/proc", "sysfs", readOnly, ""))
}

// kernelSettings looks for a /proc through which user 0 changes the whole machine.
func (r *reach) kernelSettings(flags uintptr) {
	target := "proc mounted with flags " + strconv.Itoa(int(flags))
	if err := unix.Mount("proc", "/tmp/proc", "proc", flags, ""); err != nil {
		r.emit(Finding{Try: "mount proc", Target: target, Detail: err.Error()})
		return
	}
	r.tried("open kernel setting", target, open("/tmp/proc/sys/kernel/core_pattern", unix.O_WRONLY))
	r.tried("open sysrq", target, open("/tmp/proc/sysrq-trigger", unix.O_WRONLY))
	_ = unix.Unmount("/tmp/proc", unix.MNT_DETACH)
}
