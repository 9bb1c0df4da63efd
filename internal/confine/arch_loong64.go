// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import "golang.org/x/sys/unix"

// auditArch names the call table that the filter is for.
const auditArch = unix.AUDIT_ARCH_LOONGARCH64

// older are calls that newer architectures lack: this one has renameat2 only.
func older() []uint32 { return nil }

// database are the calls by which SQLite opens, looks at and removes its files.
func database() []uint32 { return []uint32{unix.SYS_FCHOWN} }
