// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"dukou.dev/dukou/internal/problem"
)

// Place is where a page of a list ends that has the newest first: the time, in Unix
// milliseconds, and the id of its last item. The next page has what is older, and what is
// as old and has a smaller id.
type Place struct {
	Milli int64
	ID    string
}

// PlaceOf is the place of an item.
func PlaceOf(at time.Time, id string) Place { return Place{at.UnixMilli(), id} }

// String is the cursor that a caller gives back for the next page.
func (p Place) String() string { return strconv.FormatInt(p.Milli, 10) + "." + p.ID }

var cursorForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})\.([0-9A-Za-z_-]{1,64})$`)

// ParsePlace reads a cursor; "" is the place before the newest.
func ParsePlace(cursor string) (Place, error) {
	if cursor == "" {
		return Place{Milli: math.MaxInt64}, nil
	}
	m := cursorForm.FindStringSubmatch(cursor)
	if m == nil {
		return Place{}, problem.New(problem.Invalid, "after is not what a list gave as next")
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	return Place{ms, m[2]}, err
}
