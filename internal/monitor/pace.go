// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"time"

	"dukou.dev/dukou/internal/control"
)

// paceOver is what a pace is measured over, or a little longer: samples are apart.
const paceOver = time.Minute

// Pace is what the entry of a flow has counted: since its start, and lately a second.
type Pace struct {
	Total   control.FlowState
	Over    time.Duration // what the rates are measured over; 0: nothing can be said yet
	Passed  float64       // a second, as the next two
	Refused float64
	Failed  float64
	Bytes   float64 // a second
	Half    float64 // seconds within which half of what passed lately did; 0: nothing passed
	Most    float64 // seconds within which 95 of 100 did
}

// Paces are those of all flows whose entries answer.
func (m *Monitor) Paces() map[string]Pace {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string]Pace, len(m.eyes.windows))
	for name, w := range m.eyes.windows {
		if len(w.samples) > 0 {
			all[name] = w.pace()
		}
	}
	return all
}

// pace measures by the newest sample and the youngest one that is old enough, else the
// oldest.
func (w *window) pace() Pace {
	last := &w.samples[len(w.samples)-1]
	first := &w.samples[0]
	for i := range w.samples {
		if last.at.Sub(w.samples[i].at) >= paceOver {
			first = &w.samples[i]
		}
	}
	p := Pace{Total: last.total, Over: last.at.Sub(first.at)}
	if p.Over <= 0 {
		return p
	}
	a, b := &first.total, &last.total
	second := func(n uint64) float64 { return float64(n) / p.Over.Seconds() }
	p.Passed, p.Refused, p.Failed, p.Bytes = second(b.Passed-a.Passed), second(b.Refused-a.Refused), second(b.Failed-a.Failed), second(b.Bytes-a.Bytes)
	p.Half, p.Most = percentile(a.Within, b.Within, 0.5, 1), percentile(a.Within, b.Within, 0.95, 1)
	return p
}
