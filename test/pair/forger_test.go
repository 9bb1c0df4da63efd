// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"crypto/tls"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
)

// forger is a captured front: it has the keys of one maker and no scruples.
type forger struct {
	*hand
	maker  string
	keys   *pki.Keys
	number uint64
}

func (s *site) forger(maker string, h *hand) *forger {
	s.t.Helper()
	f := &forger{hand: h, maker: maker, keys: &pki.Keys{}}
	l, err := s.ids[maker].OpenLease(s.lease(maker, 1))
	if err == nil {
		err = f.keys.Use(l)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// grasp takes the other half's place on the cable.
func (s *site) grasp() *hand {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	nc, err := s.cable.end(guard.Outer).Connect(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := s.ids[outer].Client(s.ids[outer].Admission.Pins)
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := s.hold(outer, tls.Client(nc, config), true)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// forgery says how a parcel differs from a good one.
type forgery struct {
	header func(*parcel.Header)
	label  func(*label.Label)
	sealed func(*label.Sealed, func([]byte) []label.Tag)
	after  func(*exchange.Carried)
}

// question is the header of a good question.
func question() *parcel.Header {
	return &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: parcel.NewID(), Flow: "query", FromZone: "out", ToZone: "in",
		Source: frontOut, Destination: frontIn, Guard: "guard", Term: 1, Bundle: 1,
		Fields: canon.Must(parcel.Record{"form": "report", "person": "p-1"}),
	}
}

// reply is the header of a good answer.
func reply(to parcel.ID, level int64) *parcel.Header {
	return &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Answer, ID: parcel.NewID(), InReplyTo: to, Flow: "query", FromZone: "in", ToZone: "out",
		Source: frontIn, Destination: frontOut, Guard: "guard", Term: 1, Bundle: 1, Fields: canon.Must(answer(level, "forged")),
	}
}

// make seals a parcel for the verifiers.
func (f *forger) make(h *parcel.Header, c label.Class, verifiers []label.Verifier, x forgery) exchange.Carried {
	if x.header != nil {
		x.header(h)
	}
	header := canon.Must(h)
	now := time.Now()
	f.number++
	l := label.Label{
		Version: label.Version, Class: c, Subject: "out/p-1", Assurance: label.ByAPIKey, Object: "in/reports", Action: "read", Protocol: "test",
		Purpose: "self", Maker: f.maker, Boot: 1000, Epoch: label.EpochAt(now), Number: f.number,
		NotBefore: now.UnixMilli(), NotAfter: now.Add(time.Minute).UnixMilli(), Binding: parcel.Digest(header),
	}
	if x.label != nil {
		x.label(&l)
	}
	tags := func(body []byte) []label.Tag {
		var list []label.Tag
		for _, v := range verifiers {
			key, ok := f.keys.Key(f.maker, v.Judge, l.Epoch)
			if !ok {
				key = make([]byte, 32)
			}
			list = append(list, label.Tag{Judge: v.Judge, Window: v.Window, MAC: label.MAC(key, v.Judge, v.Window, body)})
		}
		return list
	}
	s := label.Sealed{Body: canon.Must(l)}
	s.Tags = tags(s.Body)
	if x.sealed != nil {
		x.sealed(&s, tags)
	}
	carried := exchange.Carried{Header: header, Label: canon.Must(s)}
	if x.after != nil {
		x.after(&carried)
	}
	return carried
}

// ask sends a question as it is.
func (h *hand) ask(id parcel.ID, c exchange.Carried) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := exchange.Ask(ctx, h.conn, id, c)
	return err
}
