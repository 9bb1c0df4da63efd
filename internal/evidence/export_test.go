// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import "time"

// SetBounds has a search look at so many rows at most, and a log have so many kinds. A
// search may take as long as it likes, and Prune goes in many small steps.
func (x *Index) SetBounds(rows, kinds int) { x.most = bounds{rows, time.Hour, kinds, 50} }

// ParseCursor reads a cursor and writes it again.
func ParseCursor(text string) (string, error) {
	p, err := parseCursor(text)
	return cursorOf(p), err
}

// StateOf is what is said of a parcel with these records.
func StateOf(hops []Found) (State, string) { return stateOf(hops) }

// ReadDecided reads the detail of a decision.
func ReadDecided(detail []byte) (*Decided, error) { return decidedOf(detail) }
