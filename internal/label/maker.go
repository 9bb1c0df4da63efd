// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"fmt"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/canon"
)

// Keys finds the key that a maker and a judge share in an epoch.
type Keys interface {
	// Key returns the 32-byte key of an epoch, or false where no lease covers it.
	Key(maker, judge string, epoch uint64) ([]byte, bool)
}

// Verifier is one judge to make a tag for, in its present life.
type Verifier struct {
	Judge  string
	Window Window
}

// Maker makes the labels of one component in one life.
type Maker struct {
	id   string
	boot uint64
	keys Keys
	last atomic.Uint64
}

// NewMaker makes labels as component id; boot must be higher than in any earlier
// life, which the caller has made durable before.
func NewMaker(id string, boot uint64, keys Keys) *Maker {
	return &Maker{id: id, boot: boot, keys: keys}
}

// Seal completes l (version, maker, numbers, epoch, time) and tags it for the
// verifiers. Each call gives a new label: a second attempt to send needs a second call.
func (m *Maker) Seal(l Label, now time.Time, life time.Duration, verifiers []Verifier) ([]byte, error) {
	l.Version, l.Maker, l.Boot = Version, m.id, m.boot
	l.Epoch, l.Number = EpochAt(now), m.last.Add(1)
	l.NotBefore, l.NotAfter = now.UnixMilli(), now.Add(life).UnixMilli()
	body, err := canon.Marshal(l)
	if err != nil {
		return nil, err
	}
	s := Sealed{Body: body}
	for _, v := range verifiers {
		key, ok := m.keys.Key(m.id, v.Judge, l.Epoch)
		if !ok {
			return nil, fmt.Errorf("no key of %s for judge %s in epoch %d: the lease has ended or has not come", m.id, v.Judge, l.Epoch)
		}
		s.Tags = append(s.Tags, Tag{Judge: v.Judge, Window: v.Window, MAC: MAC(key, v.Judge, v.Window, body)})
	}
	return s.Encode()
}
