// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// window is how far behind the highest number one is still looked up.
const window = 1<<14 - 64

// model remembers everything.
type model struct {
	boot, highest uint64
	seen          map[uint64]bool
}

func (m *model) accept(boot, number uint64) fault.Code {
	if m.seen == nil || boot > m.boot {
		*m = model{boot: boot, seen: map[uint64]bool{}}
	}
	switch {
	case boot < m.boot, number <= m.highest && m.highest-number >= window:
		return fault.LabelOld
	case m.seen[number]:
		return fault.LabelReplayed
	}
	m.seen[number], m.highest = true, max(m.highest, number)
	return ""
}

// TestReplayModel holds the window against a memory without bound: short steps,
// jumps over the whole window, its edges, new lives and late comers of old ones.
func TestReplayModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, models := label.NewReplay(), map[string]*model{"a": {}, "b": {}}
		t.Repeat(map[string]func(*rapid.T){
			"accept": func(t *rapid.T) {
				maker := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "maker")
				m := models[maker]
				boot := m.boot + rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 0, 0, 1}).Draw(t, "life")
				if boot > 0 && rapid.IntRange(0, 15).Draw(t, "late") == 0 {
					boot--
				}
				number := near(t, m.highest)
				want, got := m.accept(boot, number), code(r.Accept(maker, boot, number))
				if got != want {
					t.Fatalf("life %d number %d after %d: %q, want %q", boot, number, m.highest, got, want)
				}
			},
		})
	})
}

// near draws a number around the places where the window could be wrong.
func near(t *rapid.T, highest uint64) uint64 {
	distance := rapid.OneOf(rapid.Int64Range(-70, 70), rapid.Int64Range(-window-70, -window+70),
		rapid.Int64Range(window-70, window+200), rapid.Int64Range(-3*window, 3*window)).Draw(t, "distance")
	return uint64(max(int64(highest)+distance, 1))
}

func code(err error) fault.Code {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestReplayEnds(t *testing.T) {
	r := label.NewReplay()
	for _, step := range []struct {
		boot, number uint64
		want         fault.Code
	}{
		{3, 1, ""}, {3, 1, fault.LabelReplayed}, {3, 1<<64 - 1, ""}, {3, 1<<64 - 1, fault.LabelReplayed},
		{3, 1, fault.LabelOld}, {3, 1<<64 - 2, ""}, {2, 1 << 63, fault.LabelOld}, {4, 1, ""}, {3, 2, fault.LabelOld},
	} {
		if got := code(r.Accept("m", step.boot, step.number)); got != step.want {
			t.Fatalf("life %d number %d: %q, want %q", step.boot, step.number, got, step.want)
		}
	}
}
