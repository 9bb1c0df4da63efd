// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const blockSize = 4 << 10 // bytes of each append

// Disk appends blocks of 4 KiB to so many files at once in dir, with an fdatasync
// behind each, and gives the times of write and fdatasync together, sorted.
func Disk(ctx context.Context, dir string, writers int, length time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	times, errs := make([][]time.Duration, writers), make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() { times[i], errs[i] = appendBlocks(ctx, filepath.Join(dir, fmt.Sprintf("blocks-%d", i))) })
	}
	all.Wait()
	joined := slices.Concat(times...)
	slices.Sort(joined)
	return joined, errors.Join(errs...)
}

func appendBlocks(ctx context.Context, path string) (times []time.Duration, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	block := make([]byte, blockSize)
	for ctx.Err() == nil {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return nil, os.NewSyscallError("fdatasync", err)
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}
