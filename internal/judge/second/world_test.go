// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// noon is the time around which everything of a world happens.
const noon = 1767323045000

const day = 24 * 3600 * 1000

const cedarText = `
@id("people") permit (principal in Group::"people", action, resource in Group::"shared");
@id("deliver") permit (principal, action == Action::"deliver", resource);
@id("answers") permit (principal in Group::"people", action, resource) when { context.kind == "answer" };
@id("not-nine") forbid (principal == Subject::"out/p-9", action, resource);
@id("cannot-say") forbid (principal == Subject::"out/p-8", action, resource) when { context.content.nothing == 1 };
@id("not-secret") forbid (principal, action, resource) when { context.confidentiality > 4 && context.integrity < 2 };
`

// world is a guard's surroundings out of one seed: bundles, makers with their
// counters, and a clock that both judges read.
type world struct {
	*rand.Rand

	now    int64
	makers []string // that have leases
	places []place1
	boot   map[string]uint64
	number map[string]uint64
	spoil  func(*Judge) // puts a mistake into second judges
}

// place1 is one bundle with its variants.
type place1 struct {
	good, ended, future, term *policy.Policy
}

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 2)), now: noon, makers: []string{"front-out", "front-in", "front-x"}, boot: map[string]uint64{}, number: map[string]uint64{}}
	for range 16 {
		b := w.bundle()
		variant := func(change func(*policy.Bundle)) *policy.Policy {
			c := b
			change(&c)
			p, err := policy.Compile(c)
			if err != nil {
				panic(err)
			}
			return p
		}
		w.places = append(w.places, place1{
			good:   variant(func(*policy.Bundle) {}),
			ended:  variant(func(b *policy.Bundle) { b.NotAfter = noon - w.Int64N(2) }),
			future: variant(func(b *policy.Bundle) { b.NotBefore = noon + 1 }),
			term:   variant(func(b *policy.Bundle) { b.Term = 3 }),
		})
	}
	return w
}

func (w *world) clock() time.Time { return time.UnixMilli(w.now) }

// Key implements label.Keys: leases of three makers, three epochs to each side.
func (w *world) Key(maker, judge string, epoch uint64) ([]byte, bool) {
	at := uint64(noon / 300_000)
	if !slices.Contains(w.makers, maker) || epoch+3 < at || epoch > at+3 {
		return nil, false
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", maker, judge, epoch))
	return sum[:], true
}

func (w *world) one(of ...string) string { return of[w.IntN(len(of))] }

// often is true but for one in n.
func (w *world) often(n int) bool { return w.IntN(n) != 0 }

func (w *world) class(least, most label.Class) label.Class {
	return label.Class{
		Confidentiality: least.Confidentiality + label.Level(w.IntN(int(most.Confidentiality-least.Confidentiality)+1)),
		Integrity:       most.Integrity + label.Level(w.IntN(int(least.Integrity-most.Integrity)+1)),
		Categories:      label.Categories(w.Uint64())&most.Categories | least.Categories,
	}
}

func class(c, i label.Level, categories label.Categories) label.Class {
	return label.Class{Confidentiality: c, Integrity: i, Categories: categories}
}

// bundle has flows both ways round, so that every zone is once an asker's.
func (w *world) bundle() policy.Bundle {
	out := w.class(class(2, 2, 1), class(4, 1, 1<<63|7))
	in := w.class(class(3, 4, 1), class(5, 2, 1<<63|15))
	raised := max(in.Integrity, label.Level(w.IntN(6)))
	b := policy.Bundle{
		Format: policy.Format, Version: 3, Created: noon - day, NotBefore: noon - day, NotAfter: noon + day, Guard: "guard", Term: 2,
		Zones: []policy.Zone{{Name: "out", Class: out}, {Name: "in", Class: in, Inner: true}},
		Subjects: []policy.Subject{
			{ID: "out/p-*", Groups: []string{"people"}, Clearance: w.class(class(2, 1, 0), class(5, 1, ^label.Categories(0)))},
			{ID: "out/*", Clearance: w.class(class(1, 5, 0), class(5, 1, 15))},
			{ID: "out/p-1*", Groups: []string{"people"}, Clearance: w.class(class(3, 1, 7), class(5, 1, ^label.Categories(0)))},
			{ID: "out/p-10", Groups: []string{"people"}, Clearance: w.class(class(1, 3, 0), class(5, 1, 15))},
			{ID: "in/q-*", Groups: []string{"people"}, Clearance: w.class(class(4, 1, 7), class(5, 1, ^label.Categories(0)))},
		},
		Objects: []policy.Object{
			{ID: "in/reports", Groups: []string{"shared"}, Class: w.class(in, class(5, 1, 1<<63|15))},
			{ID: "in/files", Class: w.class(in, class(5, 1, 15))},
			{ID: "out/board", Groups: []string{"shared"}, Class: w.class(out, class(5, 1, 1<<63|15))},
		},
		Cedar: []policy.CedarFile{{Name: "w.cedar", Text: cedarText}},
	}
	query := policy.Flow{
		Name: "query", From: "out", To: "in", Kind: "ask", Protocol: "http", Entry: "front-out", Exit: "front-in", Object: "in/reports",
		Action: "read", Purpose: "self", Class: w.base(out, out), Answer: w.base(in, out), Raise: raised, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByAPIKey, label.ByPassword}, Forms: w.forms(min(out.Confidentiality, in.Confidentiality)),
	}
	post := policy.Flow{
		Name: "post", From: "in", To: "out", Kind: "ask", Protocol: "http", Entry: "front-in", Exit: "front-out", Object: "out/board",
		Action: "post", Purpose: "news", Class: w.base(in, out), Answer: w.base(out, out), Raise: label.Level(w.IntN(6)), Checks: []string{"form"},
		Accept: []label.Assurance{label.ByAPIKey}, Forms: w.forms(2),
	}
	files := policy.Flow{
		Name: "files", From: "out", To: "in", Kind: "deliver", Protocol: "file", Entry: "front-out", Exit: "front-in", Object: "in/files",
		Action: "deliver", Purpose: "batch", Class: w.base(out, out), Answer: w.base(out, out), Raise: raised, Checks: []string{"form"},
		Accept: []label.Assurance{label.ByComponent}, Files: &policy.Files{MaxSize: 100},
		Forms: []policy.Form{{Name: "file", Request: policy.Schema{Type: policy.Record, Fields: []policy.Field{
			{Name: "form", Required: true, Schema: text(1, 4, "")},
			{Name: "name", Required: true, Schema: text(1, 20, `[a-z]+\.csv`)},
			{Name: "size", Required: w.often(4), Schema: policy.Schema{Type: policy.Integer, Min: -1 << 63, Max: 1000}},
		}}}},
	}
	b.Flows = []policy.Flow{query, post, files}
	return b
}

// base is a class that leaves one zone and may, mostly, be in the other.
func (w *world) base(from, below label.Class) label.Class {
	c := w.class(class(1, from.Integrity, 0), class(min(from.Confidentiality, below.Confidentiality), from.Integrity, from.Categories&below.Categories&3))
	if !w.often(12) {
		c.Integrity = label.Level(1 + w.IntN(5))
	}
	return c
}

func text(least, most int64, pattern string) policy.Schema {
	return policy.Schema{Type: policy.Text, Min: least, Max: most, Pattern: pattern}
}

// forms use every type and every rule of a schema.
func (w *world) forms(level label.Level) []policy.Form {
	classified := func(s policy.Schema) policy.Schema {
		if !w.often(3) {
			c := w.class(class(1, 5, 0), class(level, 4, 3))
			s.Class = &c
		}
		s.Nullable = !w.often(3)
		return s
	}
	inner := policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "zz", Schema: classified(policy.Schema{Type: policy.Boolean})},
		{Name: "a", Required: w.often(2), Schema: classified(policy.Schema{Type: policy.Bytes, Max: 8})},
		{Name: "mmm", Schema: classified(policy.Schema{Type: policy.Decimal, Enum: []string{"1.50", "-3", "0"}})},
		{Name: "longer than twenty-three bytes", Schema: classified(policy.Schema{Type: policy.Decimal})},
	}}
	inner = classified(inner)
	enum := text(0, 9, "")
	enum.Enum = []string{"", "red", "grün"}
	fields := []policy.Field{
		{Name: "form", Required: true, Schema: text(1, 6, "")},
		{Name: "person", Required: w.often(2), Schema: classified(text(1, 5, `p-[0-9]+|q`))},
		{Name: "level", Schema: classified(policy.Schema{Type: policy.Integer, Min: -2, Max: 9, Classifies: true})},
		{Name: "count", Schema: classified(policy.Schema{Type: policy.Integer, Min: -1 << 63, Max: 1<<63 - 1})},
		{Name: "colour", Schema: classified(enum)},
		{Name: "inner", Required: !w.often(3), Schema: inner},
		{Name: "list", Schema: classified(policy.Schema{Type: policy.List, Min: 1, Max: 3, Items: &inner})},
	}
	w.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	record := func(more ...policy.Field) policy.Schema {
		return policy.Schema{Type: policy.Record, Fields: append(more, fields...)}
	}
	status := policy.Field{Name: "status", Required: true, Schema: policy.Schema{Type: policy.Integer, Min: 200, Max: 404}}
	return []policy.Form{{Name: "report", Request: record(), Answers: []policy.AnswerForm{
		{Status: 200, Schema: record(status)}, {Status: 404, Schema: policy.Schema{Type: policy.Record, Fields: []policy.Field{status, fields[0], fields[1], fields[2]}}},
	}}, {Name: "list", Request: record()}}
}

// value is one that a schema takes, but for the classes.
func (w *world) value(s *policy.Schema, level int64) any {
	if s.Nullable && !w.often(4) {
		return nil
	}
	switch s.Type {
	case policy.Text:
		return w.text(s)
	case policy.Integer:
		if s.Classifies {
			return w.Int64N(level+2) - 1
		}
		return []int64{s.Min, s.Max, 0, 23, 24, 255, 256, 65535, 65536, -24, -25, -257, 1 << 32}[w.IntN(13)]
	case policy.Decimal:
		if len(s.Enum) > 0 {
			return w.one(s.Enum...)
		}
		return w.one("0", "-0", "-1.5", "0.000000000000000001", "1234567890123456789012345678901", "10")
	case policy.Boolean:
		return w.IntN(2) == 0
	case policy.Bytes:
		return []byte("12345678")[:w.IntN(9)]
	case policy.List:
		list := []any{}
		for range s.Min + w.Int64N(s.Max-s.Min+1) {
			list = append(list, w.value(s.Items, level))
		}
		return list
	default:
		return w.record(s, level)
	}
}

func (w *world) text(s *policy.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return w.one(s.Enum...)
	case s.Max == 20:
		return w.one("a.csv", "batch.csv")
	case s.Pattern != "":
		return w.one("p-1", "q", "p-999")
	default:
		return w.one("r", "渡口", "four")
	}
}

func (w *world) record(s *policy.Schema, level int64) parcel.Record {
	r := parcel.Record{}
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Required || w.often(3) {
			r[f.Name] = w.value(&f.Schema, level)
		}
	}
	return r
}
