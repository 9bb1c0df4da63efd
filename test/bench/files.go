// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// batch is a number of files of one size, made beforehand so that making them is
// not measured.
type batch struct {
	dir    string
	names  []string
	size   int64
	digest [sha256.Size]byte // of all files, one behind the other
}

// makeBatch makes files of random bytes in dir and has them on the disk.
func makeBatch(dir string, count int, size int64) (*batch, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	b := &batch{dir: dir, size: size}
	chance := rand.NewChaCha8([32]byte{byte(count), byte(size >> 20)})
	all := sha256.New()
	for i := range count {
		name := fmt.Sprintf("file-%d-%06d.bin", size, i)
		if err := writeRandom(filepath.Join(dir, name), io.TeeReader(chance, all), size); err != nil {
			return nil, err
		}
		b.names = append(b.names, name)
	}
	b.digest = [sha256.Size]byte(all.Sum(nil))
	return b, nil
}

func writeRandom(path string, chance io.Reader, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, io.LimitReader(chance, size), make([]byte, 1<<20))
	return errors.Join(err, f.Sync(), f.Close())
}

const (
	arrivalPoll  = 2 * time.Millisecond
	arrivalLimit = 15 * time.Minute
)

// cross drops all files of a batch at once into the watched directory and waits until
// all have been released on the other side. Then they are moved back, as they arrived.
func (r *rig) cross(ctx context.Context, b *batch) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, arrivalLimit)
	defer cancel()
	began := time.Now()
	for _, name := range b.names {
		if err := os.Rename(filepath.Join(b.dir, name), filepath.Join(r.from, name)); err != nil {
			return 0, err
		}
	}
	if err := r.arrived(ctx, b); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, errors.Join(b.fetch(r.to), r.tidy())
}

// arrived waits until every file of the batch is there. A released file does not go
// again, so the next one is looked for where the last look ended.
func (r *rig) arrived(ctx context.Context, b *batch) error {
	tick := time.NewTicker(arrivalPoll)
	defer tick.Stop()
	for i := 0; i < len(b.names); {
		if _, err := os.Lstat(filepath.Join(r.to, b.names[i])); err == nil {
			i++
			continue
		}
		select {
		case <-tick.C:
		case end := <-r.Ended():
			return end
		case <-ctx.Done():
			return fmt.Errorf("%d of %d files have arrived: %w", i, len(b.names), ctx.Err())
		}
	}
	return nil
}

// fetch moves all files from where they have arrived to where they were made.
func (b *batch) fetch(from string) error {
	for _, name := range b.names {
		path := filepath.Join(from, name)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() != b.size {
			return fmt.Errorf("%s has %d bytes, want %d", name, info.Size(), b.size)
		}
		if err := os.Rename(path, filepath.Join(b.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// verify holds the files, as they have come back, against what was made.
func (b *batch) verify() error {
	all := sha256.New()
	for _, name := range b.names {
		if err := add(all, filepath.Join(b.dir, name)); err != nil {
			return err
		}
	}
	if [sha256.Size]byte(all.Sum(nil)) != b.digest {
		return errors.New("what has crossed is not what was sent")
	}
	return nil
}

func add(all hash.Hash, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{all}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

// tidy removes the receipts of what has crossed.
func (r *rig) tidy() error {
	receipts := filepath.Join(r.from, ".dukou", "receipts")
	entries, err := os.ReadDir(receipts)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			if err := os.Remove(filepath.Join(receipts, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
