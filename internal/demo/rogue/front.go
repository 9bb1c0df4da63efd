// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rogue

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

const labelLife = 30 * time.Second

// draft is a parcel that is being made; an attack changes it before or after it is
// labelled.
type draft struct {
	header    *parcel.Header
	label     label.Label
	now       time.Time
	verifiers []label.Verifier
	carried   exchange.Carried
}

// attack is one thing to try.
type attack struct {
	name   string
	want   fault.Code
	before func(*draft) // changes header or label before the label is made
	// after changes what was made; other is a genuine parcel that never was sent.
	after func(d, other *draft)
}

// Front sends, in the place of the internet front, parcels whose labels are missing,
// old, stolen or wrong, to the outer half, and writes what became of each.
func Front(ctx context.Context, s *Stolen, nc net.Conn, out io.Writer) error {
	secure, err := s.secure(ctx, nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	session := open(ctx, secure)
	verifiers, err := session.judges(ctx, 2)
	if err != nil {
		return err
	}
	f := forger{stolen: s, session: session, maker: label.NewMaker(s.id, s.boot, s.keys), verifiers: verifiers}
	encoder := json.NewEncoder(out)
	for _, a := range frontAttacks() {
		finding, err := f.try(ctx, a)
		if err != nil {
			return err
		}
		if err := encoder.Encode(finding); err != nil {
			return err
		}
	}
	return f.replay(ctx, encoder)
}

// frontAttacks are in the order in which a judge makes its checks.
func frontAttacks() []attack {
	return []attack{
		{name: "without a label", want: fault.LabelMissing, after: func(d, _ *draft) { d.carried.Label = nil }},
		{name: "with bytes that are no label", want: fault.LabelMalformed, after: func(d, _ *draft) { d.carried.Label[0] ^= 0xff }},
		{name: "with a label for another judge", want: fault.LabelWrongJudge, before: func(d *draft) { d.verifiers = d.verifiers[1:] }},
		{name: "with a label of the judge's earlier life", want: fault.LabelWindow, before: func(d *draft) { d.verifiers[0].Window[0] ^= 1 }},
		{name: "with a label that was altered", want: fault.LabelAltered, after: alterLabel},
		{name: "with a label taken from another parcel", want: fault.LabelTransplanted, after: func(d, other *draft) { d.carried.Label = other.carried.Label }},
		{name: "with a label stolen from another component", want: fault.LabelStolen, before: func(d *draft) { d.header.Source = "front-other" }},
		{name: "with an old label", want: fault.LabelExpired, before: func(d *draft) { d.now = d.now.Add(-2 * labelLife) }},
		{name: "with a label of a lower term", want: fault.LabelTerm, before: func(d *draft) { d.header.Term-- }},
		{name: "labelled above what its zone may hold", want: fault.LabelLevel, before: func(d *draft) { d.label.Class.Confidentiality = label.MaxLevel }},
		{name: "labelled below what it contains", want: fault.LabelLow, before: func(d *draft) { d.label.Class.Confidentiality = label.MinLevel }},
	}
}

// alterLabel makes a genuine label say that it holds for longer.
func alterLabel(d, _ *draft) {
	sealed, l, err := label.DecodeSealed(d.carried.Label)
	if err != nil {
		return // it stays genuine, and the finding will say that it passed
	}
	l.NotAfter += time.Hour.Milliseconds()
	d.carried.Label = reseal(sealed, l)
}

// forger makes parcels with the keys of the front.
type forger struct {
	stolen    *Stolen
	session   *session
	maker     *label.Maker
	verifiers []label.Verifier
}

func (f *forger) try(ctx context.Context, a attack) (demo.Finding, error) {
	other, err := f.draft(func(*draft) {})
	if err != nil {
		return demo.Finding{}, err
	}
	before := a.before
	if before == nil {
		before = func(*draft) {}
	}
	d, err := f.draft(before)
	if err != nil {
		return demo.Finding{}, err
	}
	if a.after != nil {
		a.after(d, other)
	}
	return f.send(ctx, a.name, a.want, d), nil
}

// draft makes a parcel that is genuine but for what before does to it.
func (f *forger) draft(before func(*draft)) (*draft, error) {
	h, l, err := f.stolen.question()
	if err != nil {
		return nil, err
	}
	d := &draft{header: h, label: l, now: time.Now(), verifiers: append([]label.Verifier(nil), f.verifiers...)}
	before(d)
	header, err := d.header.Encode()
	if err != nil {
		return nil, err
	}
	d.label.Binding = parcel.Digest(header)
	sealed, err := f.maker.Seal(d.label, d.now, labelLife, d.verifiers)
	if err != nil {
		return nil, err
	}
	d.carried = exchange.Carried{Header: header, Label: sealed}
	return d, nil
}

func (f *forger) send(ctx context.Context, name string, want fault.Code, d *draft) demo.Finding {
	return send(ctx, f.session, name, want, d.header.ID, d.carried)
}

// send asks and says how it ended.
func send(ctx context.Context, s *session, name string, want fault.Code, id parcel.ID, c exchange.Carried) demo.Finding {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	finding := demo.Finding{Attack: name, Want: want}
	if _, err := exchange.Ask(ctx, s.conn, id, c); err != nil {
		finding.Got, finding.Detail = fault.CodeOf(err), err.Error()
	}
	return finding
}

// replay sends a genuine parcel, which passes, and the same bytes once more.
func (f *forger) replay(ctx context.Context, encoder *json.Encoder) error {
	d, err := f.draft(func(*draft) {})
	if err != nil {
		return err
	}
	if err := encoder.Encode(f.send(ctx, "that is genuine", "", d)); err != nil {
		return err
	}
	return encoder.Encode(f.send(ctx, "that is genuine, once more", fault.LabelReplayed, d))
}
