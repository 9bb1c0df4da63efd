// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// What a flow's limits default to.
const (
	defaultTimeout   = 30 * time.Second
	defaultLabelLife = 30 * time.Second
)

func millis(n int64, otherwise time.Duration) time.Duration {
	if n <= 0 {
		return otherwise
	}
	return time.Duration(n) * time.Millisecond
}

// origin is the detail of a request: where it came from, how its subject was proven,
// and why it was refused.
type origin struct {
	_      struct{} `cbor:",toarray"`
	Remote string   // address of the client
	Proof  string   // the methods that held, joined by "+"
	Cause  string   // of a refusal
}

func originOf(remote, proof string, err error) []byte {
	o := origin{Remote: remote, Proof: proof}
	if err != nil {
		o.Cause = strings.ToValidUTF8(err.Error(), "?")
		o.Cause = strings.ToValidUTF8(o.Cause[:min(len(o.Cause), maxCause)], "")
	}
	return canon.Must(o)
}

// maxCause bounds the sentence that is recorded, in bytes.
const maxCause = 1 << 10

// Refuse implements Crossing.
func (f *Front) Refuse(flow *policy.Flow, remote string, err error) parcel.ID {
	id := parcel.NewID()
	e := audit.Entry{
		Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.CodeOf(err)),
		Parcel: id, Detail: originOf(remote, "", err),
	}
	if flow != nil {
		e.Flow, e.Object, e.Action = flow.Name, flow.Object, flow.Action
	}
	f.flows.Refused(e.Flow, err)
	f.recordRefusal(e, fault.CodeOf(err), remote)
	return id
}

// Ask implements Crossing.
func (f *Front) Ask(ctx context.Context, r Request) (Reply, error) {
	id := parcel.NewID()
	count := f.flows.Begin(r.Flow.Name)
	reply, err := f.ask(ctx, id, r, count)
	count.End(err)
	e := audit.Entry{
		Class: audit.ClassDelivery, Verdict: "answered", Parcel: id, Flow: r.Flow.Name,
		Subject: r.Subject.ID, Object: r.Flow.Object, Action: r.Flow.Action, Detail: originOf(r.Remote, r.Subject.Proof, err),
	}
	if err != nil {
		code := fault.CodeOf(err)
		e.Verdict, e.Reason = "refuse", string(code)
		if code == fault.RateLimited || code == fault.TooBusy { // before it was a parcel
			f.recordRefusal(e, code, r.Remote)
			return Reply{ID: id}, &Error{ID: id, Err: err}
		}
		f.refused.Add(1)
		f.record(e)
		return Reply{ID: id}, &Error{ID: id, Err: err}
	}
	f.passed.Add(1)
	f.record(e)
	return Reply{ID: id, Content: reply}, nil
}

func (f *Front) ask(ctx context.Context, id parcel.ID, r Request, count *control.Count) (parcel.Record, error) {
	if !f.rates.allow(r.Flow, r.Subject.ID) {
		return nil, fault.New(fault.RateLimited, "more than %d requests a second of %s", r.Flow.Limits.Rate, r.Subject.ID)
	}
	if !f.busy.enter(r.Flow) {
		return nil, fault.New(fault.TooBusy, "more than %d requests under way on flow %q", r.Flow.Limits.Concurrent, r.Flow.Name)
	}
	defer f.busy.leave(r.Flow)
	ctx, cancel := context.WithTimeout(ctx, millis(r.Flow.Limits.TimeoutMillis, defaultTimeout))
	defer cancel()
	fields, err := parcel.EncodeRecord(r.Content)
	if err != nil {
		return nil, err
	}
	h := &parcel.Header{Kind: parcel.Ask, ID: id, Fields: fields, Evidence: r.Subject.Evidence}
	for attempt := 1; ; attempt++ {
		conn, verifiers, err := f.ready(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := f.attempt(ctx, conn, verifiers, r, h)
		if err == nil {
			count.Bytes(uint64(len(fields) + len(answer.Header)))
			return f.readAnswer(r, id, answer)
		}
		// A judge that has restarted refuses what was labelled for its earlier life,
		// before it was passed on: a new label is no second sending.
		if attempt == attempts || fault.CodeOf(err) != fault.LabelWindow {
			return nil, err
		}
		f.news(ctx, verifiers)
	}
}

// attempts is how often a question is labelled: both judges may have restarted.
const attempts = 3

// attempt labels the parcel and sends it once.
func (f *Front) attempt(ctx context.Context, conn *wire.Conn, verifiers []label.Verifier, r Request, h *parcel.Header) (exchange.Carried, error) {
	p := f.Policy()
	if p == nil {
		return exchange.Carried{}, fault.New(fault.PolicyMissing, "no bundle")
	}
	flow := p.Flow(r.Flow.Name) // of now: what was asked under another bundle is judged by this one
	if flow == nil {
		return exchange.Carried{}, fault.New(fault.FlowUnknown, "flow %q has ended", r.Flow.Name)
	}
	f.address(p, flow, h)
	l := labelOf(flow, r.Subject)
	l.Class = flow.Class.Join(leastOf(flow, r.Content))
	c, err := f.seal(h, l, flow, verifiers)
	if err != nil {
		return c, err
	}
	return exchange.Ask(ctx, conn, h.ID, c)
}

// leastOf is the least class of a question's content; what is outside of the flow's
// forms the judges refuse.
func leastOf(flow *policy.Flow, content parcel.Record) label.Class {
	name, _ := content["form"].(string)
	if form := flow.Form(name); form != nil {
		return form.Request.Least(content)
	}
	return label.Lowest()
}

func labelOf(flow *policy.Flow, s Subject) label.Label {
	return label.Label{
		Subject: s.ID, Assurance: s.Assurance, Object: flow.Object, Action: flow.Action,
		Protocol: flow.Protocol, Purpose: flow.Purpose,
	}
}

// address fills in where a parcel of a flow goes.
func (f *Front) address(p *policy.Policy, flow *policy.Flow, h *parcel.Header) {
	h.Version, h.Suite, h.Flow, h.Guard = parcel.Version, parcel.SuiteIntl, flow.Name, p.Guard
	h.FromZone, h.ToZone, h.Source, h.Destination = flow.From, flow.To, f.id, flow.Exit
	if h.Kind == parcel.Answer {
		h.FromZone, h.ToZone, h.Destination = flow.To, flow.From, flow.Entry
	}
	h.Term, h.Bundle = p.Term, p.Version
}

// seal encodes the header and makes a new label for it.
func (f *Front) seal(h *parcel.Header, l label.Label, flow *policy.Flow, verifiers []label.Verifier) (exchange.Carried, error) {
	header, err := h.Encode()
	if err != nil {
		return exchange.Carried{}, err
	}
	l.Binding = parcel.Digest(header)
	sealed, err := f.maker.Seal(l, f.Clock.Now(), millis(flow.Limits.LabelMillis, defaultLabelLife), verifiers)
	if err != nil {
		return exchange.Carried{}, fault.Wrap(fault.GuardUnavailable, err, "label")
	}
	return exchange.Carried{Header: header, Label: sealed}, nil
}

// readAnswer takes an answer apart. The judges have judged it; what is checked here
// is that it answers this question in the form that was asked.
func (f *Front) readAnswer(r Request, id parcel.ID, c exchange.Carried) (parcel.Record, error) {
	h, err := parcel.Decode(c.Header)
	if err != nil {
		return nil, err
	}
	if h.Kind != parcel.Answer || h.InReplyTo != id || h.Destination != f.id {
		return nil, fault.New(fault.ParcelUnknown, "%s %s does not answer %s", h.Kind, h.ID, id)
	}
	content, err := parcel.DecodeRecord(h.Fields)
	if err != nil {
		return nil, err
	}
	name, _ := content["form"].(string)
	status, _ := content["status"].(int64)
	form := r.Flow.Form(name)
	if form == nil || name != r.Content["form"] || form.Answer(status) == nil {
		return nil, fault.New(fault.ContentInvalid, "answer in form %q with status %d", name, status)
	}
	return content, form.Answer(status).Check(content, "content")
}

// Deliver implements Conveyor.
func (f *Front) Deliver(ctx context.Context, flow *policy.Flow, out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	conn, verifiers, err := f.ready(ctx)
	if err != nil {
		return exchange.Receipt{}, err
	}
	p := f.Policy()
	if p == nil {
		return exchange.Receipt{}, fault.New(fault.PolicyMissing, "no bundle")
	}
	name := flow.Name
	if flow = p.Flow(name); flow == nil {
		return exchange.Receipt{}, fault.New(fault.FlowUnknown, "flow %q has ended", name)
	}
	content, err := parcel.DecodeRecord(out.Fields)
	if err != nil {
		return exchange.Receipt{}, err
	}
	h := &parcel.Header{Kind: parcel.Deliver, ID: out.ID, Fields: out.Fields, Evidence: out.Evidence, Body: out.Body}
	f.address(p, flow, h)
	l := labelOf(flow, Subject{ID: out.Subject, Assurance: out.Assurance})
	l.Class = flow.Class.Join(leastOf(flow, content))
	c, err := f.seal(h, l, flow, verifiers)
	if err != nil {
		return exchange.Receipt{}, err
	}
	count := f.flows.Begin(name)
	count.Bytes(h.Body.Size)
	receipt, err := exchange.Deliver(ctx, conn, c, h, out, body, nil)
	count.End(err)
	f.recordDelivery(h, &l, err)
	return receipt, err
}

func (f *Front) recordDelivery(h *parcel.Header, l *label.Label, err error) {
	e := audit.Entry{
		Class: audit.ClassDelivery, Verdict: "delivered", Parcel: h.ID, Flow: h.Flow,
		Subject: l.Subject, Object: l.Object, Action: l.Action,
	}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
		f.refused.Add(1)
	} else {
		f.passed.Add(1)
	}
	f.record(e)
}

var errNoReceiver = errors.New("this front takes no deliveries")
