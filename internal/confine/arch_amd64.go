// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import "golang.org/x/sys/unix"

// auditArch names the call table that the filter is for.
const auditArch = unix.AUDIT_ARCH_X86_64

// older are calls that newer architectures lack, and that Go makes where they are.
func older() []uint32 { return []uint32{unix.SYS_RENAMEAT} }

// database are the calls by which SQLite opens, looks at and removes its files.
func database() []uint32 {
	return []uint32{unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_UNLINK, unix.SYS_FCHOWN}
}
