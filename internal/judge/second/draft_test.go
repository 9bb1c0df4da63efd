// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/sha256"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

const judgeID = "guard-inner"

// draft is one parcel in the making. Mutations change it between the phases.
type draft struct {
	*world

	place   *place1
	policy  *policy.Policy
	flow    *policy.Flow
	schema  *policy.Schema
	content parcel.Record
	header  parcel.Header
	label   label.Label
	tags    []label.Tag
	out     judge.Case

	fields, head, body []byte // as they are encoded, perhaps badly
}

// phase is when a mutation acts.
type phase int

const (
	onContent phase = iota // the values
	onFields               // their encoding
	onHeader
	onHead // its encoding
	onLabel
	onBody // its encoding
	onTags
	onSealed // what travels
	onCase
	phases
)

var window = label.Window{0: 0xd0, 15: 0x0c}

// draft begins a parcel with nothing wrong in it but, at times, its classes.
func (w *world) draft() *draft {
	w.now = noon
	p := &w.places[w.IntN(len(w.places))]
	d := &draft{world: w, place: p, policy: p.good}
	d.flow = &d.policy.Flows[w.IntN(3)]
	answer := d.flow.Kind == "ask" && w.IntN(2) == 0
	d.fill(answer)
	d.fillHeader(answer)
	return d
}

func (d *draft) fill(answer bool) {
	form := &d.flow.Forms[0]
	d.schema = &form.Request
	status := int64(200)
	if answer {
		i := d.IntN(2)
		d.schema, status = &form.Answers[i].Schema, form.Answers[i].Status
	}
	base := d.flow.Class
	if answer {
		base = d.flow.Answer
	}
	d.content = d.record(d.schema, int64(base.Confidentiality))
	d.content["form"] = form.Name
	if answer {
		d.content["status"] = status
	}
	if _, ok := d.content["size"]; ok {
		d.content["size"] = int64(12)
	}
}

func (d *draft) fillHeader(answer bool) {
	f := d.flow
	d.header = parcel.Header{
		Version: 1, Suite: 1, Kind: parcel.Ask, ID: parcel.ID{byte(d.Uint32() | 1)}, Flow: f.Name, FromZone: f.From, ToZone: f.To,
		Source: f.Entry, Destination: f.Exit, Guard: "guard", Term: 2 + uint64(d.IntN(2)), Bundle: 3, Sequence: d.Uint64() >> d.IntN(64),
		Evidence: make([]byte, d.IntN(40)),
	}
	switch {
	case answer:
		h := &d.header
		h.Kind, h.InReplyTo = parcel.Answer, parcel.ID{1}
		h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
	case f.Kind == "deliver":
		d.header.Kind = parcel.Deliver
		d.header.Body = parcel.Body{Size: 12, Root: parcel.Link{9}}
	}
}

func (d *draft) fillLabel() {
	f := d.flow
	maker := d.header.Source
	if d.boot[maker] == 0 || !d.often(3000) {
		d.boot[maker] += 1 + d.Uint64N(3)
		d.number[maker] = 0
	}
	d.number[maker]++
	if !d.often(50) {
		d.number[maker] += d.Uint64N(40000)
	}
	base := f.Class
	if d.header.Kind == parcel.Answer {
		base = f.Answer
	}
	d.label = label.Label{
		Version: 1, Class: base.Join(leastOf(d.schema, d.content)), Assurance: f.Accept[0], Object: f.Object, Action: f.Action, Protocol: f.Protocol,
		Purpose: f.Purpose, Maker: maker, Boot: d.boot[maker], Epoch: uint64(noon / 300_000), Number: d.number[maker],
		NotBefore: noon - 1000, NotAfter: noon + 30_000,
	}
	d.label.Subject = d.one("out/p-1", "out/p-12", "out/p-10", "out/p-2", "out/p-1", "out/p-12", "out/p-3", "out/p-4", "out/p-8", "out/p-9", "out/other")
	if f.From == "in" {
		d.label.Subject = "in/q-7"
	}
}

// leastOf survives content that a mutation has broken.
func leastOf(s *policy.Schema, content parcel.Record) label.Class {
	if s.Check(content, "") != nil {
		return label.Lowest()
	}
	return s.Least(content)
}

// make encodes a draft, with the mutations of each phase at its end.
func (d *draft) make(list []mutation) judge.Case {
	act := func(at phase) {
		for _, m := range list {
			if m.at == at {
				m.run(d)
			}
		}
	}
	act(onContent)
	d.fields = canon.Must(d.content)
	act(onFields)
	d.header.Fields = d.fields
	act(onHeader)
	d.head = canon.Must(&d.header)
	act(onHead)
	d.fillLabel()
	d.label.Binding = sha256.Sum256(d.head)
	act(onLabel)
	d.body = canon.Must(d.label)
	act(onBody)
	key, _ := d.Key(d.label.Maker, judgeID, d.label.Epoch)
	d.tags = []label.Tag{{Judge: judgeID, Window: window, MAC: label.MAC(key, judgeID, window, d.body)}}
	act(onTags)
	d.out = judge.Case{Header: d.head, Label: canon.Must(label.Sealed{Body: d.body, Tags: d.tags}), Presenter: "guard-outer", Relayed: true}
	if d.IntN(2) == 0 {
		d.out.Presenter, d.out.Relayed = d.header.Source, false
	}
	act(onSealed)
	act(onCase)
	return d.out
}
