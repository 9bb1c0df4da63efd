// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// secureBits switch off, for good, every rule by which user 0 has capabilities because
// it is user 0. Values from linux/securebits.h; each has its lock above it.
const secureBits = 1<<0 | 1<<1 | // NOROOT
	1<<2 | 1<<3 | // NO_SETUID_FIXUP
	1<<5 // KEEP_CAPS stays off, locked

// dropCapabilities takes every capability from every thread. Who may also takes them
// from the bounding set; without that right none could come back but by an exec, which
// no_new_privs rules out.
func dropCapabilities() error {
	may, err := maySetCapabilities()
	if err != nil {
		return err
	}
	if may {
		if err := dropBounding(); err != nil {
			return err
		}
		if err := prctlAll(unix.PR_SET_SECUREBITS, secureBits); err != nil {
			return os.NewSyscallError("set securebits", err)
		}
	}
	if err := prctlAll(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL); err != nil {
		return os.NewSyscallError("clear ambient capabilities", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
	runtime.KeepAlive(&header)
	runtime.KeepAlive(&none)
	return call("capset", errno)
}

func maySetCapabilities() (bool, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false, os.NewSyscallError("capget", err)
	}
	return data[0].Effective>>unix.CAP_SETPCAP&1 == 1, nil
}

func dropBounding() error {
	for c := range uintptr(64) {
		// Which ones there are is asked first: all threads must get the same answer.
		if _, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); err != nil {
			return nil // past the last one that this kernel knows
		}
		if err := prctlAll(unix.PR_CAPBSET_DROP, c); err != nil {
			return os.NewSyscallError("drop bounding capability", err)
		}
	}
	return nil
}

func noNewPrivileges() error { return prctlAll(unix.PR_SET_NO_NEW_PRIVS, 1) }

// prctlAll does on every thread what prctl does on one.
func prctlAll(option int, arg uintptr) error {
	_, _, errno := psx.Syscall6(unix.SYS_PRCTL, uintptr(option), arg, 0, 0, 0, 0)
	return call("prctl", errno)
}

func call(name string, errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return os.NewSyscallError(name, errno)
}
