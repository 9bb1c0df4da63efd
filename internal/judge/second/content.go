// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// shape is a schema made ready for walking encoded content: members in the order in
// which a canonical map has its keys, so that one pass finds what is missing and what
// is strange.
type shape struct {
	schema  *policy.Schema
	pattern *regexp.Regexp
	least   point
	items   *shape
	members []member
}

type member struct {
	name     string
	required bool
	shape    *shape
}

func shapeOf(s *policy.Schema) (*shape, error) {
	var err error
	out := &shape{schema: s}
	if s.Class != nil {
		out.least = pointOf(*s.Class)
	}
	switch s.Type {
	case policy.Text:
		if s.Pattern != "" {
			out.pattern, err = regexp.Compile(`\A(?:` + s.Pattern + `)\z`)
		}
	case policy.List:
		out.items, err = shapeOf(s.Items)
	case policy.Record:
		for i := range s.Fields {
			f := &s.Fields[i]
			inner, err := shapeOf(&f.Schema)
			if err != nil {
				return nil, err
			}
			out.members = append(out.members, member{f.Name, f.Required, inner})
		}
		slices.SortFunc(out.members, func(a, b member) int {
			if before(a.name, b.name) {
				return -1
			}
			return 1
		})
	default:
	}
	return out, err
}

// walk is one pass over content that was found canonical. It gathers the least class
// of what it sees.
type walk struct {
	reader
	least point
	err   string // what is wrong
	place string // and where
}

// follow holds encoded content against a shape and gives its least class.
func follow(data []byte, s *shape) (point, *fault.Error) {
	w := walk{reader: reader{data: data}}
	w.value(s)
	if !w.whole() {
		w.wrong("its encoding")
		return w.least, fault.New(fault.ContentInvalid, "content%s: %s", w.place, w.err)
	}
	return w.least, nil
}

// wrong notes the first thing that is wrong, and ends the walk.
func (w *walk) wrong(what string) {
	if w.err == "" {
		w.err = what
	}
	w.fail()
}

func (w *walk) value(s *shape) {
	first := w.peek()
	if first == simpleNull {
		w.at++
		if !s.schema.Nullable {
			w.wrong("null")
		}
		return // null says nothing, so it has no class
	}
	w.least = w.least.with(s.least)
	switch s.schema.Type {
	case policy.Integer:
		w.number(s)
	case policy.Text:
		w.textual(s)
	case policy.Decimal:
		from, to := w.textSpan()
		if !decimal(w.data[from:to]) || !allowed(s, w.data[from:to]) {
			w.wrong("not the decimal that is wanted")
		}
	case policy.Boolean:
		w.at++
		if first != simpleFalse && first != simpleTrue {
			w.wrong("not a boolean")
		}
	case policy.Bytes:
		if n := len(w.octets()); w.bad || !s.between(int64(n)) {
			w.wrong("not the bytes that are wanted")
		}
	case policy.List:
		w.list(s)
	case policy.Record:
		w.members(s)
	default:
		w.wrong("of no known type")
	}
}

func (s *shape) between(n int64) bool { return s.schema.Min <= n && n <= s.schema.Max }

func (w *walk) number(s *shape) {
	n := w.integer()
	if w.bad || !s.between(n) {
		w.wrong("not the integer that is wanted")
		return
	}
	if s.schema.Classifies {
		w.least.secrecy |= steps(max(n, 1))
	}
}

func (w *walk) textual(s *shape) {
	from, to := w.textSpan()
	text := w.data[from:to]
	if w.bad || !s.between(int64(utf8.RuneCount(text))) || !allowed(s, text) || s.pattern != nil && !s.pattern.Match(text) {
		w.wrong("not the text that is wanted")
	}
}

// allowed says that text is of the enumeration, if there is one.
func allowed(s *shape, text []byte) bool {
	for _, one := range s.schema.Enum {
		if one == string(text) {
			return true
		}
	}
	return len(s.schema.Enum) == 0
}

func (w *walk) list(s *shape) {
	n := w.count(majorList, maxItems, 1)
	if w.bad || !s.between(int64(n)) {
		w.wrong("not the list that is wanted")
		return
	}
	for i := 0; i < n && !w.bad; i++ {
		if w.value(s.items); w.bad {
			w.place = "[" + strconv.Itoa(i) + "]" + w.place
		}
	}
}

// members walks a map and the members of its shape side by side, as both are sorted.
func (w *walk) members(s *shape) {
	n := w.count(majorMap, maxPairs, 2)
	if w.bad {
		w.wrong("not a record")
		return
	}
	next := 0
	for i := 0; i < n && !w.bad; i++ {
		from, to := w.textSpan()
		key := w.data[from:to]
		for next < len(s.members) && s.members[next].name != string(key) && !s.members[next].required {
			next++
		}
		if w.bad || next == len(s.members) || s.members[next].name != string(key) {
			w.wrong("a field is missing, or there is one that does not cross")
			return
		}
		if w.value(s.members[next].shape); w.bad {
			w.place = "." + s.members[next].name + w.place
			return
		}
		next++
	}
	for ; next < len(s.members); next++ {
		if s.members[next].required {
			w.wrong("a field is missing")
			return
		}
	}
}

// decimal says that text is a number: an optional sign, digits without a needless
// zero (at most 31), and at most 18 digits behind a point.
func decimal(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	whole := digits(text)
	if whole == 0 || whole > 31 || whole > 1 && text[0] == '0' {
		return false
	}
	if text = text[whole:]; len(text) == 0 {
		return true
	}
	part := digits(text[1:])
	return text[0] == '.' && part > 0 && part <= 18 && part == len(text)-1
}

// digits counts the digits that text begins with.
func digits(text []byte) int {
	for i, c := range text {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(text)
}
