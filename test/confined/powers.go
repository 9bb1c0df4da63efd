// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confined

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// powers asks for what belongs to root or to the kernel.
func (t *tries) powers() {
	dir := t.world.Own[0]
	t.try("mount", unix.Mount("tmpfs", dir, "tmpfs", 0, ""))
	t.try("bind mount", unix.Mount("/", dir, "", unix.MS_BIND, ""))
	t.try("unmount", unix.Unmount("/", unix.MNT_DETACH))
	t.try("pivot_root", unix.PivotRoot(dir, dir))
	t.try("chroot", unix.Chroot(dir))
	t.try("chdir", unix.Chdir("/"))
	t.try("setuid", raw(unix.SYS_SETUID, 0))
	t.try("setresuid", raw(unix.SYS_SETRESUID, 0, 0, 0))
	t.try("setgid", raw(unix.SYS_SETGID, 0))
	t.try("setgroups", raw(unix.SYS_SETGROUPS, 0, 0))
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: 1, Permitted: 1}}
	t.try("raise a capability", unix.Capset(&header, &data[0]))
	t.try("keep capabilities", unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0))
	t.try("clear no_new_privs", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0))
	t.try("another filter", raw(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_STRICT))
	t.try("fanotify", closed(unix.FanotifyInit(0, 0)))
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	t.try("keyring", err)
	_, err = unix.AddKey("user", "x", []byte("x"), unix.KEY_SPEC_SESSION_KEYRING)
	t.try("add a key", err)
	var params [128]byte
	t.try("io_uring", raw(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params))))
	t.try("bpf", raw(unix.SYS_BPF, 0, uintptr(unsafe.Pointer(&params)), 128))
	t.try("userfaultfd", raw(unix.SYS_USERFAULTFD, 0))
	t.try("perf", raw(unix.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&params)), 0, 0, 0, 0))
	_, err = unix.SysvShmGet(0, 4096, unix.IPC_CREAT|0o600)
	t.try("shared memory", err)
	t.try("ioctl", raw(unix.SYS_IOCTL, 0, unix.TIOCGWINSZ, uintptr(unsafe.Pointer(&params))))
	t.try("open by handle", closed(unix.OpenByHandleAt(unix.AT_FDCWD, unix.NewFileHandle(1, make([]byte, 8)), 0)))
	t.try("host name", unix.Sethostname([]byte("x")))
	t.try("set the clock", raw(unix.SYS_CLOCK_SETTIME, unix.CLOCK_REALTIME, 0))
}
