// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/sha256"
	"reflect"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// How much of a fuzzed parcel is made good, so that bytes reach each of the checks.
const (
	asItIs     = iota
	sealedHere // label is a label's body: it is sealed with a good tag
	boundHere  // and bound to the header
	labelled   // the label is good but for what the header says, the header as it is
	contained  // the header is good, but for its fields
	modes
)

// FuzzAgreement throws bytes at both judges: they never disagree, and nothing panics.
func FuzzAgreement(f *testing.F) {
	w := newWorld(1)
	for i := range 400 {
		d := w.draft()
		c := d.make(nil)
		f.Add(c.Header, c.Label, uint8(i%len(w.places)), uint8(asItIs))
		f.Add(c.Header, d.body, uint8(i%len(w.places)), uint8(boundHere))
		f.Add(c.Header, []byte(d.label.Subject), uint8(i%len(w.places)), uint8(labelled))
		f.Add(d.header.Fields, []byte(d.header.Flow), uint8(i%len(w.places)), uint8(contained))
	}
	for _, v := range vectors(f) {
		f.Add([]byte(v.Parcel.Header), []byte(v.Parcel.Label), uint8(0), uint8(asItIs))
	}
	f.Fuzz(func(t *testing.T, header, sealed []byte, place, mode uint8) {
		b := w.places[int(place)%len(w.places)].good
		c := judge.Case{Header: header, Label: sealed, Presenter: "guard-outer", Relayed: true}
		switch mode % modes {
		case sealedHere:
			c.Label = w.tag(sealed)
		case boundHere:
			var l label.Label
			if canon.Unmarshal(sealed, &l) == nil {
				l.Binding = sha256.Sum256(header)
				c.Label = w.tag(canon.Must(l))
			}
		case labelled:
			c.Label = w.labelFor(header, string(sealed))
		case contained:
			d := w.draftOf(string(sealed))
			d.header.Fields = header
			c.Header = canon.Must(&d.header)
			c.Label = w.labelFor(c.Header, "")
		}
		if _, _, err := newPair(w).judge(b, c); err != nil {
			t.Fatal(err)
		}
	})
}

// tag seals a label's body with a good tag for its maker, where it has one.
func (w *world) tag(body []byte) []byte {
	var l label.Label
	_ = canon.Unmarshal(body, &l) // else of the first maker
	key, ok := w.Key(l.Maker, judgeID, l.Epoch)
	if !ok {
		key, _ = w.Key("front-out", judgeID, noon/300_000)
	}
	return canon.Must(label.Sealed{Body: body, Tags: []label.Tag{{Judge: judgeID, Window: window, MAC: label.MAC(key, judgeID, window, body)}}})
}

// labelFor is a good label for a header, if the header can be read.
func (w *world) labelFor(header []byte, subject string) []byte {
	h := &parcel.Header{Source: "front-out", Flow: "query", FromZone: "out"}
	if got, err := parcel.Decode(header); err == nil {
		h = got
	}
	b := w.places[0].good
	flow := b.Flow(h.Flow)
	if flow == nil {
		flow = &b.Flows[0]
	}
	if subject == "" {
		subject = flow.From + "/p-1"
	}
	source := b.Zone(flow.From).Class
	if h.FromZone == flow.To {
		source = b.Zone(flow.To).Class
	}
	return w.tag(canon.Must(label.Label{
		Version: 1, Class: source, Subject: subject, Assurance: flow.Accept[0], Object: flow.Object, Action: flow.Action, Protocol: flow.Protocol,
		Purpose: flow.Purpose, Maker: h.Source, Boot: 1, Epoch: noon / 300_000, Number: 1, NotBefore: noon, NotAfter: noon + 1, Binding: sha256.Sum256(header),
	}))
}

// draftOf is a good header on a flow.
func (w *world) draftOf(flow string) *draft {
	p := &w.places[0]
	d := &draft{world: w, place: p, policy: p.good, flow: &p.good.Flows[0]}
	if f := p.good.Flow(flow); f != nil {
		d.flow = f
	}
	f := d.flow
	d.header = parcel.Header{
		Version: 1, Suite: 1, Kind: parcel.Ask, ID: parcel.ID{1}, Flow: f.Name, FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit,
		Guard: "guard", Term: 2, Bundle: 3,
	}
	if f.Kind == "deliver" {
		d.header.Kind = parcel.Deliver
	}
	return d
}

// FuzzContent holds the second judge's reading of content, and what it finds in it,
// against the first's.
func FuzzContent(f *testing.F) {
	w := newWorld(1)
	for i := range 200 {
		d := w.draft()
		d.make(nil)
		f.Add(d.fields, uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, place uint8) {
		want, wantErr := parcel.DecodeRecord(data)
		got, err := readFields(data)
		if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("read as %v (%v), want %v (%v)", got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		for _, flow := range w.places[int(place)%len(w.places)].good.Flows {
			for i := range flow.Forms {
				form := &flow.Forms[i]
				shape, shapeErr := shapeOf(&form.Request)
				if shapeErr != nil {
					t.Fatal(shapeErr)
				}
				least, err := follow(data, shape)
				if checked := form.Request.Check(want, ""); (err == nil) != (checked == nil) {
					t.Fatalf("%s of %s: %v, want %v", form.Name, flow.Name, err, checked)
				}
				if lowest := pointOf(label.Lowest()); err == nil && least.with(lowest).class() != form.Request.Least(want) {
					t.Fatalf("%s of %s: least %v, want %v", form.Name, flow.Name, least.class(), form.Request.Least(want))
				}
			}
		}
	})
}
