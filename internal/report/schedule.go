// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"time"
	_ "time/tzdata" // hosts of a bank may have no table of zones

	"dukou.dev/dukou/internal/problem"
)

// Every is how often a report is made.
type Every string

// How often: a day's after each day, a week's on Monday, a month's on the first.
const (
	Daily   Every = "daily"
	Weekly  Every = "weekly"
	Monthly Every = "monthly"
)

// Schedule has a report made again and again.
type Schedule struct {
	ID       string    `json:"id"`
	Every    Every     `json:"every" enum:"daily,weekly,monthly"`
	Hour     int       `json:"hour" minimum:"0" maximum:"23" doc:"of the day, in the zone of the settings"`
	Language Language  `json:"language" enum:"zh,en"`
	MadeBy   string    `json:"madeBy" doc:"name of the account"`
	Next     time.Time `json:"next" doc:"when the next report is made"`
	Failure  string    `json:"failure,omitempty" doc:"why the last try failed; it is tried again"`
}

func (s *Schedule) check() error {
	switch {
	case s.Every != Daily && s.Every != Weekly && s.Every != Monthly:
		return problem.New(problem.Invalid, "a report is made daily, weekly or monthly")
	case s.Hour < 0 || s.Hour > 23:
		return problem.New(problem.Invalid, "the hour is 0 to 23")
	default:
		return s.Language.check()
	}
}

// after is the first moment after t at which a report is to be made.
func (s *Schedule) after(t time.Time, zone *time.Location) time.Time {
	day := midnight(t.In(zone))
	for range 40 {
		at := time.Date(day.Year(), day.Month(), day.Day(), s.Hour, 0, 0, 0, zone)
		if at.After(t) && s.on(day) {
			return at
		}
		day = day.AddDate(0, 0, 1)
	}
	return t.AddDate(0, 0, 40) // never: a month has a first
}

// on tells whether a report is made on a day.
func (s *Schedule) on(day time.Time) bool {
	switch s.Every {
	case Weekly:
		return day.Weekday() == time.Monday
	case Monthly:
		return day.Day() == 1
	default:
		return true
	}
}

// period is what the report that is made at a moment is about.
func (s *Schedule) period(at time.Time, zone *time.Location) (from, to time.Time) {
	to = midnight(at.In(zone))
	switch s.Every {
	case Weekly:
		return to.AddDate(0, 0, -7), to
	case Monthly:
		return to.AddDate(0, -1, 0), to
	default:
		return to.AddDate(0, 0, -1), to
	}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}
