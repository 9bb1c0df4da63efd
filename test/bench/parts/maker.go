// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"fmt"
	"time"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// labelLife is how long a label holds: longer than a parcel made beforehand waits.
const labelLife = time.Minute

// Exchange is one question and its answer on a flow, as the fronts make them.
type Exchange struct {
	Flow     string
	Form     string
	Subject  string
	Evidence []byte        // the subject's token
	Question parcel.Record // without the form's name
	Answer   parcel.Record // with the status
}

// making is what parcels are made with.
type making struct {
	Exchange

	policy *policy.Policy
	flow   *policy.Flow
	form   *policy.Form
}

func newMaking(p *policy.Policy, e Exchange) (making, error) {
	m := making{Exchange: e, policy: p, flow: p.Flow(e.Flow)}
	if m.flow == nil {
		return m, fmt.Errorf("the bundle has no flow %q", e.Flow)
	}
	if m.form = m.flow.Form(e.Form); m.form == nil {
		return m, fmt.Errorf("flow %q has no form %q", e.Flow, e.Form)
	}
	m.Question["form"], m.Answer["form"] = e.Form, e.Form
	return m, nil
}

// question makes a question, which its entry's maker labels.
func (m *making) question(maker *label.Maker, now time.Time, verifiers []label.Verifier) (parcel.ID, exchange.Carried, error) {
	h := m.header(parcel.Ask)
	h.Evidence = m.Evidence
	class := m.flow.Class.Join(m.form.Request.Least(m.Question))
	c, err := m.seal(h, m.Question, class, maker, now, verifiers)
	return h.ID, c, err
}

// answer makes the answer to a question, which its exit's maker labels.
func (m *making) answer(to parcel.ID, maker *label.Maker, now time.Time, verifiers []label.Verifier) (exchange.Carried, error) {
	status, _ := m.Answer["status"].(int64)
	schema := m.form.Answer(status)
	if schema == nil {
		return exchange.Carried{}, fault.New(fault.ContentInvalid, "no answer with status %d", status)
	}
	h := m.header(parcel.Answer)
	h.InReplyTo = to
	return m.seal(h, m.Answer, m.flow.Answer.Join(schema.Least(m.Answer)), maker, now, verifiers)
}

func (m *making) header(kind parcel.Kind) *parcel.Header {
	f := m.flow
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: kind, ID: parcel.NewID(), Flow: f.Name, Guard: m.policy.Guard,
		FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit, Term: m.policy.Term, Bundle: m.policy.Version,
	}
	if kind == parcel.Answer {
		h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
	}
	return h
}

func (m *making) seal(h *parcel.Header, content parcel.Record, class label.Class, maker *label.Maker, now time.Time, verifiers []label.Verifier) (exchange.Carried, error) {
	var err error
	if h.Fields, err = parcel.EncodeRecord(content); err != nil {
		return exchange.Carried{}, err
	}
	header, err := h.Encode()
	if err != nil {
		return exchange.Carried{}, err
	}
	l := label.Label{
		Class: class, Subject: m.Subject, Assurance: label.ByToken, Object: m.flow.Object, Action: m.flow.Action,
		Protocol: m.flow.Protocol, Purpose: m.flow.Purpose, Binding: parcel.Digest(header),
	}
	sealed, err := maker.Seal(l, now, labelLife, verifiers)
	return exchange.Carried{Header: header, Label: sealed}, err
}
