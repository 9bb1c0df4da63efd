// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/problem"
)

// Bounds of one search. One that needs more answers with what it has, says how far back
// it has looked, and goes on from its cursor.
const (
	searchRows   = 200_000
	searchTime   = 1500 * time.Millisecond
	answerTime   = 20 * time.Second // a database that is slower is told of
	probeRows    = 256              // looked at to choose a way
	maxStreams   = 1024
	maxValueWays = 64
)

// Found is an entry as the index has it.
type Found struct {
	Log       string    `json:"log" doc:"the component whose log it is"`
	Index     uint64    `json:"index" doc:"its place in that log"`
	Time      time.Time `json:"time"`
	Class     string    `json:"class"`
	Verdict   string    `json:"verdict,omitempty"`
	Reason    string    `json:"reason,omitempty" doc:"code of a refusal"`
	Flow      string    `json:"flow,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Object    string    `json:"object,omitempty"`
	Action    string    `json:"action,omitempty"`
	Parcel    string    `json:"parcel,omitempty"`
	Level     string    `json:"level,omitempty" doc:"confidentiality in the label"`
	Integrity string    `json:"integrity,omitempty" doc:"integrity in the label"`
	Protocol  string    `json:"protocol,omitempty"`
	Purpose   string    `json:"purpose,omitempty"`
	Address   string    `json:"address,omitempty" doc:"where an administrator's act came from"`
}

// Page is an answer to a search.
type Page struct {
	Entries []Found   `json:"items" doc:"newest first"`
	Next    string    `json:"next,omitempty" doc:"cursor to go on with; none when the whole window was searched"`
	Back    time.Time `json:"back" doc:"searched back to here: older entries were not looked at"`
	Looked  int       `json:"looked" doc:"rows that were looked at"`
}

// Search finds the newest entries of a scope that a query chooses.
func (x *Index) Search(ctx context.Context, s Scope, q Query) (Page, error) {
	return x.SearchOf(ctx, s, q, nil)
}

// SearchOf is Search among the entries of parcels that came as far as one of some states,
// where there are any. Its page may hold fewer than were asked for, also none, and more be
// behind its cursor.
func (x *Index) SearchOf(ctx context.Context, s Scope, q Query, states []State) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	f, err := x.compile(ctx, s, &q)
	if err != nil {
		return Page{}, x.late(ctx, err)
	}
	limit := cmp.Or(q.Limit, defaultMax)
	var rows []row
	w, err := x.walk(ctx, f, q.After, func(r row) bool {
		rows = append(rows, r)
		return len(rows) < limit
	})
	if err != nil {
		return Page{}, x.late(ctx, err)
	}
	page := Page{Back: time.UnixMilli(f.from).UTC(), Looked: w.looked}
	if !w.whole {
		page.Next, page.Back = cursorOf(w.last), time.UnixMilli(w.last.at).UTC()
	}
	if rows, err = x.inStates(ctx, rows, states); err != nil {
		return Page{}, x.late(ctx, err)
	}
	page.Entries, err = x.show(ctx, rows)
	return page, x.late(ctx, err)
}

// late tells a caller that the database is too slow, where that is so.
func (x *Index) late(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return problem.Wrap(problem.Unavailable, err, "the database took longer than %s: ask for a shorter window", answerTime)
	}
	return err
}

// walked is how far a walk came.
type walked struct {
	looked int
	last   place // the last row that was looked at
	whole  bool  // nothing is left
}

// walk gives fn the rows that a filter chooses, newest first, from behind a cursor, until
// fn says that it has enough, or the bounds of a search are reached.
func (x *Index) walk(ctx context.Context, f *filter, after string, fn func(row) bool) (walked, error) {
	w := walked{last: place{at: f.to}}
	if after != "" {
		p, err := parseCursor(after)
		if err != nil {
			return w, err
		}
		if p.compare(w.last) < 0 {
			w.last = p
		}
	}
	m, err := x.plan(ctx, f, w.last)
	if err != nil {
		return w, err
	}
	end := time.Now().Add(x.most.time) // not the clock: it bounds work
	for {
		rows, err := m.take(ctx, probeRows)
		if err == nil {
			err = x.know(ctx, f.text, rows)
		}
		if err != nil {
			return w, err
		}
		for _, r := range rows {
			w.looked++
			w.last = r.place
			if f.matches(&r) && !fn(r) {
				return w, nil
			}
		}
		if w.whole = len(rows) < probeRows; w.whole || w.looked >= x.most.rows || time.Now().After(end) {
			return w, nil
		}
	}
}

// show makes entries of rows.
func (x *Index) show(ctx context.Context, rows []row) ([]Found, error) {
	ids := make([]int64, 0, 3*len(rows))
	for i := range rows {
		ids = append(ids, rows[i].subject, rows[i].object, rows[i].address)
	}
	slices.Sort(ids)
	words, err := x.wordsOf(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	k := x.allKinds()
	x.mu.RLock()
	defer x.mu.RUnlock()
	list := make([]Found, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		s := k.shapes[r.kind]
		list = append(list, Found{
			Log: component(x.names[r.log]), Index: uint64(r.idx), Time: time.UnixMilli(r.at).UTC(), Class: s[inClass],
			Verdict: s[inVerdict], Reason: s[inReason], Flow: s[inFlow], Action: s[inAction], Level: s[inLevel],
			Integrity: s[inIntegrity], Protocol: s[inProtocol], Purpose: s[inPurpose], Parcel: parcelText(r.parcel),
			Subject: words[r.subject], Object: words[r.object], Address: words[r.address],
		})
	}
	return list, nil
}

func parcelText(p [16]byte) string {
	if p == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(p[:])
}

// cursorOf is a place as callers get it, which they do not look into.
func cursorOf(p place) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d.%d", p.at, p.log, p.idx))
}

func parseCursor(text string) (p place, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && len(b) <= 64 {
		_, err = fmt.Fscanf(strings.NewReader(string(b)), "%d.%d.%d", &p.at, &p.log, &p.idx)
	}
	if err != nil || cursorOf(p) != text || p.at < 0 || p.log < 0 || p.log > math.MaxInt32 || p.idx < 0 {
		return place{}, invalid("after", problem.Because(problem.Form, "not a cursor of an answer"))
	}
	return p, nil
}
