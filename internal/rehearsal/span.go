// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
)

// span is the records of a log that are looked at.
type span struct {
	Log
	from, to uint64
}

func journalOf(dir string) string { return filepath.Join(dir, "journal") }

// slack is how far entries of a log may be out of the order of their times.
const slack = time.Minute

// spans finds where the logs have what was decided between Since and Until.
func (r *Replay) spans() (list []span, total uint64, err error) {
	for _, l := range r.Logs {
		s, err := r.span(l)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", l.Dir, err)
		}
		list, total = append(list, s), total+s.to-s.from
	}
	return list, total, nil
}

func (r *Replay) span(l Log) (span, error) {
	s := span{Log: l}
	firsts, err := segments(journalOf(l.Dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil // nothing of it was gathered yet
	}
	if err != nil || len(firsts) == 0 {
		return s, err
	}
	begins := func(t time.Time) (int, error) { return firstFrom(journalOf(l.Dir), firsts, t) }
	if s.from = firsts[0]; !r.Since.IsZero() {
		n, err := begins(r.Since.Add(-slack))
		if err != nil {
			return s, err
		}
		s.from = firsts[max(n-1, 0)] // the one before may reach into the window
	}
	if !r.Until.IsZero() {
		n, err := begins(r.Until.Add(slack))
		if err != nil {
			return s, err
		}
		if n < len(firsts) {
			s.to = max(firsts[n], s.from)
			return s, nil
		}
	}
	tail, err := durable.Scan(durable.OS(), journalOf(l.Dir), firsts[len(firsts)-1], audit.MaxRecord, nil)
	s.to = max(tail.Next, s.from)
	return s, err
}

// segments are the indexes of the first records of a log's segments, which are their names.
func segments(dir string) ([]uint64, error) {
	names, err := durable.OS().ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, ".seg")
		if n, err := strconv.ParseUint(digits, 10, 64); ok && err == nil {
			firsts = append(firsts, n)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// firstFrom is the first segment that begins at or after a time, by its number.
func firstFrom(dir string, firsts []uint64, t time.Time) (int, error) {
	low, high := 0, len(firsts)
	for low < high {
		middle := (low + high) / 2
		begins := int64(-1) // an empty segment is the last one, and begins now
		_, err := durable.Scan(durable.OS(), dir, firsts[middle], audit.MaxRecord, func(_ uint64, raw []byte) error {
			c, err := audit.DecodeRecord(raw)
			if begins = c.Leaf.Time; err != nil {
				return err
			}
			return durable.ErrStop
		})
		if err != nil {
			return 0, err
		}
		if begins < 0 || begins >= t.UnixMilli() {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}
