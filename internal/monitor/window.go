// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"slices"
	"time"

	"dukou.dev/dukou/internal/control"
)

const (
	windowLength = 5 * time.Minute  // over which rates are measured
	sampleEvery  = 10 * time.Second // within it
	fewest       = 20               // parcels in a window, below which a rate says nothing
)

// window is what the entry of a flow counted lately.
type window struct {
	samples []sample // oldest first
	grew    time.Time
}

type sample struct {
	at    time.Time
	total control.FlowState
}

func ended(s *control.FlowState) uint64 { return s.Passed + s.Refused + s.Failed }

// add takes what the entry says now, and gives how many parcels ended since it was asked
// last. What it says after a restart is less than before: the window begins anew.
func (w *window) add(now time.Time, total control.FlowState) (more uint64) {
	if n := len(w.samples); n > 0 {
		last := &w.samples[n-1]
		if total.Passed < last.total.Passed || total.Refused < last.total.Refused || total.Failed < last.total.Failed {
			w.samples, n = nil, 0
			more = ended(&total)
		} else {
			more = ended(&total) - ended(&last.total)
		}
		if n > 1 && last.at.Sub(w.samples[n-2].at) < sampleEvery { // the newest one moves on until it is old enough
			*last = sample{now, total}
		} else {
			w.samples = append(w.samples, sample{now, total})
		}
	} else {
		w.samples = append(w.samples, sample{now, total})
	}
	if more > 0 || w.grew.IsZero() {
		w.grew = now
	}
	old, _ := slices.BinarySearchFunc(w.samples, now.Add(-windowLength), func(s sample, t time.Time) int { return s.at.Compare(t) })
	w.samples = slices.Delete(w.samples, 0, min(old, len(w.samples)-1))
	return more
}

// clear forgets rates, and not when something was last there.
func (w *window) clear() { w.samples = nil }

// rates are what the window tells; ok is false when too few parcels ended in it.
type rates struct {
	refused, failed float64 // percent
	slow            float64 // seconds within which 99 of 100 passed; 0 for too few
}

func (w *window) rates() (r rates, ok bool) {
	if len(w.samples) < 2 {
		return r, false
	}
	first, last := &w.samples[0].total, &w.samples[len(w.samples)-1].total
	all := ended(last) - ended(first)
	if all < fewest {
		return r, false
	}
	r.refused = 100 * float64(last.Refused-first.Refused) / float64(all)
	r.failed = 100 * float64(last.Failed-first.Failed) / float64(all)
	r.slow = percentile(first.Within, last.Within, 0.99, fewest)
	return r, true
}

// percentile is the time in seconds within which a share of what passed between two
// counts did, by the bounds of the classes and evenly within one; 0 where fewer than least
// passed.
func percentile(first, last []uint64, share float64, least uint64) float64 {
	bounds := control.Bounds()
	if len(first) != len(last) || len(last) != len(bounds)+1 {
		return 0
	}
	var all uint64
	for i := range last {
		all += last[i] - first[i]
	}
	if all < least {
		return 0
	}
	rest, low := share*float64(all), 0.0
	for i, b := range bounds {
		n, high := float64(last[i]-first[i]), b.Seconds()
		if n >= rest && n > 0 {
			return low + (high-low)*rest/n
		}
		rest, low = rest-n, high
	}
	return 2 * low // longer than the last bound
}

// disk is how much room a component had.
type disk struct {
	samples []room // oldest first, diskEvery apart
}

type room struct {
	at   time.Time
	free uint64
}

const (
	diskEvery = 10 * time.Minute
	diskKept  = 24 * time.Hour
	diskLeast = time.Hour // of knowledge, before anything is foretold
)

// add takes what is free now and gives in how many hours nothing will be, if all goes on
// as it did; ok is false when it does not shrink, or is not known for long enough.
func (d *disk) add(now time.Time, free uint64) (hours float64, ok bool) {
	if n := len(d.samples); n == 0 || now.Sub(d.samples[n-1].at) >= diskEvery {
		d.samples = append(d.samples, room{now, free})
	}
	for len(d.samples) > 1 && now.Sub(d.samples[0].at) > diskKept {
		d.samples = slices.Delete(d.samples, 0, 1)
	}
	first := d.samples[0]
	took := now.Sub(first.at)
	if took < diskLeast || free >= first.free {
		return 0, false
	}
	return float64(free) / (float64(first.free-free) / took.Hours()), true
}
