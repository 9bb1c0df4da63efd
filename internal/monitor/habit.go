// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import "time"

// habits are how many parcels each flow had in each hour of the last week, by which a
// flow that is silent though usually busy is told from one that has nothing to do.
type habits struct {
	hours map[string]map[int64]uint64 // by flow and hour since 1970
}

const (
	habitDays   = 7
	usualDays   = 3  // of the last week, on which the same hour was busy
	busyParcels = 60 // an hour
)

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// add counts parcels of a flow in the hour of now.
func (h *habits) add(now time.Time, flow string, parcels uint64) {
	if parcels == 0 {
		return
	}
	of := h.hours[flow]
	if of == nil {
		if h.hours == nil {
			h.hours = map[string]map[int64]uint64{}
		}
		of = map[int64]uint64{}
		h.hours[flow] = of
	}
	of[hourOf(now)] += parcels
}

// forget drops what is older than a week.
func (h *habits) forget(now time.Time) {
	oldest := hourOf(now) - habitDays*24
	for flow, of := range h.hours {
		for hour := range of {
			if hour < oldest {
				delete(of, hour)
			}
		}
		if len(of) == 0 {
			delete(h.hours, flow)
		}
	}
}

// busy tells whether an hour is one in which a flow usually has something to do.
func (h *habits) busy(flow string, hour int64) bool {
	days := 0
	for day := int64(1); day <= habitDays; day++ {
		if h.hours[flow][hour-24*day] >= busyParcels {
			days++
		}
	}
	return days >= usualDays
}

// silent is for how many minutes a flow has been silent in hours in which it is usually
// busy, given when it last had something.
func (h *habits) silent(now, last time.Time, flow string) float64 {
	hour := hourOf(now)
	if !h.busy(flow, hour) {
		return 0
	}
	since := time.Unix(hour*3600, 0)
	if h.busy(flow, hour-1) {
		since = since.Add(-time.Hour)
	}
	if last.After(since) {
		since = last
	}
	return now.Sub(since).Minutes()
}
