// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Tail says where a log begins and ends.
type Tail struct {
	First, Next uint64 // the records are First, ..., Next-1
	Torn        int64  // bytes of an unfinished append behind the last record
}

// ErrStop ends a walk without error; the function given to [Scan] or [Log.Read] returns it.
var ErrStop = errors.New("durable: stop")

// Scan gives fn every record of the log in dir from index from on, checks all
// that it reads, and changes nothing. It needs no lock: the records of a batch
// that is being written meanwhile count as torn. Damage is a [*CorruptError].
// The record is valid during the call. A maxRecord of 0 means [DefaultMaxRecord].
func Scan(d Disk, dir string, from uint64, maxRecord int, fn func(index uint64, record []byte) error) (Tail, error) {
	if maxRecord == 0 {
		maxRecord = DefaultMaxRecord
	}
	s := scanner{disk: d, dir: dir, limit: maxRecord, from: from, fn: fn}
	err := s.run()
	tail := Tail{Next: s.next, Torn: max(s.junk-s.off, 0)}
	if len(s.segs) > 0 {
		tail.First = s.segs[0].first
	}
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return tail, err
}

// scanner reads a whole log. What it finds is where a writer goes on.
type scanner struct {
	disk  Disk
	dir   string
	limit int
	from  uint64
	fn    func(uint64, []byte) error

	segs  []*segment
	bad   error    // the header of the segment after segs is damaged
	temps []string // files of segments that never got their name
	next  uint64   // index behind the last record
	chain uint32
	batch int64 // where the last batch of the last segment begins
	off   int64 // where its last record ends
	junk  int64 // where torn bytes behind off end, or 0
}

func (s *scanner) run() error {
	if err := s.list(); err != nil {
		return err
	}
	start := 0
	for i, seg := range s.segs {
		if seg.first <= s.from {
			start = i
		}
	}
	for i := start; i < len(s.segs); i++ {
		if i > start && (s.segs[i].first != s.next || s.segs[i].chain != s.chain) {
			return s.gap(s.segs[i])
		}
		last := i == len(s.segs)-1 && s.bad == nil
		if err := s.segment(s.segs[i], last); err != nil {
			return err
		}
	}
	return s.bad
}

func (s *scanner) gap(seg *segment) error {
	reason := fmt.Sprintf("it begins with record %d where %d is next", seg.first, s.next)
	if seg.first == s.next {
		reason = "it does not follow the segment before it"
	}
	return &CorruptError{Segment: seg.name, Index: s.next, Reason: reason}
}

// list reads the names and headers of all segments.
func (s *scanner) list() error {
	names, err := s.disk.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, segmentTail+tempTail) {
			s.temps = append(s.temps, name)
		}
		if !strings.HasSuffix(name, segmentTail) {
			continue
		}
		seg, err := s.header(name)
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			s.bad = err // for after the segments before it
			return nil
		}
		if err != nil {
			return err
		}
		s.segs = append(s.segs, seg)
	}
	return nil
}

func (s *scanner) header(name string) (*segment, error) {
	f, err := s.disk.OpenFile(filepath.Join(s.dir, name), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	b := make([]byte, sectorSize)
	n, err := f.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return parseHeader(name, b[:n])
}

func (s *scanner) segment(seg *segment, last bool) error {
	f, err := s.disk.OpenFile(filepath.Join(s.dir, seg.name), os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	err = s.frames(f, seg, last)
	return errors.Join(err, f.Close())
}

func (s *scanner) frames(f File, seg *segment, last bool) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	c := newCursor(f, size, seg, s.limit)
	for stood := int64(-1); ; {
		err = s.walk(c)
		s.next, s.chain, s.off, s.batch, s.junk = c.index, c.chain, c.off, c.batch, 0
		var d *damage
		if !errors.Is(err, io.EOF) && !errors.As(err, &d) {
			return err
		}
		end, rerr := c.lastNonZero(c.off)
		if rerr != nil {
			return rerr
		}
		if d == nil && end == c.off {
			return nil
		}
		if c.off == stood {
			if d == nil {
				d = &damage{off: c.off, from: c.from, reason: "records are missing"}
			}
			return s.settle(c, d, end, last)
		}
		stood = c.off
		if err := c.again(f); err != nil { // who writes this log may have been at it: look once more
			return err
		}
	}
}

// settle accepts d as a torn tail, or says that it is not one.
func (s *scanner) settle(c *cursor, d *damage, end int64, last bool) error {
	torn, err := c.torn(d, end)
	if err != nil {
		return err
	}
	if !last || !torn {
		return &CorruptError{Segment: c.seg.name, Offset: d.off, Index: c.index, Reason: d.reason}
	}
	s.junk = end
	return nil
}

// walk returns io.EOF at the end of the segment.
func (s *scanner) walk(c *cursor) error {
	for {
		off := c.off
		payload, err := c.next()
		if err != nil {
			return err
		}
		index := c.index - 1
		c.seg.mark(index, c.off-int64(frame{size: uint32(len(payload))}.span()))
		if index < s.from || s.fn == nil {
			continue
		}
		if err := s.fn(index, payload); err != nil {
			c.off = off
			return err
		}
	}
}

// mark remembers every markEvery-th offset, if those before are known.
func (s *segment) mark(index uint64, off int64) {
	if n := index - s.first; n%markEvery == 0 && n/markEvery == uint64(len(s.marks)) {
		s.marks = append(s.marks, off)
	}
}
