// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"
	"os"

	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Level is what the kernel offers for confining a process.
type Level struct {
	Landlock int  // version of the interface, 0 for none
	Seccomp  bool // filters with an action for the whole process
}

// The versions of Landlock that this package tells apart.
const (
	minLandlock      = 2 // renames between directories
	landlockTruncate = 3
	landlockTCP      = 4
	landlockDevices  = 5
	landlockScopes   = 6
	landlockUnix     = 9
)

// signalErratum is the bit of the kernel's errata for scoped signals between the
// threads of one process, without which a Go program would not run under that scope.
const signalErratum = 1 << 1

// Available asks the kernel.
func Available() Level {
	var l Level
	if version, err := llsys.LandlockGetABIVersion(); err == nil {
		l.Landlock = version
	}
	if l.Landlock >= landlockScopes {
		if errata, err := llsys.LandlockGetErrata(); err != nil || errata&signalErratum == 0 {
			l.Landlock = landlockDevices
		}
	}
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	l.Seccomp = seccomp(unix.SECCOMP_GET_ACTION_AVAIL, 0, &action) == nil
	return l
}

// String names it as logs and `dukou doctor` do.
func (l Level) String() string { return fmt.Sprintf("Landlock %d, seccomp %t", l.Landlock, l.Seccomp) }

// Missing tells, for people, what this kernel cannot hold a process to.
func (l Level) Missing() []string {
	var missing []string
	for _, want := range []struct {
		have bool
		what string
	}{
		{l.Seccomp, "no seccomp filter: every system call is open"},
		{l.Landlock >= minLandlock, "no Landlock 2: every file of this user is open"},
		{l.Landlock >= landlockTruncate, "no Landlock 3: files can be cut short"},
		{l.Landlock >= landlockTCP, "no Landlock 4: connections to every TCP port are open"},
		{l.Landlock >= landlockDevices, "no Landlock 5: ioctl on devices is open"},
		{l.Landlock >= landlockScopes, "no Landlock 6: abstract Unix sockets are open"},
		{l.Landlock >= landlockUnix, "no Landlock 9: a process that connects to one Unix socket may connect to others of its user"},
	} {
		if !want.have {
			missing = append(missing, want.what)
		}
	}
	return missing
}

// enough refuses a kernel on which a captured process would be as free as any, but for
// a trial.
func (l Level) enough() error {
	if l.Landlock >= minLandlock && l.Seccomp || os.Getenv(Trial) != "" {
		return nil
	}
	return fmt.Errorf("%w: Landlock 2 (Linux 5.19) and seccomp are needed, this kernel has %s; for a trial only, set %s=1", ErrUnavailable, l, Trial)
}
