// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// window is a time of the week in which a channel is for messages of a level and above.
type window struct {
	first, last int // days, Monday is 1; a week is gone around when first is after last
	from, to    int // minutes of the day; one that ends before it begins ends on the next day
	least       int
}

var windowForm = regexp.MustCompile(`^([1-7])(?:-([1-7]))? ([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9]) ([1-3])$`) //nolint:gochecknoglobals // a constant

var errWindow = errors.New("DAYS FROM-TO LEAST, as 1-5 09:00-18:00 1; Monday is 1, a day ends at 24:00")

func parseWindow(text string) (w window, err error) {
	m := windowForm.FindStringSubmatch(text)
	if m == nil {
		return w, errWindow
	}
	n := make([]int, len(m))
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.Atoi(m[i]) // digits, or empty: 0
	}
	w = window{first: n[1], last: n[2], from: n[3]*60 + n[4], to: n[5]*60 + n[6], least: n[7]}
	if w.last == 0 {
		w.last = w.first
	}
	if w.from >= 24*60 || w.to > 24*60 || w.from == w.to {
		return w, errWindow
	}
	return w, nil
}

// String is the window as it is written.
func (w window) String() string {
	days := strconv.Itoa(w.first)
	if w.last != w.first {
		days += "-" + strconv.Itoa(w.last)
	}
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d %d", days, w.from/60, w.from%60, w.to/60, w.to%60, w.least)
}

// on tells whether a day of the week, Monday is 1, is one of the window's.
func (w window) on(day int) bool {
	if w.first <= w.last {
		return w.first <= day && day <= w.last
	}
	return day >= w.first || day <= w.last
}

// open tells whether a time is in the window, by the clock of its zone.
func (w window) open(t time.Time) bool {
	day := (int(t.Weekday())+6)%7 + 1
	minute := t.Hour()*60 + t.Minute()
	if w.from < w.to {
		return w.on(day) && w.from <= minute && minute < w.to
	}
	before := (day+5)%7 + 1
	return w.on(day) && minute >= w.from || w.on(before) && minute < w.to
}

// takes tells whether a channel is for messages of a level at a time.
func (c *Channel) takes(level int, now time.Time) bool {
	if !c.On {
		return false
	}
	if len(c.Windows) == 0 {
		return level >= c.Least
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return true // rather once too often
	}
	for _, text := range c.Windows {
		if w, err := parseWindow(text); err == nil && level >= w.least && w.open(now.In(zone)) {
			return true
		}
	}
	return false
}
