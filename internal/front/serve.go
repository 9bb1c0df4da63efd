// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// firstMessage bounds how long a stream may be open before it says what it is.
const firstMessage = 30 * time.Second

// serveStream serves one stream that the guard opened.
func (f *Front) serveStream(ctx context.Context, conn *wire.Conn, s *wire.Stream) {
	defer s.Close()
	wait, cancel := context.WithTimeout(ctx, firstMessage)
	m, err := s.Receive(wait)
	cancel()
	if err != nil {
		return
	}
	switch m.Kind {
	case exchange.KindAsk:
		err = f.serveAsk(ctx, s, m)
		exchange.Drain(ctx, s)
	case exchange.KindOffer, exchange.KindRush:
		err = f.serveDeliver(ctx, s, m)
	case control.KindCall:
		err = f.serveCall(ctx, conn, s, m)
	default:
		err = fault.New(fault.ParcelMalformed, "stream begins with a message of kind %d", m.Kind)
	}
	if err != nil {
		f.Log.Debug("stream ended", "kind", m.Kind, "error", err)
	}
}

// arrived is a parcel that the guard has passed.
type arrived struct {
	raw     exchange.Carried
	header  *parcel.Header
	label   label.Label
	flow    *policy.Flow
	policy  *policy.Policy
	content parcel.Record
	form    *policy.Form
	counted bool // as under way on its flow
}

// nameOf is the name of a flow, empty for none.
func nameOf(flow *policy.Flow) string {
	if flow == nil {
		return ""
	}
	return flow.Name
}

// open takes a parcel apart and runs again what the flow's entry has run, since the
// entry's front may be captured: the form and the evidence.
func (f *Front) open(m wire.Message) (*arrived, error) {
	var a arrived
	var err error
	if a.raw, err = exchange.DecodeCarried(m, m.Kind); err != nil {
		return &a, err
	}
	if a.header, err = parcel.Decode(a.raw.Header); err != nil {
		return &a, err
	}
	if _, a.label, err = label.DecodeSealed(a.raw.Label); err != nil {
		return &a, err
	}
	if a.content, err = parcel.DecodeRecord(a.header.Fields); err != nil {
		return &a, err
	}
	if a.policy = f.Policy(); a.policy == nil {
		return &a, fault.New(fault.PolicyMissing, "no bundle")
	}
	if a.flow = a.policy.Flow(a.header.Flow); a.flow == nil {
		return &a, fault.New(fault.FlowUnknown, "no flow %q", a.header.Flow)
	}
	if a.flow.Exit != f.id || a.header.Destination != f.id || a.label.Binding != parcel.Digest(a.raw.Header) {
		return &a, fault.New(fault.FlowDirection, "parcel %s is not for %q", a.header.ID, f.id)
	}
	name, _ := a.content["form"].(string)
	if a.form = a.flow.Form(name); a.form == nil {
		return &a, fault.New(fault.ContentInvalid, "no form %q", name)
	}
	if err := a.form.Request.Check(a.content, "content"); err != nil {
		return &a, err
	}
	return &a, f.checkEvidence(&a)
}

// checkEvidence verifies what the inside can verify: a token that was issued here
// must name the label's subject.
func (f *Front) checkEvidence(a *arrived) error {
	if a.label.Assurance != label.ByToken {
		return nil
	}
	name, err := f.tokenSubject(a.policy, a.flow, string(a.header.Evidence))
	if err != nil {
		return err
	}
	if id := a.flow.From + "/" + name; id != a.label.Subject {
		return fault.New(fault.EvidenceInvalid, "the token is of %q, the label of %q", id, a.label.Subject)
	}
	return nil
}

func (f *Front) refuseStream(ctx context.Context, s *wire.Stream, a *arrived, err error) error {
	var id parcel.ID
	e := audit.Entry{Class: audit.ClassDelivery, Verdict: "refuse", Reason: string(fault.CodeOf(err))}
	if a.header != nil {
		id = a.header.ID
		e.Parcel, e.Flow, e.Subject, e.Object, e.Action = id, a.header.Flow, a.label.Subject, a.label.Object, a.label.Action
	}
	f.refused.Add(1)
	if !a.counted {
		f.flows.Refused(nameOf(a.flow), err)
	}
	f.record(e)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), firstMessage)
	defer cancel()
	if sendErr := exchange.Refuse(ctx, s, id, err); sendErr != nil {
		return sendErr
	}
	return err
}

// serveAsk has a question answered by its exit and labels the answer.
func (f *Front) serveAsk(ctx context.Context, s *wire.Stream, m wire.Message) (err error) {
	a, err := f.open(m)
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	a.counted = true
	count := f.flows.Begin(a.flow.Name)
	defer func() { count.End(err) }()
	exit := f.Exits[a.flow.Protocol]
	if exit == nil || a.header.Kind != parcel.Ask {
		return f.refuseStream(ctx, s, a, fault.New(fault.TargetUnavailable, "no exit for %s by %s", a.header.Kind, a.flow.Protocol))
	}
	proxy, err := a.policy.MapSubject(a.label.Subject, a.flow.To)
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	ctx, cancel := context.WithTimeout(ctx, millis(a.flow.Limits.TimeoutMillis, defaultTimeout))
	defer cancel()
	content, err := exit.Ask(ctx, Call{
		ID: a.header.ID, Flow: a.flow, Proxy: proxy, Subject: a.label.Subject,
		Token: string(a.header.Evidence), Content: a.content,
	})
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	c, err := f.answer(ctx, a, content)
	if fault.KindOf(fault.CodeOf(err)) == fault.Unavailable { // that would say that nothing was asked
		err = fault.Wrap(fault.Interrupted, err, "label the answer")
	}
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	f.passed.Add(1)
	f.record(audit.Entry{
		Class: audit.ClassDelivery, Verdict: "answered", Parcel: a.header.ID, Flow: a.flow.Name,
		Subject: a.label.Subject, Object: a.label.Object, Action: a.label.Action,
	})
	count.Bytes(uint64(len(a.raw.Header) + len(c.Header)))
	return exchange.Reply(ctx, s, c)
}

// answer labels the content of an answer with the least class that it may have.
func (f *Front) answer(ctx context.Context, a *arrived, content parcel.Record) (exchange.Carried, error) {
	status, _ := content["status"].(int64)
	schema := a.form.Answer(status)
	if schema == nil {
		return exchange.Carried{}, fault.New(fault.ContentInvalid, "no answer with status %d", status)
	}
	if err := schema.Check(content, "content"); err != nil {
		return exchange.Carried{}, err
	}
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		return exchange.Carried{}, err
	}
	h := &parcel.Header{Kind: parcel.Answer, ID: parcel.NewID(), InReplyTo: a.header.ID, Fields: fields}
	f.address(a.policy, a.flow, h)
	l := labelOf(a.flow, Subject{ID: a.label.Subject, Assurance: a.label.Assurance})
	l.Class = a.flow.Answer.Join(schema.Least(content))
	_, verifiers, err := f.ready(ctx)
	if err != nil {
		return exchange.Carried{}, err
	}
	return f.seal(h, l, a.flow, verifiers)
}

// serveDeliver takes a delivery into the inbox of its flow.
func (f *Front) serveDeliver(ctx context.Context, s *wire.Stream, m wire.Message) error {
	a, err := f.open(m)
	if err == nil && f.receiver == nil {
		err = fault.Wrap(fault.TargetUnavailable, errNoReceiver, "deliver")
	}
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	inbox, err := f.receiver.Inbox(a.flow)
	if err != nil {
		return f.refuseStream(ctx, s, a, err)
	}
	count := f.flows.Begin(a.flow.Name)
	count.Bytes(a.header.Body.Size)
	err = exchange.Accept(ctx, s, m.Kind, a.raw.Header, a.header, a.label.Subject, inbox)
	count.End(err)
	e := audit.Entry{
		Class: audit.ClassDelivery, Verdict: "received", Parcel: a.header.ID, Flow: a.flow.Name,
		Subject: a.label.Subject, Object: a.label.Object, Action: a.label.Action,
	}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
		f.refused.Add(1)
	} else {
		f.passed.Add(1)
	}
	f.record(e)
	return err
}
