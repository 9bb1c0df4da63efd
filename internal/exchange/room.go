// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
)

// reserve is what is left free on a disk, in bytes, so that ledgers and records can
// still be written when bodies have filled the rest.
const reserve = 128 << 20

// Room tells whether a body of a size can be put on the disk of dir. The error has
// the code TooBusy: what is refused for want of room may be tried again.
func Room(disk durable.Disk, dir string, size uint64) error {
	free, err := disk.Free(dir)
	if err != nil {
		return err
	}
	if free < reserve || free-reserve < size {
		return fault.New(fault.TooBusy, "%d bytes free for %s, %d are kept free", free, dir, uint64(reserve))
	}
	return nil
}
