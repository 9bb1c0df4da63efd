// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// clock is the time of all vectors: 2026-01-02 03:04:05 UTC.
const clock = 1767323045000

const day = 24 * 3600 * 1000

const cedarText = `
@id("own") permit (principal in Group::"people", action == Action::"read", resource == Object::"in/reports");
@id("not-nine") forbid (principal == Subject::"out/p-9", action, resource);
@id("cannot-say") forbid (principal == Subject::"out/p-8", action, resource) when { context.content.nothing == 1 };
@id("files") permit (principal, action == Action::"deliver", resource == Object::"in/files");
`

func class(c, i label.Level) label.Class { return label.Class{Confidentiality: c, Integrity: i} }

func record(fields ...policy.Field) policy.Schema {
	for i := range fields {
		fields[i].Required = true
	}
	return policy.Schema{Type: policy.Record, Fields: fields}
}

func text(most int64) policy.Schema { return policy.Schema{Type: policy.Text, Min: 1, Max: most} }

func number(least, most int64) policy.Schema {
	return policy.Schema{Type: policy.Integer, Min: least, Max: most}
}

// bundle is the policy of all vectors before their change.
func bundle() policy.Bundle {
	level := number(1, 5)
	level.Classifies = true
	return policy.Bundle{
		Format: policy.Format, Version: 3, Created: clock - day, NotBefore: clock - day, NotAfter: clock + day, Guard: "guard", Term: 1,
		Zones: []policy.Zone{{Name: "out", Class: class(3, 1)}, {Name: "in", Class: class(5, 3), Inner: true}},
		Components: []policy.Component{
			{ID: "front-out", Role: policy.RoleFront, Zone: "out"}, {ID: "front-in", Role: policy.RoleFront, Zone: "in"},
			{ID: "guard-outer", Role: policy.RoleOuter}, {ID: "guard-inner", Role: policy.RoleInner},
		},
		Subjects: []policy.Subject{
			{ID: "out/p-*", Groups: []string{"people"}, Clearance: class(3, 1)},
			{ID: "out/low", Groups: []string{"people"}, Clearance: class(2, 1)},
		},
		Objects: []policy.Object{{ID: "in/reports", Class: class(4, 3)}, {ID: "in/files", Class: class(4, 3)}},
		Flows: []policy.Flow{{
			Name: "query", From: "out", To: "in", Kind: "ask", Protocol: "http", Entry: "front-out", Exit: "front-in", Object: "in/reports",
			Action: "read", Purpose: "self", Class: class(1, 1), Answer: class(1, 3), Raise: 3, Checks: []string{"form"},
			Accept: []label.Assurance{label.ByAPIKey},
			Forms: []policy.Form{{
				Name:    "report",
				Request: record(policy.Field{Name: "form", Schema: text(6)}, policy.Field{Name: "person", Schema: text(5)}),
				Answers: []policy.AnswerForm{{Status: 200, Schema: record(
					policy.Field{Name: "form", Schema: text(6)}, policy.Field{Name: "status", Schema: number(200, 200)}, policy.Field{Name: "level", Schema: level})}},
			}},
		}, {
			Name: "files", From: "out", To: "in", Kind: "deliver", Protocol: "file", Entry: "front-out", Exit: "front-in", Object: "in/files",
			Action: "deliver", Purpose: "batch", Class: class(1, 1), Answer: class(1, 1), Raise: 3, Checks: []string{"form"}, Accept: []label.Assurance{label.ByComponent},
			Files: &policy.Files{MaxSize: 100},
			Forms: []policy.Form{{Name: "file", Request: record(policy.Field{Name: "form", Schema: text(4)}, policy.Field{Name: "size", Schema: number(0, 1000)})}},
		}},
		Cedar: []policy.CedarFile{{Name: "vectors.cedar", Text: cedarText}},
	}
}

// body is that of all deliveries.
var body = []byte("name,amount\n")

func bodyOf(data []byte) parcel.Body {
	var h parcel.Hasher
	_, _ = h.Write(data) // never fails
	b, _ := h.Sum()
	return b
}

// maker makes one parcel. Each hook changes what is made before it goes into what
// is made from it.
type maker struct {
	kind    parcel.Kind
	content parcel.Record
	header  func(*parcel.Header)
	label   func(*label.Label)
	sealed  func(*label.Sealed, label.Label)
	parcel  func(*vectorParcel)
}

func contentOf(kind parcel.Kind) parcel.Record {
	switch kind {
	case parcel.Answer:
		return parcel.Record{"form": "report", "status": int64(200), "level": int64(2)}
	case parcel.Deliver:
		return parcel.Record{"form": "file", "size": int64(len(body))}
	default:
		return parcel.Record{"form": "report", "person": "p-1"}
	}
}

func (m maker) makeHeader() *parcel.Header {
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: m.kind, ID: parcel.ID{0: byte(m.kind), 15: 1}, Flow: "query",
		FromZone: "out", ToZone: "in", Source: "front-out", Destination: "front-in", Guard: "guard", Term: 1, Bundle: 3,
	}
	switch m.kind {
	case parcel.Answer:
		h.InReplyTo = parcel.ID{0: byte(parcel.Ask), 15: 1}
		h.FromZone, h.ToZone, h.Source, h.Destination = "in", "out", "front-in", "front-out"
	case parcel.Deliver:
		h.Flow, h.Body = "files", bodyOf(body)
	}
	content := m.content
	if content == nil {
		content = contentOf(m.kind)
	}
	h.Fields = canon.Must(content)
	if m.header != nil {
		m.header(h)
	}
	return h
}

func (m maker) make() vectorParcel {
	h := m.makeHeader()
	header := canon.Must(h)
	l := label.Label{
		Version: label.Version, Class: class(1, 1), Subject: "out/p-1", Assurance: label.ByAPIKey, Object: "in/reports", Action: "read",
		Protocol: "http", Purpose: "self", Maker: h.Source, Boot: 7, Epoch: epoch(), Number: 1,
		NotBefore: clock - 1000, NotAfter: clock + 30_000, Binding: parcel.Digest(header),
	}
	switch m.kind {
	case parcel.Answer:
		l.Class = class(2, 3)
	case parcel.Deliver:
		l.Assurance, l.Object, l.Action, l.Protocol, l.Purpose = label.ByComponent, "in/files", "deliver", "file", "batch"
	}
	if m.label != nil {
		m.label(&l)
	}
	s := label.Sealed{Body: canon.Must(l)}
	s.Tags = []label.Tag{{Judge: "guard-inner", Window: window, MAC: label.MAC(keyOf(l.Maker, l.Epoch), "guard-inner", window, s.Body)}}
	if m.sealed != nil {
		m.sealed(&s, l)
	}
	p := vectorParcel{Header: header, Label: canon.Must(s), Presenter: "guard-outer", Relayed: true}
	if l.Maker == "front-in" {
		p.Presenter, p.Relayed = "front-in", false
	}
	if m.parcel != nil {
		m.parcel(&p)
	}
	return p
}

func epoch() uint64 { return label.EpochAt(time.UnixMilli(clock)) }

// keyOf is the key of a maker and the vectors' judge.
func keyOf(maker string, epoch uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "vector key of %s in epoch %d", maker, epoch))
	return sum[:]
}

// newVector is a vector with nothing wrong.
func newVector(what string, m maker) *vector {
	v := &vector{
		What: what, Stage: "parcel", Judge: "guard-inner", Window: window[:], Clock: clock, Quorum: 2, Floor: 3,
		Bundle: sign(bundle(), 1, 2), Parcel: m.make(),
	}
	for n := byte(1); n <= 3; n++ {
		v.Approvers = append(v.Approvers, octets(approver(n).Public().(ed25519.PublicKey)))
	}
	for _, maker := range []string{"front-out", "front-in"} {
		for e := epoch() - 3; e <= epoch()+3; e++ {
			v.Keys = append(v.Keys, vectorKey{Maker: maker, Judge: "guard-inner", Epoch: e, Key: keyOf(maker, e)})
		}
	}
	return v
}

// accepted are the vectors of what is accepted.
func accepted() map[string]*vector {
	answered := newVector("an answer to a question", maker{kind: parcel.Ask})
	answered.Stage = "answer"
	answer := maker{kind: parcel.Answer}.make()
	answered.Answer = &answer
	delivered := newVector("a delivery with its body", maker{kind: parcel.Deliver})
	delivered.Stage, delivered.Chunks = "body", chunks(body)
	held := newVector("the bundle of the vectors, at the version that was in force", maker{kind: parcel.Ask})
	held.Stage = "bundle"
	late := newVector("a label of the epoch before, from a clock that is 5 s ahead", maker{kind: parcel.Ask, label: func(l *label.Label) {
		l.Epoch, l.NotBefore = epoch()-1, clock+5000
	}})
	behind := newVector("a number below one that was seen", maker{kind: parcel.Ask})
	behind.Before = []vectorParcel{maker{kind: parcel.Ask, label: func(l *label.Label) { l.Number = 16<<10 - 64 }}.make()}
	return map[string]*vector{
		"ask": newVector("a question", maker{kind: parcel.Ask}), "answer": answered, "deliver": delivered, "bundle": held,
		"epoch-before": late, "number-behind": behind,
	}
}

func chunks(data []byte) []vectorSegment {
	end := parcel.End(uint64(len(data)))
	return []vectorSegment{{Next: end[:], Data: data}}
}

// refused makes the vector of a code: one change from what is accepted.
func refused(c fault.Code, what string, m maker, change func(*vector)) *vector {
	v := newVector(what, m)
	v.Code = c
	if change != nil {
		change(v)
	}
	return v
}
