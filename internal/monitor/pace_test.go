// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"math"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
)

// TestPace: rates are those of the last minute, begin anew after a restart of the entry,
// and are none before anything can be said.
func TestPace(t *testing.T) {
	w, now := &window{}, time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var total control.FlowState
	total.Within = make([]uint64, len(control.Bounds())+1)
	second := func(passed, refused uint64, class int) {
		now = now.Add(time.Second)
		total.Passed, total.Refused, total.Bytes = total.Passed+passed, total.Refused+refused, total.Bytes+100*passed
		total.Within[class] += passed
		copied := total
		copied.Within = slices.Clone(total.Within)
		w.add(now, copied)
	}
	near := func(got, want float64) bool { return math.Abs(got-want) < 0.01*want+1e-9 }
	second(0, 0, 3)
	if p := w.pace(); p.Over != 0 || p.Passed != 0 {
		t.Errorf("of one look: %+v", p)
	}
	second(7, 0, 3)
	if p := w.pace(); p.Over != time.Second || p.Passed != 7 || p.Half <= 0.005 || p.Most > 0.010 {
		t.Errorf("of a second: %+v", p)
	}
	for range 200 {
		second(100, 0, 9)
	}
	for range 75 {
		second(10, 2, 3)
	}
	p := w.pace()
	if p.Over < paceOver || p.Over > paceOver+sampleEvery || !near(p.Passed, 10) || !near(p.Refused, 2) || !near(p.Bytes, 1000) || p.Half > 0.010 || p.Most > 0.010 {
		t.Errorf("of the last minute: %+v", p)
	}
	if p.Total.Passed != total.Passed {
		t.Errorf("%d in all, want %d", p.Total.Passed, total.Passed)
	}
	total = control.FlowState{Within: make([]uint64, len(control.Bounds())+1)}
	second(3, 0, 3)
	if p := w.pace(); p.Passed != 0 || p.Total.Passed != 3 {
		t.Errorf("after a restart: %+v", p)
	}
	if len(w.samples) > int(windowLength/sampleEvery)+2 {
		t.Errorf("%d samples are kept", len(w.samples))
	}
}
