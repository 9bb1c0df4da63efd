// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"sync"

	"dukou.dev/dukou/internal/fault"
)

const (
	span  = 16320                 // numbers up to the highest that may still come
	block = 64                    // numbers in one block
	slots = (span+block-1)/64 + 1 // so that the blocks of a span never share a slot
)

// memory remembers which labels passed. Each maker has a ring of blocks that carry
// the index of the numbers they stand for: a block of other numbers is an empty one,
// so nothing is cleared as numbers grow.
type memory struct {
	mu     sync.Mutex
	makers map[string]*past
	span   uint64
}

func newMemory() *memory { return &memory{makers: map[string]*past{}, span: span} }

type past struct {
	boot    uint64
	highest uint64
	ring    [slots]struct{ index, seen uint64 }
}

// take uses up a number, or says why it is none that may come.
func (m *memory) take(maker string, boot, number uint64) *fault.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, known := m.makers[maker]
	switch {
	case !known || p.boot < boot:
		p = &past{boot: boot}
		m.makers[maker] = p
	case p.boot > boot:
		return fault.New(fault.LabelOld, "boot %d of %q, which is in boot %d", boot, maker, p.boot)
	}
	if p.highest >= m.span && number <= p.highest-m.span {
		return fault.New(fault.LabelOld, "number %d, the highest was %d", number, p.highest)
	}
	at, bit := &p.ring[number/block%slots], uint64(1)<<(number%block)
	if at.index != number/block {
		at.index, at.seen = number/block, 0
	}
	if at.seen&bit != 0 {
		return fault.New(fault.LabelReplayed, "number %d came before", number)
	}
	at.seen |= bit
	p.highest = max(p.highest, number)
	return nil
}
