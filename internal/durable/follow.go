// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Follower reads a log while another process writes it. It is for one goroutine.
type Follower struct {
	disk  Disk
	dir   string
	limit int
	file  File
	c     *cursor
	next  uint64
}

// Follow returns a follower that begins with record from. A maxRecord of 0 means [DefaultMaxRecord].
func Follow(d Disk, dir string, from uint64, maxRecord int) *Follower {
	if maxRecord == 0 {
		maxRecord = DefaultMaxRecord
	}
	return &Follower{disk: d, dir: dir, limit: maxRecord, next: from}
}

// Next returns the next record, valid until the call after, or io.EOF when there
// is none yet. A batch that is being written counts as not there yet.
func (f *Follower) Next() (uint64, []byte, error) {
	for {
		if f.c == nil {
			if err := f.open(); err != nil {
				return 0, nil, err
			}
		}
		record, err := f.read()
		if err == nil {
			index := f.c.index - 1
			if index < f.next {
				continue
			}
			f.next = index + 1
			return index, record, nil
		}
		if !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		if err := f.roll(); err != nil {
			return 0, nil, err
		}
	}
}

// read tries what is in memory first, and then what is in the file by now.
func (f *Follower) read() ([]byte, error) {
	record, err := f.try()
	if errors.Is(err, io.EOF) {
		f.c.win.buf = f.c.win.buf[:0]
		record, err = f.try()
	}
	return record, err
}

func (f *Follower) try() ([]byte, error) {
	before := f.c.off
	record, err := f.c.next()
	var d *damage
	if errors.As(err, &d) {
		err = io.EOF
	}
	if err != nil {
		f.c.off = before
	}
	return record, err
}

// roll goes to the segment that follows the last record, if it is there.
func (f *Follower) roll() error {
	name := segmentName(f.c.index)
	if f.c.index == f.c.seg.first {
		return io.EOF
	}
	if err := f.use(name); errors.Is(err, os.ErrNotExist) {
		return io.EOF
	} else if err != nil {
		return err
	}
	return nil
}

// open takes the segment with record next.
func (f *Follower) open() error {
	s := scanner{disk: f.disk, dir: f.dir}
	if err := s.list(); errors.Is(err, os.ErrNotExist) {
		return io.EOF
	} else if err != nil {
		return err
	}
	if len(s.segs) == 0 {
		if s.bad != nil {
			return s.bad
		}
		return io.EOF
	}
	name := s.segs[0].name
	for _, seg := range s.segs {
		if seg.first <= f.next {
			name = seg.name
		}
	}
	return f.use(name)
}

func (f *Follower) use(name string) error {
	file, err := f.disk.OpenFile(filepath.Join(f.dir, name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	c, err := f.cursor(file, name)
	if err != nil {
		return errors.Join(fmt.Errorf("follow log: %w", err), file.Close())
	}
	if err := f.Close(); err != nil {
		return errors.Join(err, file.Close())
	}
	f.file, f.c = file, c
	return nil
}

func (f *Follower) cursor(file File, name string) (*cursor, error) {
	b := make([]byte, sectorSize)
	if _, err := file.ReadAt(b, 0); err != nil {
		return nil, err
	}
	seg, err := parseHeader(name, b)
	if err != nil {
		return nil, err
	}
	if f.c != nil && seg.chain != f.c.chain {
		return nil, &CorruptError{Segment: name, Index: seg.first, Reason: "it does not follow the segment before it"}
	}
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	return newCursor(file, size, seg, f.limit), nil
}

// Close ends the reading.
func (f *Follower) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
