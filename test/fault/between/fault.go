// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package between

import (
	"bytes"
	"math/rand/v2"
)

// Kind is what happens to a frame.
type Kind string

// The kinds.
const (
	Lose      Kind = "lose"
	Tear      Kind = "tear"      // cut off somewhere
	Flip      Kind = "flip"      // one to eight bits
	Reorder   Kind = "reorder"   // held back behind some others
	Duplicate Kind = "duplicate" // sent twice
	Replay    Kind = "replay"    // and, before it, one that was captured long ago
)

// maxHeld bounds the frames that a Reorder holds back.
const maxHeld = 32

// maxOld and captureEvery say how much is captured for Replay.
const (
	maxOld       = 256
	captureEvery = 16
)

// Active is a fault that lasts.
type Active struct {
	kind Kind
	rate float64
	lane *lane
	rng  *rand.Rand
	held []held
	hits uint64 // frames
	hit  chan struct{}
}

// held is a frame that waits for others to pass.
type held struct {
	frame []byte
	pass  int
}

// Begin makes a fault happen, at a rate of 1 to every frame, in one direction until
// End. All that it decides comes from the seed.
func (r *Relay) Begin(kind Kind, rate float64, seed uint64, way Way) *Active {
	l := r.lanes[way]
	a := &Active{kind: kind, rate: rate, lane: l, rng: rand.New(rand.NewPCG(seed, uint64(way))), hit: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, a)
	return a
}

// End ends a fault and tells how many frames it has hit. What it held back is lost.
func (a *Active) End() uint64 {
	l := a.lane
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.faults[:0]
	for _, other := range l.faults {
		if other != a {
			kept = append(kept, other)
		}
	}
	clear(l.faults[len(kept):])
	l.faults = kept
	return a.hits
}

// pass gives what becomes of a frame: none, itself, or more.
func (l *lane) pass(frame []byte) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen++
	l.capture(frame)
	frames := [][]byte{frame}
	for _, a := range l.faults {
		var next [][]byte
		for _, f := range frames {
			next = append(next, a.apply(f, l.old)...)
		}
		frames = next
	}
	return frames
}

// capture keeps a sample, in which older frames stay for long.
func (l *lane) capture(frame []byte) {
	if l.seen%captureEvery != 0 {
		return
	}
	if len(l.old) < maxOld {
		l.old = append(l.old, bytes.Clone(frame))
		return
	}
	i := l.rng.IntN(maxOld)
	l.old[i] = append(l.old[i][:0], frame...)
}

func (a *Active) apply(frame []byte, old [][]byte) [][]byte {
	due := a.release()
	if a.rng.Float64() >= a.rate || a.kind == Replay && len(old) == 0 {
		return append([][]byte{frame}, due...)
	}
	a.count()
	switch a.kind {
	case Lose:
		return due
	case Tear:
		return append(due, tear(frame, a.rng))
	case Flip:
		return append(due, flip(frame, a.rng))
	case Reorder:
		if len(a.held) < maxHeld {
			a.held = append(a.held, held{bytes.Clone(frame), 1 + a.rng.IntN(8)})
			return due
		}
		return append([][]byte{frame}, due...)
	case Duplicate:
		return append(due, frame, frame)
	case Replay:
		return append(due, bytes.Clone(old[a.rng.IntN(len(old))]), frame)
	}
	panic("no such fault: " + a.kind)
}

func (a *Active) count() {
	if a.hits == 0 {
		close(a.hit)
	}
	a.hits++
}

// release gives the held frames whose turn has come.
func (a *Active) release() [][]byte {
	var due [][]byte
	kept := a.held[:0]
	for _, h := range a.held {
		if h.pass--; h.pass <= 0 {
			due = append(due, h.frame)
			continue
		}
		kept = append(kept, h)
	}
	a.held = kept
	return due
}

// tear cuts a frame off behind its Ethernet header.
func tear(frame []byte, rng *rand.Rand) []byte {
	if len(frame) <= headerSize+1 {
		return frame
	}
	return bytes.Clone(frame[:headerSize+1+rng.IntN(len(frame)-headerSize-1)])
}

func flip(frame []byte, rng *rand.Rand) []byte {
	harmed := bytes.Clone(frame)
	if len(harmed) <= headerSize {
		return harmed
	}
	for range 1 + rng.IntN(8) {
		at := headerSize + rng.IntN(len(harmed)-headerSize)
		harmed[at] ^= 1 << rng.IntN(8)
	}
	return harmed
}
