// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"io/fs"
	"os"

	"dukou.dev/dukou/internal/durable"
)

const sectorSize = 512 // bytes that a disk writes as one

// headFile holds the latest checkpoint of a log, which is replaced again and again. What
// it holds is never torn, and never goes back once replace has returned.
//
// The first of each life, and one of another length, is a new file that takes the name.
// All others are written over the last: one sector, which a power cut leaves as it was or
// as it should be, and one sync. A new file each time would cost two syncs and an inode.
type headFile struct {
	files durable.Files
	name  string
	size  int // of the file that this life has put there, in bytes; 0 before
}

// replace makes data the content of the file, and durable.
func (h *headFile) replace(data []byte) error {
	if len(data) == h.size && len(data) <= sectorSize {
		if done, err := h.overwrite(data); done || err != nil {
			return err
		}
	}
	h.size = 0
	if err := h.files.WriteFile(h.name, data, 0o600); err != nil {
		return err
	}
	h.size = len(data)
	return nil
}

// overwrite leaves alone a file that is not the one that was put there.
func (h *headFile) overwrite(data []byte) (done bool, err error) {
	f, err := h.files.Disk.OpenFile(h.name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	size, err := f.Size()
	if err != nil || size != int64(len(data)) {
		return false, errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return false, errors.Join(err, f.Close())
	}
	h.files.Sync(f, h.name)
	return true, f.Close()
}
