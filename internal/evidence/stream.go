// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"container/heap"
	"context"
	"database/sql"
	"math"
	"slices"
)

// place is where an entry stands in the order of all: by time, then log, then index.
type place struct{ at, log, idx int64 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.log, q.log), cmp.Compare(p.idx, q.idx))
}

// row is a row of the index.
type row struct {
	place
	kind, subject, object, address int64 // 0 for none
	parcel                         [16]byte
}

const rowColumns = `at, log, idx, kind, COALESCE(subject, 0), COALESCE(object, 0), COALESCE(address, 0), parcel`

func scanRow(rows *sql.Rows) (r row, err error) {
	var parcel []byte
	err = rows.Scan(&r.at, &r.log, &r.idx, &r.kind, &r.subject, &r.object, &r.address, &parcel)
	r.parcel = parcelOf(parcel)
	return r, err
}

// partList are the parts that have rows, newest first, as far as they were asked for.
type partList struct {
	from  int64 // no part that ends before this time
	next  int64 // rows before this time are in parts that were not looked for yet
	found []int64
	done  bool
}

// at is the part in a place of the list, false behind its end.
func (p *partList) at(ctx context.Context, q querier, i int) (part int64, ok bool, err error) {
	for i >= len(p.found) && !p.done {
		p.done = true
		err := each(ctx, q, func(rows *sql.Rows) error {
			var at int64
			if err := rows.Scan(&at); err != nil {
				return err
			}
			p.found = append(p.found, at/partLength)
			p.next, p.done = at/partLength*partLength, false
			return nil
		}, `SELECT at FROM evidence WHERE at < $1 AND at >= $2 ORDER BY at DESC LIMIT 1`, p.next, p.from)
		if err != nil {
			return 0, false, err
		}
	}
	if i >= len(p.found) {
		return 0, false, nil
	}
	return p.found[i], true, nil
}

// stream gives the rows with something in common, newest first.
type stream struct {
	where string // "kind = $6 AND ", or empty
	value any    // of the condition
	part  int    // place in the list of parts, of one that goes by part

	last place // all that is newer was read
	size int   // of the next reading
	buf  []row
	end  bool
}

// The conditions of streams. Those by part have the part as parameter 7.
const (
	byKind    = "kind = $6 AND "
	bySubject = "subject = $6 AND part = $7 AND "
	byObject  = "object = $6 AND part = $7 AND "
	byParcel  = "parcel = $6 AND part = $7 AND "
)

const (
	firstRows = 16 // read at once, then more and more
	mostRows  = 1024
)

func (s *stream) byPart() bool { return s.where != "" && s.where != byKind }

// fill reads on until there are rows, or the end.
func (s *stream) fill(ctx context.Context, q querier, parts *partList) error {
	for len(s.buf) == 0 && !s.end {
		args := []any{s.last.at, s.last.log, s.last.idx, parts.from, s.size}
		if s.where != "" {
			args = append(args, s.value)
		}
		if s.byPart() {
			part, ok, err := parts.at(ctx, q, s.part)
			if err != nil {
				return err
			}
			if s.end = !ok; s.end {
				return nil
			}
			args = append(args, part)
		}
		err := each(ctx, q, func(rows *sql.Rows) error {
			r, err := scanRow(rows)
			s.buf = append(s.buf, r)
			return err
		}, `SELECT `+rowColumns+` FROM evidence WHERE `+s.where+
			`(at, log, idx) < ($1, $2, $3) AND at >= $4 ORDER BY at DESC, log DESC, idx DESC LIMIT $5`, args...)
		if err != nil {
			return err
		}
		s.read()
	}
	return nil
}

// read notes what a reading gave.
func (s *stream) read() {
	if len(s.buf) < s.size { // there is no more of it, or of this part
		s.part++
		s.end = !s.byPart()
	}
	if len(s.buf) > 0 {
		s.last = s.buf[len(s.buf)-1].place
	}
	s.size = min(s.size*4, mostRows)
}

// merge gives the rows of several streams, newest first, each once.
type merge struct {
	q       querier
	parts   *partList
	fresh   []*stream // not read yet
	streams []*stream // a heap, the newest row on top
	last    place     // the row that was given last
	back    []row     // given already, to be given again
}

func (m *merge) Len() int { return len(m.streams) }
func (m *merge) Less(i, j int) bool {
	return m.streams[i].buf[0].compare(m.streams[j].buf[0].place) > 0
}
func (m *merge) Swap(i, j int) { m.streams[i], m.streams[j] = m.streams[j], m.streams[i] }
func (m *merge) Push(s any)    { m.streams = append(m.streams, s.(*stream)) }
func (m *merge) Pop() any {
	last := m.streams[len(m.streams)-1]
	m.streams = m.streams[:len(m.streams)-1]
	return last
}

// newMerge begins behind a place.
func newMerge(q querier, parts *partList, after place, streams []*stream) *merge {
	for _, s := range streams {
		s.last, s.size = after, firstRows
		if len(streams) == 1 {
			s.size = 4 * firstRows
		}
	}
	return &merge{q: q, parts: parts, fresh: streams, last: place{at: math.MaxInt64}}
}

// start reads the first rows of each stream.
func (m *merge) start(ctx context.Context) error {
	for _, s := range m.fresh {
		if err := s.fill(ctx, m.q, m.parts); err != nil {
			return err
		}
		if !s.end || len(s.buf) > 0 {
			m.streams = append(m.streams, s)
		}
	}
	m.fresh = nil
	heap.Init(m)
	return nil
}

// take gives at most n rows; fewer only at the end.
func (m *merge) take(ctx context.Context, n int) ([]row, error) {
	if m.fresh != nil {
		if err := m.start(ctx); err != nil {
			return nil, err
		}
	}
	rows := slices.Clone(m.back[:min(n, len(m.back))])
	m.back = m.back[len(rows):]
	for len(rows) < n && len(m.streams) > 0 {
		s := m.streams[0]
		r := s.buf[0]
		s.buf = s.buf[1:]
		if err := s.fill(ctx, m.q, m.parts); err != nil {
			return nil, err
		}
		if len(s.buf) == 0 {
			heap.Pop(m)
		} else {
			heap.Fix(m, 0)
		}
		if r.place != m.last { // it may be in several
			rows = append(rows, r)
			m.last = r.place
		}
	}
	return rows, nil
}
