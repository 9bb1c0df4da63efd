// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"sync"

	"dukou.dev/dukou/internal/fault"
)

// replayBits is how far behind the highest number a label may come; it covers the
// parcels that can be under way at once between one maker and one judge.
const replayBits = 1 << 14

// Replay remembers which labels a judge has seen, in constant memory for each
// maker (the sliding window of RFC 6479). It is emptied by a restart; the judge's
// Window changes then, so nothing made before passes.
type Replay struct {
	mu     sync.Mutex
	makers map[string]*seen
}

type seen struct {
	boot    uint64
	highest uint64
	bits    [replayBits / 64]uint64
}

// NewReplay makes an empty memory.
func NewReplay() *Replay { return &Replay{makers: map[string]*seen{}} }

// Accept marks a label as seen, or says why it may not pass. Call it only after
// the tag was verified: maker must be one that the bundle names, which bounds the
// memory.
func (r *Replay) Accept(maker string, boot, number uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.makers[maker]
	if s == nil {
		s = &seen{boot: boot}
		r.makers[maker] = s
	}
	if boot < s.boot {
		return fault.New(fault.LabelOld, "life %d of %q has ended, it is in its life %d", boot, maker, s.boot)
	}
	if boot > s.boot {
		*s = seen{boot: boot}
	}
	return s.accept(number)
}

func (s *seen) accept(number uint64) error {
	switch {
	case number > s.highest:
		s.advance(number)
	case s.highest-number >= replayBits-64:
		return fault.New(fault.LabelOld, "number %d is behind the window, highest is %d", number, s.highest)
	}
	word, bit := number/64%(replayBits/64), uint64(1)<<(number%64)
	if s.bits[word]&bit != 0 {
		return fault.New(fault.LabelReplayed, "number %d was seen before", number)
	}
	s.bits[word] |= bit
	return nil
}

// advance clears the words between the old and the new highest number. The window
// keeps one word less than it has bits for, so that a word is never half old.
func (s *seen) advance(number uint64) {
	from, to := s.highest/64, number/64
	if to-from >= replayBits/64 {
		clear(s.bits[:])
	} else {
		for w := from + 1; w <= to; w++ {
			s.bits[w%(replayBits/64)] = 0
		}
	}
	s.highest = number
}
