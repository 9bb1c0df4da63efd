// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// Limits of a query.
const (
	MaxLimit   = 500 // entries in one answer
	maxValues  = 50  // of one field
	minText    = 2   // bytes of a text that is looked for
	maxText    = 128
	defaultMax = 50
)

// Scope is which entries somebody may see. The zero value is none.
type Scope struct {
	all     bool
	classes []audit.Class
}

// Everything is the scope of audit.
func Everything() Scope { return Scope{all: true} }

// ScopeOf is what a duty sees: audit everything; security decisions and policy; system
// the health of the parts.
func ScopeOf(d account.Duty) Scope {
	switch d {
	case account.Audit:
		return Everything()
	case account.Security:
		return Scope{classes: []audit.Class{audit.ClassDecision, audit.ClassPolicy}}
	case account.System:
		return Scope{classes: []audit.Class{audit.ClassComponent, audit.ClassHealth}}
	default:
		return Scope{}
	}
}

// Sees tells whether entries of a class are in the scope.
func (s Scope) Sees(c audit.Class) bool { return s.all || slices.Contains(s.classes, c) }

// Query says which entries are looked for. What is left empty chooses all.
type Query struct {
	From time.Time // entries at or after
	To   time.Time // entries before; zero: to the end
	Is   map[Field][]string
	Not  map[Field][]string
	// Parcel is the id of a parcel, 32 hexadecimal digits.
	Parcel string
	// Text is looked for in subject, object, action, flow and reason, whatever the case of
	// its ASCII letters; hexadecimal digits also at the beginning of a parcel's id.
	Text  string
	Limit int    // 0 means 50, at most MaxLimit
	After string // cursor of an earlier answer
}

// check holds a query against its limits and the scope.
func (q *Query) check(s Scope) error {
	if q.Limit < 0 || q.Limit > MaxLimit {
		return invalid("limit", problem.Between(problem.Number, 1, MaxLimit))
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return invalid("from", problem.Because(problem.Before, "it must be before to", "to"))
	}
	if q.Text != "" && (len(q.Text) < minText || len(q.Text) > maxText) {
		return invalid("text", problem.Between(problem.Bytes, minText, maxText))
	}
	for _, terms := range []map[Field][]string{q.Is, q.Not} {
		for field, values := range terms {
			if !field.valid() {
				return invalid(string(field), problem.Because(problem.NoSuch, "there is no such field", string(field)))
			}
			if len(values) > maxValues {
				return invalid(string(field), problem.AtMost(problem.Count, maxValues))
			}
			if slices.ContainsFunc(values, func(v string) bool { return len(v) > audit.MaxString }) {
				return invalid(string(field), problem.AtMost(problem.Bytes, audit.MaxString))
			}
		}
	}
	for _, class := range q.Is[FieldClass] {
		if c := audit.Class(class); !c.Valid() {
			return invalid("class", problem.Because(problem.NoSuch, fmt.Sprintf("there is no class %q", class), class))
		} else if !s.Sees(c) {
			return problem.New(problem.DutyWrong, "entries of class %s are another duty's to read", class)
		}
	}
	return nil
}

func invalid(name string, why problem.Why) error {
	return &problem.Error{Code: problem.Invalid, Detail: name + ": " + why.Detail, Fields: []problem.Field{{Name: name, Why: why}}}
}

// bounds are the query's times in Unix milliseconds.
func (q *Query) bounds() (from, to int64) {
	to = maxTime + 1
	if !q.To.IsZero() {
		to = min(max(q.To.UnixMilli(), 0), maxTime+1)
	}
	if !q.From.IsZero() {
		from = max(q.From.UnixMilli(), 0)
	}
	return from, to
}
