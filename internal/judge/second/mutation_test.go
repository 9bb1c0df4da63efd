// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"maps"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// mutation is one thing done to a draft; many of them make it wrong.
type mutation struct {
	name string
	at   phase
	run  func(*draft)
}

func mutations() []mutation {
	return slices.Concat(contentMutations(), headerMutations(), labelMutations(), tagMutations(), caseMutations(), byteMutations())
}

// byteMutations act on each encoding: one deviation from the canonical form, or bytes.
func byteMutations() []mutation {
	var list []mutation
	for at, data := range map[phase]func(*draft) *[]byte{
		onFields: func(d *draft) *[]byte { return &d.fields },
		onHead:   func(d *draft) *[]byte { return &d.head },
		onBody:   func(d *draft) *[]byte { return &d.body },
		onSealed: func(d *draft) *[]byte { return &d.out.Label },
	} {
		list = append(list, mutation{"not canonical", at, func(d *draft) { b := data(d); *b = spoil(d.Rand, *b) }},
			mutation{"bytes", at, func(d *draft) { b := data(d); *b = d.scratch(*b) }})
	}
	slices.SortFunc(list, func(a, b mutation) int { return int(a.at) - int(b.at) + 100*strings.Compare(a.name, b.name) })
	return append(list, mutation{"header after its label", onSealed, func(d *draft) {
		if d.IntN(2) == 0 {
			d.out.Header = spoil(d.Rand, d.out.Header)
		} else {
			d.out.Header = d.scratch(d.out.Header)
		}
	}})
}

// scratch changes, adds or removes some bytes.
func (d *draft) scratch(data []byte) []byte {
	data = slices.Clone(data)
	at := d.IntN(len(data) + 1)
	switch d.IntN(5) {
	case 0:
		return data[:at]
	case 1:
		return append(data, byte(d.Uint32()))
	case 2:
		return slices.Insert(data, at, byte(d.Uint32()))
	default:
		if at < len(data) {
			data[at] ^= 1 << d.IntN(8)
		}
		return data
	}
}

// leaf picks a place in the content.
func (d *draft) leaf() (parcel.Record, string) {
	r := d.content
	for {
		keys := slices.Sorted(maps.Keys(r))
		if len(keys) == 0 {
			return r, "none"
		}
		key := d.one(keys...)
		inner, ok := r[key].(parcel.Record)
		if list, isList := r[key].([]any); isList && len(list) > 0 && d.IntN(2) == 0 {
			inner, ok = list[d.IntN(len(list))].(parcel.Record)
		}
		if !ok || d.IntN(3) == 0 {
			return r, key
		}
		r = inner
	}
}

func contentMutations() []mutation {
	on := func(name string, run func(*draft)) mutation { return mutation{name, onContent, run} }
	return []mutation{
		on("value", func(d *draft) {
			r, key := d.leaf()
			r[key] = []any{
				nil, true, int64(0), int64(-1), int64(10), int64(3), "", "p-1", "p-1\n", "report", "1.50", "-0", "01", "1.", ".5", "12345678901234567890123456789012",
				"1.0000000000000000001", "渡口渡口渡", "longer than any", []byte{}, []byte("123456789"), []any{}, []any{int64(1)}, parcel.Record{}, parcel.Record{"a": nil},
			}[d.IntN(25)]
		}),
		on("stranger", func(d *draft) {
			r, _ := d.leaf()
			r[d.one("", "b", "stranger", "zzz", "a longer name than there is one of")] = []any{nil, int64(1), "x"}[d.IntN(3)]
		}),
		on("missing", func(d *draft) { r, key := d.leaf(); delete(r, key) }),
		on("form", func(d *draft) { d.content["form"] = d.one("report", "list", "file", "", "no") }),
		on("status", func(d *draft) { d.content["status"] = []int64{200, 404, 0, 403}[d.IntN(4)] }),
		on("size", func(d *draft) { d.content["size"] = []int64{11, 12, 0, -1, 12 - 1<<63, 1001}[d.IntN(6)] }),
		on("level", func(d *draft) { d.content["level"] = d.Int64N(12) - 3 }),
		on("wide", func(d *draft) {
			if d.often(3) { // they take their time
				return
			}
			list := make([]any, []int{4097, 131_073, 131_072}[d.IntN(3)])
			r, key := d.leaf()
			if r[key] = list; d.often(4) {
				return
			}
			many := parcel.Record{}
			for i := range 4095 + d.IntN(4) {
				many[string([]byte{byte('a' + i>>8), byte('a' + i>>4&15), byte('a' + i&15)})] = nil
			}
			r[key] = many
		}),
	}
}

func headerMutations() []mutation {
	on := func(name string, run func(d *draft, h *parcel.Header)) mutation {
		return mutation{name, onHeader, func(d *draft) { run(d, &d.header) }}
	}
	return []mutation{
		on("version", func(d *draft, h *parcel.Header) { h.Version = uint8(d.IntN(3)) }),
		on("suite", func(d *draft, h *parcel.Header) { h.Suite = parcel.Suite(d.IntN(3)) }),
		on("kind", func(d *draft, h *parcel.Header) { h.Kind = parcel.Kind(d.IntN(5)) }),
		on("id", func(_ *draft, h *parcel.Header) { h.ID = parcel.ID{} }),
		on("in reply to", func(d *draft, h *parcel.Header) { h.InReplyTo = parcel.ID{15: byte(d.IntN(2))} }),
		on("name", func(d *draft, h *parcel.Header) {
			names := []*string{&h.Flow, &h.FromZone, &h.ToZone, &h.Source, &h.Destination, &h.Guard}
			*names[d.IntN(6)] = d.one("", "out", "in", "front-out", "front-in", "front-x", "query", "post", "files", "guard", strings.Repeat("n", 255+d.IntN(3)))
		}),
		on("flow", func(d *draft, h *parcel.Header) { h.Flow = d.one("query", "post", "files", "none") }),
		on("turned", func(_ *draft, h *parcel.Header) {
			h.FromZone, h.ToZone, h.Source, h.Destination = h.ToZone, h.FromZone, h.Destination, h.Source
		}),
		on("session", func(d *draft, h *parcel.Header) { h.Session[d.IntN(16)]++ }),
		on("term", func(d *draft, h *parcel.Header) { h.Term = d.Uint64N(4) }),
		on("bundle", func(d *draft, h *parcel.Header) { h.Bundle = d.Uint64() >> d.IntN(64) }),
		on("evidence", func(d *draft, h *parcel.Header) { h.Evidence = make([]byte, 16<<10-1+d.IntN(3)) }),
		on("body", func(d *draft, h *parcel.Header) {
			h.Body.Size = []uint64{0, 1, 12, 100, 101, 1 << 40, 1<<40 + 1, 1<<64 - 1, 1<<63 + 12}[d.IntN(9)]
		}),
		on("root", func(d *draft, h *parcel.Header) { h.Body.Root = parcel.Link{byte(d.IntN(2))} }),
		on("large", func(d *draft, h *parcel.Header) {
			if d.often(20) { // a megabyte each
				return
			}
			h.Fields = make([]byte, parcel.MaxFields-2+d.IntN(4)+d.IntN(2)*(parcel.MaxHeader-parcel.MaxFields-250+d.IntN(200)))
		}),
	}
}

func labelMutations() []mutation {
	on := func(name string, run func(d *draft, l *label.Label)) mutation {
		return mutation{name, onLabel, func(d *draft) { run(d, &d.label) }}
	}
	step := func(l label.Level, d *draft) label.Level { return label.Level(max(0, int(l)+d.IntN(5)-2)) }
	return []mutation{
		on("label version", func(d *draft, l *label.Label) { l.Version = uint8(d.IntN(3)) }),
		on("confidentiality", func(d *draft, l *label.Label) { l.Class.Confidentiality = step(l.Class.Confidentiality, d) }),
		on("integrity", func(d *draft, l *label.Label) { l.Class.Integrity = step(l.Class.Integrity, d) }),
		on("categories", func(d *draft, l *label.Label) {
			l.Class.Categories ^= 1 << []int{0, 1, 2, 3, 4, 62, 63}[d.IntN(7)]
		}),
		on("subject", func(d *draft, l *label.Label) {
			l.Subject = d.one("out/p-8", "out/p-9", "out/p-10", "out/p-", "out/p", "out/p-*", "out/*", "out/", "out", "in/q-1", "in/x", "in", "nowhere/p-1", "out/p-1/x",
				"/", "*", "out/p-"+strings.Repeat("x", 250), "out/p-"+strings.Repeat("x", 251), "out/渡口")
		}),
		on("assurance", func(d *draft, l *label.Label) {
			l.Assurance = label.Assurance(d.one("component", "api-key", "password", "token", "", "API-key"))
		}),
		on("dimension", func(d *draft, l *label.Label) {
			texts := []*string{&l.Object, &l.Action, &l.Protocol, &l.Purpose}
			*texts[d.IntN(4)] = d.one("in/reports", "in/files", "out/board", "read", "http", "file", "self", "", strings.Repeat("n", 255+d.IntN(3)))
		}),
		on("maker", func(d *draft, l *label.Label) { l.Maker = d.one("front-out", "front-in", "front-x", "front-y", "") }),
		on("boot", func(d *draft, l *label.Label) {
			l.Boot -= d.Uint64N(3)
		}),
		on("epoch", func(d *draft, l *label.Label) { l.Epoch += d.Uint64N(10) - 5 }),
		on("number", func(d *draft, l *label.Label) {
			back := []uint64{0, 1, 2, 63, 64, 100, 16256, 16318, 16319, 16320, 16321, 16384}[d.IntN(12)]
			if l.Number -= back; back > l.Number+back {
				l.Number = 0
			}
		}),
		on("times", func(d *draft, l *label.Label) {
			l.NotBefore = noon + []int64{4999, 5000, 5001, -1 << 62}[d.IntN(4)]
			l.NotAfter = noon + []int64{-1, 0, 1, 5000, 6000}[d.IntN(5)]
		}),
		on("binding", func(d *draft, l *label.Label) { l.Binding[d.IntN(32)] ^= 1 << d.IntN(8) }),
	}
}

func tagMutations() []mutation {
	on := func(name string, run func(d *draft, t *label.Tag)) mutation {
		return mutation{name, onTags, func(d *draft) {
			if len(d.tags) > 0 {
				run(d, &d.tags[0])
			}
		}}
	}
	return []mutation{
		on("no tag", func(d *draft, _ *label.Tag) { d.tags = []label.Tag{} }),
		on("judge", func(d *draft, t *label.Tag) { t.Judge = d.one("", "guard-outer", "guard-inner\x00", "Guard-inner") }),
		on("window", func(d *draft, t *label.Tag) {
			t.Window[d.IntN(16)]++
			key, _ := d.Key(d.label.Maker, judgeID, d.label.Epoch)
			t.MAC = label.MAC(key, judgeID, t.Window, d.body)
		}),
		on("mac", func(d *draft, t *label.Tag) { t.MAC[d.IntN(32)] ^= 1 << d.IntN(8) }),
		on("more tags", func(d *draft, t *label.Tag) {
			other := label.Tag{Judge: d.one("guard-outer", judgeID)}
			for range 1 + d.IntN(4) {
				d.tags = slices.Insert(d.tags, d.IntN(len(d.tags)+1), other)
			}
		}),
		{"tagged for another body", onTags, func(d *draft) {
			d.label.Subject = d.one("out/p-3", "in/q-3")
			d.body = canon.Must(d.label)
		}},
	}
}

func caseMutations() []mutation {
	on := func(name string, run func(*draft)) mutation { return mutation{name, onCase, run} }
	return []mutation{
		on("no label", func(d *draft) { d.out.Label = nil }),
		on("empty label", func(d *draft) {
			tags := d.tags
			if d.IntN(2) == 0 {
				tags = []label.Tag{}
			}
			d.out.Label = canon.Must(label.Sealed{Tags: tags})
		}),
		on("long label", func(d *draft) {
			d.out.Label = append(d.out.Label, make([]byte, 4095+d.IntN(3)-min(len(d.out.Label), 4095))...)
		}),
		on("no header", func(d *draft) { d.out.Header = nil }),
		on("presenter", func(d *draft) {
			d.out.Presenter, d.out.Relayed = d.one("front-x", "front-in", "front-out", ""), !d.often(4)
		}),
		on("clock", func(d *draft) {
			d.now += []int64{-1001, -6000, -6001, -5999, 29_999, 30_000, 30_001, 300_000, -300_000, -day, -day - 1, day, day - 1}[d.IntN(13)]
		}),
		on("no bundle", func(d *draft) { d.policy = nil }),
		on("bundle ended", func(d *draft) { d.policy = d.place.ended }),
		on("bundle to come", func(d *draft) { d.policy = d.place.future }),
		on("bundle of a later term", func(d *draft) { d.policy = d.place.term }),
		on("bundle of others", func(d *draft) { d.policy = d.places[d.IntN(len(d.places))].good }),
	}
}
