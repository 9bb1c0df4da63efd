// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"context"
	"slices"
)

// plan chooses the rows to look at: those with something in common that is rare. It
// tries each way for a few rows, and takes the one that gets furthest back with them.
func (x *Index) plan(ctx context.Context, f *filter, after place) (*merge, error) {
	parts := &partList{from: f.from, next: min(after.at, maxTime) + 1}
	if err := x.thin(ctx, f, after); err != nil {
		return nil, err
	}
	if m, err := x.broadly(ctx, f, parts, after); m != nil || err != nil {
		return m, err
	}
	ways := f.ways()
	if len(ways) == 1 {
		return newMerge(x.db, parts, after, ways[0]), nil
	}
	slices.SortFunc(ways, func(a, b []*stream) int { return cmp.Compare(len(a), len(b)) })
	var best *merge
	for _, way := range ways {
		m := newMerge(x.db, parts, after, way)
		rows, err := m.take(ctx, probeRows)
		if err != nil {
			return nil, err
		}
		m.back = rows
		if best == nil || len(rows) < probeRows || rows[len(rows)-1].compare(best.back[len(best.back)-1].place) < 0 {
			best = m
		}
		if len(rows) < probeRows {
			break
		}
	}
	return best, nil
}

// broadly looks at all rows, where so many of them are chosen that this is quicker than to
// look for those of each kind; nil where it is not.
func (x *Index) broadly(ctx context.Context, f *filter, parts *partList, after place) (*merge, error) {
	if !f.broad {
		return nil, nil
	}
	m := newMerge(x.db, parts, after, []*stream{{}})
	rows, err := m.take(ctx, probeRows)
	if err != nil {
		return nil, err
	}
	chosen := 0
	for i := range rows {
		if f.kinds[rows[i].kind] {
			chosen++
		}
	}
	if m.back = rows; chosen < len(rows)/8 {
		return nil, nil
	}
	return m, nil
}

// thin leaves of many kinds those that have rows in the window, where that is quickly
// known: an installation with a thousand flows has many.
func (x *Index) thin(ctx context.Context, f *filter, after place) error {
	first, last := f.from/hourLength, min(after.at, maxTime)/hourLength
	if !f.narrow || len(f.kinds) <= maxStreams || (last-first+1)*int64(len(f.kinds)) > searchRows {
		return nil
	}
	there := map[int64]bool{}
	err := x.hours(ctx, f, first, last, func(kind, _, _ int64) { there[kind] = true })
	f.kinds = there
	return err
}

// ways are the sets of streams that hold all rows which match; there is at least one.
func (f *filter) ways() [][]*stream {
	if f.parcel != nil {
		return [][]*stream{{{where: byParcel, value: f.parcel[:]}}}
	}
	if len(f.kinds) == 0 {
		return [][]*stream{{}}
	}
	var ways [][]*stream
	if way, ok := f.subject.way(bySubject); ok {
		ways = append(ways, way)
	}
	if way, ok := f.object.way(byObject); ok {
		ways = append(ways, way)
	}
	if t := f.text; t != nil && t.few && len(t.kinds) <= maxStreams {
		ways = append(ways, t.way())
	}
	if f.narrow && len(f.kinds) <= maxStreams && !(f.byClass && len(ways) > 0) {
		ways = append(ways, kindWay(f.kinds))
	}
	if len(ways) == 0 {
		ways = [][]*stream{{{}}} // all rows
	}
	return ways
}

func kindWay(ids map[int64]bool) []*stream {
	way := make([]*stream, 0, len(ids))
	for id := range ids {
		way = append(way, &stream{where: byKind, value: id})
	}
	return way
}

// way are the streams of the words that are chosen, false where they are not named, many,
// or none is among them.
func (w *wordFilter) way(where string) ([]*stream, bool) {
	if w.is == nil || w.is[0] || len(w.is) > maxValueWays {
		return nil, false
	}
	way := []*stream{}
	for id := range w.is {
		way = append(way, &stream{where: where, value: id})
	}
	return way, true
}

func (t *textFilter) way() []*stream {
	way := kindWay(t.kinds)
	for _, id := range t.words {
		way = append(way, &stream{where: bySubject, value: id}, &stream{where: byObject, value: id})
	}
	for _, id := range t.parcels {
		way = append(way, &stream{where: byParcel, value: id[:]})
	}
	return way
}
