// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// ErrTrimmed says that records were asked for that are no longer kept.
var ErrTrimmed = errors.New("durable: records were removed")

// Read gives fn at most max records from index from on, as far as they are on
// the disk. It ends without error at the last one. The record is valid during the call.
func (l *Log) Read(from uint64, max int, fn func(index uint64, record []byte) error) error {
	for max > 0 {
		seg, mark, end, err := l.locate(from)
		if err != nil || seg == nil {
			return err
		}
		end = min(end, from+uint64(max))
		if err := l.readSegment(seg, mark, from, end, fn); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		max -= int(end - from)
		from = end
	}
	return nil
}

// locate returns the segment with record from, the offset of a mark at or
// before it, and the end of what can be read there; nil behind the last record.
func (l *Log) locate(from uint64) (seg *segment, mark int, end uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from >= l.durable {
		return nil, 0, 0, nil
	}
	i := sort.Search(len(l.segs), func(i int) bool { return l.segs[i].first > from }) - 1
	if i < 0 {
		return nil, 0, 0, ErrTrimmed
	}
	end = l.durable
	if i+1 < len(l.segs) {
		end = l.segs[i+1].first
	}
	seg = l.segs[i]
	mark = min(int((from-seg.first)/markEvery), len(seg.marks)-1)
	return seg, mark, end, nil
}

func (l *Log) readSegment(seg *segment, mark int, from, end uint64, fn func(uint64, []byte) error) error {
	f, err := l.o.Disk.OpenFile(filepath.Join(l.dir, seg.name), os.O_RDONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return ErrTrimmed
	}
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		c := newCursor(f, size, seg, l.o.MaxRecord)
		l.seek(c, mark)
		err = l.readFrames(c, from, end, fn)
	}
	return errors.Join(err, f.Close())
}

func (l *Log) seek(c *cursor, mark int) {
	if mark <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.off = c.seg.marks[mark]
	c.index = c.seg.first + uint64(mark)*markEvery
	c.loose = true
}

func (l *Log) readFrames(c *cursor, from, end uint64, fn func(uint64, []byte) error) error {
	for c.index < end {
		payload, err := c.next()
		var d *damage
		if errors.Is(err, io.EOF) || errors.As(err, &d) {
			return &CorruptError{Segment: c.seg.name, Offset: c.off, Index: c.index, Reason: "a record that was on the disk is not there: " + err.Error()}
		}
		if err != nil {
			return err
		}
		index := c.index - 1
		if (index-c.seg.first)%markEvery == 0 {
			l.mu.Lock()
			c.seg.mark(index, c.off-frame{size: uint32(len(payload))}.span())
			l.mu.Unlock()
		}
		if index < from {
			continue
		}
		if err := fn(index, payload); err != nil {
			return err
		}
	}
	return nil
}

// Trim removes the segments whose records are all below before, oldest first.
// The last segment stays.
func (l *Log) Trim(before uint64) error {
	for {
		l.mu.Lock()
		if len(l.segs) < 2 || l.segs[1].first > before {
			l.mu.Unlock()
			return nil
		}
		name := l.segs[0].name
		l.segs = l.segs[1:]
		l.mu.Unlock()
		// Each removal is on the disk before the next, so that no gap can appear.
		if err := l.o.removeFile(l.dir, name); err != nil {
			return fmt.Errorf("trim log: %w", err)
		}
	}
}
