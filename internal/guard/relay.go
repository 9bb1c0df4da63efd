// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// defaultTimeout bounds an Ask whose flow states nothing.
const defaultTimeout = 30 * time.Second

// firstMessage bounds how long a stream may be open before it says what it is.
const firstMessage = 30 * time.Second

// serveStream serves one stream that a neighbour opened. The first message says
// what it is.
func (h *Half) serveStream(ctx context.Context, from *peer, s *wire.Stream) {
	defer s.Close()
	wait, cancel := context.WithTimeout(ctx, firstMessage)
	m, err := s.Receive(wait)
	cancel()
	if err != nil {
		return
	}
	switch m.Kind {
	case exchange.KindAsk:
		err = h.relayAsk(ctx, from, s, m)
		exchange.Drain(ctx, s)
	case exchange.KindOffer, exchange.KindRush:
		err = h.relayDeliver(ctx, from, s, m)
	case control.KindCall:
		err = h.serveCall(ctx, from, s, m)
	default:
		err = h.refuseUnread(ctx, from, s, fault.New(fault.ParcelMalformed, "stream begins with a message of kind %d", m.Kind))
	}
	if err != nil {
		h.Log.Debug("stream ended", "peer", from.id, "kind", m.Kind, "error", err)
	}
}

// relayAsk judges a question, has it answered by the next neighbour on its way, and
// judges the answer.
func (h *Half) relayAsk(ctx context.Context, from *peer, s *wire.Stream, m wire.Message) (err error) {
	c, err := exchange.DecodeCarried(m, exchange.KindAsk)
	if err != nil {
		return h.refuseUnread(ctx, from, s, err)
	}
	v, err := h.pass(from, c, parcel.Ask)
	if err != nil {
		return h.refuseAsk(ctx, s, h.countRefused(&v, err), err)
	}
	defer h.left(from, &v)
	count := h.counts.flows.Begin(h.flowOf(v.Header.Flow))
	defer func() { count.End(err) }()
	ctx, cancel := context.WithTimeout(ctx, h.timeout(v.Header.Flow))
	defer cancel()
	next, err := h.next(from, v.Header)
	if err != nil {
		return h.refuseAsk(ctx, s, v.Header.ID, err)
	}
	answer, err := exchange.Ask(ctx, next.conn, v.Header.ID, c)
	if err != nil {
		h.recordEnd(&v, "refuse", fault.CodeOf(err))
		return h.handRefusal(context.WithoutCancel(ctx), from, s, v.Header.ID, err)
	}
	if err := h.passAnswer(next, answer, &v); err != nil {
		return h.handRefusal(ctx, from, s, v.Header.ID, answered(err))
	}
	count.Bytes(uint64(len(c.Header) + len(answer.Header)))
	return exchange.Reply(ctx, s, answer)
}

// refuseUnread refuses, and records, what could not even be read as a parcel.
func (h *Half) refuseUnread(ctx context.Context, from *peer, s *wire.Stream, err error) error {
	h.counts.refused.Add(1)
	h.counts.flows.Refused("", err)
	h.recordCheap(from.damper, audit.Entry{Class: audit.ClassDecision, Verdict: "refuse", Reason: string(fault.CodeOf(err)), Subject: from.id, Action: "read"})
	return h.refuseAsk(ctx, s, parcel.ID{}, err)
}

// countRefused counts a parcel that was not passed, and gives its id where it has one.
func (h *Half) countRefused(v *judge.Verdict, err error) parcel.ID {
	if v.Header == nil {
		h.counts.flows.Refused("", err)
		return parcel.ID{}
	}
	h.counts.flows.Refused(h.flowOf(v.Header.Flow), err)
	return v.Header.ID
}

// refuseAsk tells the neighbour the code of a cause and nothing else.
func (h *Half) refuseAsk(ctx context.Context, s *wire.Stream, id parcel.ID, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, firstMessage)
	defer cancel()
	return errors.Join(cause, exchange.Refuse(ctx, s, id, cause))
}

// handRefusal refuses by what comes from the other side: what that can tell by it is
// bounded at the border.
func (h *Half) handRefusal(ctx context.Context, from *peer, s *wire.Stream, id parcel.ID, cause error) error {
	if h.border != nil && from.at == outwards {
		cause = h.border.refusal(ctx, cause)
	}
	return h.refuseAsk(ctx, s, id, cause)
}

func (h *Half) timeout(flow string) time.Duration {
	if p := h.keeper.Current(); p != nil {
		if f := p.Flow(flow); f != nil && f.Limits.TimeoutMillis > 0 {
			return time.Duration(f.Limits.TimeoutMillis) * time.Millisecond
		}
	}
	return defaultTimeout
}

// next is the neighbour on the way: the next part, or behind the last one the
// destination. Nothing goes back where it came from.
func (h *Half) next(from *peer, header *parcel.Header) (*peer, error) {
	on := from.at.back()
	if h.place.courses[on].next != "" {
		if p := h.peers.part(on); p != nil {
			return p, nil
		}
		return nil, fault.New(fault.GuardUnavailable, "the next part of the guard is not connected")
	}
	if p := h.peers.find(header.Destination); p != nil && p.at == on {
		return p, nil
	}
	return nil, fault.New(fault.PeerUnavailable, "%q is not connected", header.Destination)
}

// courseOf is what becomes of what comes from a neighbour.
func (h *Half) courseOf(from *peer) course { return h.place.courses[from.at.back()] }

// judgeOf is the judge of what comes from a neighbour, nil where its form is checked.
func (h *Half) judgeOf(from *peer) verifier { return h.judges[from.at.back()] }

// pass judges one parcel, which must be of a kind, and records the verdict. When it
// returns nil the parcel may go on: the record is durable where it has to be.
func (h *Half) pass(from *peer, c exchange.Carried, kind parcel.Kind) (judge.Verdict, error) {
	v, err := h.verdict(from, c)
	if err == nil {
		err = h.fits(from, &v, kind)
	}
	cheap := err != nil && !decided(&v)
	if err == nil && kind != parcel.Answer {
		err = h.entered(from, &v)
		cheap = err != nil
	}
	if cheap && !from.damper.admit(h.Clock.Now()) {
		h.counts.refused.Add(1)
		return v, err
	}
	ticket := h.recordVerdict(&v, c, err)
	if err != nil {
		h.counts.refused.Add(1)
		return v, err
	}
	if h.courseOf(from).waits {
		if err := ticket.Wait(); err != nil {
			if kind != parcel.Answer {
				h.left(from, &v)
			}
			return v, fault.Wrap(fault.RecordFailed, err, "record the verdict")
		}
	}
	h.counts.passed.Add(1)
	return v, nil
}

// entered holds a parcel that was found good to its quota. What has entered has to leave.
func (h *Half) entered(from *peer, v *judge.Verdict) (err error) {
	flow := h.keeper.Current().Flow(v.Header.Flow)
	switch share := h.courseOf(from).quota; {
	case share == ofNone:
		return nil
	case flow == nil: // a bundle came since the verdict
		err = fault.New(fault.FlowUnknown, "no flow %q", v.Header.Flow)
	case share == ofFlow:
		err = h.quota.pass(flow)
	default:
		err = h.quota.enter(flow, v.Label.Subject)
	}
	if err != nil {
		code := fault.CodeOf(err)
		v.Decision = policy.Decision{Code: code, Reasons: []policy.Reason{{Code: code, Rule: "quota", What: err.Error()}}}
	}
	return err
}

// left ends what entered began.
func (h *Half) left(from *peer, v *judge.Verdict) {
	if h.courseOf(from).quota == ofSubject {
		h.quota.leave(v.Header.Flow)
	}
}

func (h *Half) verdict(from *peer, c exchange.Carried) (judge.Verdict, error) {
	k := judge.Case{Header: c.Header, Label: c.Label, Presenter: from.id, Relayed: from.part}
	p := h.keeper.Current()
	if j := h.judgeOf(from); j != nil {
		return j.Judge(p, k)
	}
	return judge.Form(p, k, h.Clock.Now())
}

// fits holds a parcel that was judged against the stream that it came on: its kind,
// and the side that it came from.
func (h *Half) fits(from *peer, v *judge.Verdict, kind parcel.Kind) error {
	var err *fault.Error
	p := h.keeper.Current()
	source := p.Zone(v.Header.FromZone)
	switch {
	case v.Header.Kind != kind:
		err = fault.New(fault.ParcelMalformed, "%s where a parcel of kind %s is due", v.Header.Kind, kind)
	case source == nil || source.Inner != (from.at == inwards):
		err = fault.New(fault.FlowDirection, "from zone %q, but presented from the other side", v.Header.FromZone)
	default:
		return nil
	}
	v.Decision = policy.Decision{Code: err.Code, Reasons: []policy.Reason{{Code: err.Code, Rule: "stream", What: err.What}}}
	return err
}

// answered is the cause that is told when an answer does not pass. Codes that say that
// nothing was passed on would have the question asked again.
func answered(err error) error {
	if fault.KindOf(fault.CodeOf(err)) == fault.Unavailable {
		return fault.Wrap(fault.Interrupted, err, "pass the answer on")
	}
	return err
}

// passAnswer judges the answer to a question that this part passed.
func (h *Half) passAnswer(from *peer, c exchange.Carried, asked *judge.Verdict) error {
	v, err := h.pass(from, c, parcel.Answer)
	if err != nil {
		return err
	}
	if err := judge.Answers(asked, &v); err != nil {
		h.recordEnd(&v, "refuse", fault.CodeOf(err))
		return err
	}
	return nil
}

// detail is what an auditor can replay a decision from.
type detail struct {
	_       struct{} `cbor:",toarray"`
	Header  []byte   // see recorded
	Bundle  uint64   // version that decided
	Reasons []reason
}

type reason struct {
	_    struct{} `cbor:",toarray"`
	Code fault.Code
	Rule string
	What string
}

// recordVerdict records what was decided on a parcel.
func (h *Half) recordVerdict(v *judge.Verdict, c exchange.Carried, err error) audit.Ticket {
	e := audit.Entry{Class: audit.ClassDecision, Verdict: "allow", Label: c.Label}
	if len(e.Label) > audit.MaxLabel {
		e.Label = e.Label[:audit.MaxLabel] // refused for its size: the beginning tells whose it was
	}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
	}
	if v.Header != nil {
		e.Parcel, e.Flow = v.Header.ID, v.Header.Flow
		if v.Header.Kind == parcel.Answer {
			e.Parcel = v.Header.InReplyTo // the id that the caller is told; the detail has the answer's own
		}
	}
	if v.Label != nil {
		e.Subject, e.Object, e.Action = v.Label.Subject, v.Label.Object, v.Label.Action
	}
	d := detail{Header: h.recorded(v, c)}
	if p := h.keeper.Current(); p != nil {
		d.Bundle = p.Version
	}
	for _, r := range v.Decision.Reasons[:min(len(v.Decision.Reasons), maxReasons)] {
		d.Reasons = append(d.Reasons, reason{Code: r.Code, Rule: clip(r.Rule), What: clip(r.What)})
	}
	e.Detail = canon.Must(d)
	return h.record(e)
}

// Limits of the reasons in a detail: names out of the parcel are in them.
const (
	maxReasons = 64
	maxReason  = 256 // bytes of each text
)

func clip(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxReason)], "?")
}

// undecidedHeader bounds what is kept of a parcel that was refused before Decide, in
// bytes: whoever sends refuse must not fill the disk with it.
const undecidedHeader = 16 << 10

// recorded is what the detail keeps of a header: all that Decide saw, without what the
// flow calls secret. Of what could not be read, and of a large one whose maker is not
// proven, it is the digest.
func (h *Half) recorded(v *judge.Verdict, c exchange.Carried) []byte {
	digest := parcel.Digest(c.Header)
	if v.Header == nil || !decided(v) && len(c.Header) > undecidedHeader {
		return digest[:]
	}
	kept, err := h.keeper.Current().Recorded(v.Header, v.Content)
	if err != nil {
		return digest[:] // fields that decode and do not encode: nothing that Decide has passed
	}
	return canon.Must(kept)
}

// decided tells whether Decide, or what only checks the form, has seen the parcel.
func decided(v *judge.Verdict) bool {
	return v.Decision.Allow || len(v.Decision.Reasons) > 0 && v.Decision.Reasons[0].Rule != "label"
}

// recordEnd records how a parcel that was passed ended.
func (h *Half) recordEnd(v *judge.Verdict, verdict string, code fault.Code) audit.Ticket {
	return h.record(audit.Entry{
		Class: audit.ClassDelivery, Verdict: verdict, Reason: string(code), Parcel: v.Header.ID,
		Flow: v.Header.Flow, Subject: v.Label.Subject, Object: v.Label.Object, Action: v.Label.Action,
	})
}

func (h *Half) record(e audit.Entry) audit.Ticket {
	e.Time = h.Clock.Now().UnixMilli()
	return h.Journal.Append(e)
}
