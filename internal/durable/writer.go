// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writer is the state of the one who writes a log: (state, batch) to (state,
// writes to the disk). It has no goroutine and no lock.
type writer struct {
	o     LogOptions
	dir   string
	file  File // of the last segment; nil before the first
	seg   *segment
	off   int64  // where the next batch begins
	next  uint64 // index of the next record
	chain uint32

	started []*segment // begun since the owner last looked
	offsets []int64    // of the records of the last batch
}

// resume goes on where the scan s ended, and cuts off a torn tail.
func (w *writer) resume(s *scanner) error {
	for _, name := range s.temps {
		if err := w.o.Disk.Remove(filepath.Join(w.dir, name)); err != nil {
			return fmt.Errorf("open log: %w", err)
		}
	}
	if len(s.segs) > 0 {
		w.seg = s.segs[len(s.segs)-1]
		f, err := w.o.Disk.OpenFile(filepath.Join(w.dir, w.seg.name), os.O_RDWR, 0)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		w.file, w.off = f, alignUp(s.off, sectorSize)
		if err := w.settle(s); err != nil {
			w.o.fail(&SyncError{Path: w.seg.name, Err: err})
		}
	}
	return w.o.files().SyncDir(w.dir)
}

// settle makes what the scan has read the content of the disk.
//
// A torn tail is cut from behind: zeros over the sectors after the one in which
// the last record ends, and only when they are on the disk over that one. The
// other way round, power lost between the two would leave sectors with no head
// that explains them.
//
// The last batch is written once more. It may be in memory only, where its
// process was killed before the sync, or the sync failed.
func (w *writer) settle(s *scanner) error {
	size, err := w.file.Size()
	if err != nil {
		return err
	}
	end := alignUp(max(s.junk, s.off), sectorSize)
	if size < w.o.SegmentBytes {
		end = w.o.SegmentBytes
	}
	if w.off < end {
		if err := writeSync(w.file, make([]byte, end-w.off), w.off); err != nil {
			return err
		}
	}
	last := make([]byte, w.off-s.batch)
	if _, err := w.file.ReadAt(last[:s.off-s.batch], s.batch); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return writeSync(w.file, last, s.batch)
}

// write takes b to the disk.
func (w *writer) write(b *batch) error {
	if w.file == nil || w.off+alignUp(int64(len(b.buf)), sectorSize) > w.o.SegmentBytes {
		if err := w.roll(); err != nil {
			return &SyncError{Path: segmentName(w.next), Err: err}
		}
	}
	chain := w.seal(b)
	if err := writeSync(w.file, b.buf, w.off); err != nil {
		return &SyncError{Path: w.seg.name, Err: err}
	}
	w.offsets = w.offsets[:0]
	for _, at := range b.frames {
		w.offsets = append(w.offsets, w.off+int64(at))
	}
	w.chain = chain
	w.next += uint64(len(b.frames))
	w.off += alignUp(int64(len(b.buf)), sectorSize)
	return nil
}

// seal fills in the heads of the frames and returns the crc of the last.
func (w *writer) seal(b *batch) uint32 {
	chain := w.chain
	for i, at := range b.frames {
		f := parseFrame(b.buf[at:])
		f.prev = chain
		if i == 0 {
			f.flags = flagFirst
		}
		f.crc = f.sum(w.seg.salt, b.buf[at+frameHeader:at+frameHeader+int(f.size)])
		f.put(b.buf[at:])
		chain = f.crc
	}
	return chain
}

// markInto adds the offsets of the last batch to those that s remembers.
func (w *writer) markInto(s *segment) {
	first := w.next - uint64(len(w.offsets))
	for i, off := range w.offsets {
		s.mark(first+uint64(i), off)
	}
}

// roll begins a new segment. It gets its name when it is complete on the disk.
func (w *writer) roll() error {
	if err := w.close(); err != nil {
		return err
	}
	var salt [8]byte
	if _, err := io.ReadFull(w.o.Rand, salt[:]); err != nil {
		return err
	}
	seg := &segment{name: segmentName(w.next), first: w.next, salt: binary.BigEndian.Uint64(salt[:]), chain: w.chain}
	temp := filepath.Join(w.dir, seg.name+tempTail)
	f, err := w.o.Disk.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := fillSegment(f, seg.header(), w.o.SegmentBytes); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := w.o.Disk.Rename(temp, filepath.Join(w.dir, seg.name)); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := w.o.Disk.SyncDir(w.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	w.file, w.seg, w.off = f, seg, sectorSize
	w.started = append(w.started, seg)
	return nil
}

func fillSegment(f File, header []byte, size int64) error {
	zeros := make([]byte, min(1<<20, size))
	for off := int64(len(header)); off < size; off += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
	}
	return writeSync(f, header, 0)
}

func writeSync(f File, b []byte, off int64) error {
	if _, err := f.WriteAt(b, off); err != nil {
		return err
	}
	return f.Sync()
}

func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
