// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io"
)

// window is a read buffer over a file; bytes past the end of the file are zero,
// as they would be had the file its full length.
type window struct {
	file  io.ReaderAt
	size  int64 // of the file
	start int64 // offset of buf in the file
	buf   []byte
}

const windowSize = 128 << 10

// at returns n bytes at off, valid until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < w.start || off+int64(n) > w.start+int64(len(w.buf)) {
		if err := w.fill(off, max(n, windowSize)); err != nil {
			return nil, err
		}
	}
	i := int(off - w.start)
	return w.buf[i : i+n : i+n], nil
}

func (w *window) fill(off int64, n int) error {
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	w.buf, w.start = w.buf[:n], off
	clear(w.buf)
	have := min(int64(n), w.size-off)
	if have <= 0 {
		return nil
	}
	got, err := w.file.ReadAt(w.buf[:have], off)
	if int64(got) < have {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read at %d: %w", off, err)
	}
	return nil
}

// damage is a frame that cannot be accepted. from is where the record before it
// ends. end is how far it claims to reach, 0 if that cannot be known; wrong is
// set where no lost sector explains it.
type damage struct {
	off, from, end int64
	wrong          bool
	reason         string
}

func (d *damage) Error() string { return d.reason }

// cursor walks over the frames of one segment.
type cursor struct {
	win   window
	seg   *segment
	limit int64  // most bytes of a record
	off   int64  // of the next frame
	from  int64  // where the last record ends; off may be a sector further
	batch int64  // where the batch of the last frame begins
	index uint64 // of the next record
	chain uint32 // crc of the last frame
	loose bool   // the next frame's prev is taken as it is
}

func newCursor(f io.ReaderAt, size int64, s *segment, limit int) *cursor {
	return &cursor{
		win: window{file: f, size: size}, seg: s, limit: int64(limit),
		off: sectorSize, batch: sectorSize, index: s.first, chain: s.chain,
	}
}

// again has the next record looked for anew, in what the file holds now.
func (c *cursor) again(f File) (err error) {
	c.off, c.win.buf = c.from, c.win.buf[:0]
	c.win.size, err = f.Size()
	return err
}

// next returns the next record, valid until the call after. At a sector that
// begins with zeros it returns io.EOF; what follows there is not looked at.
func (c *cursor) next() ([]byte, error) {
	head, err := c.win.at(c.off, frameHeader)
	if err != nil {
		return nil, err
	}
	mustBegin := c.off == sectorSize
	c.from = c.off
	if allZero(head) {
		if err := c.skip(); err != nil {
			return nil, err
		}
		if head, err = c.win.at(c.off, frameHeader); err != nil {
			return nil, err
		}
		if allZero(head) {
			return nil, io.EOF
		}
		mustBegin = true
	}
	return c.accept(parseFrame(head), mustBegin)
}

// skip goes to the next sector; the rest of this one must be zeros.
func (c *cursor) skip() error {
	to := alignUp(c.off, sectorSize)
	rest, err := c.win.at(c.off, int(to-c.off))
	if err != nil {
		return err
	}
	if !allZero(rest) {
		return &damage{off: c.off, from: c.from, reason: "the batch is not followed by zeros"}
	}
	c.off = to
	return nil
}

func (c *cursor) accept(f frame, mustBegin bool) ([]byte, error) {
	if f.size == 0 || int64(f.size) > c.limit {
		return nil, &damage{off: c.off, from: c.from, reason: fmt.Sprintf("a record of %d bytes cannot be", f.size)}
	}
	first := f.flags == flagFirst
	if f.flags > flagFirst || first && c.off%sectorSize != 0 || mustBegin && !first {
		return nil, &damage{off: c.off, from: c.from, reason: "the frame is not where its batch says"}
	}
	bad := &damage{off: c.off, from: c.from, end: c.off + f.span()}
	body, err := c.win.at(c.off+frameHeader, int(f.span()-frameHeader))
	if err != nil {
		return nil, err
	}
	payload := body[:f.size]
	switch {
	case f.sum(c.seg.salt, payload) != f.crc:
		bad.reason = "the record has a wrong checksum"
		return nil, bad
	case !allZero(body[f.size:]):
		bad.wrong, bad.reason = true, "the record is not followed by zeros"
		return nil, bad
	case f.prev != c.chain && !c.loose:
		bad.wrong, bad.reason = true, "the record does not follow the one before it"
		return nil, bad
	}
	if first {
		c.batch = c.off
	}
	c.off, c.chain, c.loose = c.off+f.span(), f.crc, false
	c.index++
	return payload, nil
}

// lastNonZero returns the end of the last sector at or after from that is not all zero, or from.
func (c *cursor) lastNonZero(from int64) (int64, error) {
	end := from
	for off := from; off < c.win.size; {
		n := sectorSize - off%sectorSize
		b, err := c.win.at(off, int(n))
		if err != nil {
			return 0, err
		}
		off += n
		if !allZero(b) {
			end = off
		}
	}
	return end, nil
}

// torn says whether d can be the trace of a batch that was being written when
// the power went: a sector of it is missing, and no intact batch follows.
func (c *cursor) torn(d *damage, end int64) (bool, error) {
	if d.wrong {
		return false, nil
	}
	missing, err := c.zeroSector(d)
	if err != nil || !missing {
		return false, err
	}
	for off := alignUp(d.off+1, sectorSize); off < end; off += sectorSize {
		begins, err := c.batchAt(off)
		if err != nil || begins {
			return false, err
		}
	}
	return true, nil
}

func (c *cursor) zeroSector(d *damage) (bool, error) {
	end := d.end
	if end == 0 {
		end = d.off + 1
	}
	// The sector in which the last record ends may be lost and not missed: the
	// record is whole if it has only zeros there, and the next one's head is gone.
	for off := d.from / sectorSize * sectorSize; off < end; off += sectorSize {
		b, err := c.win.at(off, sectorSize)
		if err != nil {
			return false, err
		}
		if allZero(b) {
			return true, nil
		}
	}
	return false, nil
}

// batchAt says whether an intact batch begins at off.
func (c *cursor) batchAt(off int64) (bool, error) {
	head, err := c.win.at(off, frameHeader)
	if err != nil {
		return false, err
	}
	f := parseFrame(head)
	if f.flags != flagFirst || f.size == 0 || int64(f.size) > c.limit {
		return false, nil
	}
	payload, err := c.win.at(off+frameHeader, int(f.size))
	if err != nil {
		return false, err
	}
	return f.sum(c.seg.salt, payload) == f.crc, nil
}
