// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"slices"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// inboxes are those of the flows of files that leave here and can be opened.
func (f *Front) inboxes() []*exchange.Inbox {
	p := f.Policy()
	if p == nil || f.receiver == nil {
		return nil
	}
	var list []*exchange.Inbox
	for i := range p.Flows {
		flow := &p.Flows[i]
		if flow.Kind != "deliver" || flow.Exit != f.id {
			continue
		}
		if b, err := f.receiver.Inbox(flow); err == nil && !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list
}

// quarantined tells what lies in quarantine here, the newest first.
func (f *Front) quarantined() ([]byte, error) {
	type lying struct {
		exchange.HeldID
		in *exchange.Inbox
	}
	var all []lying
	for _, b := range f.inboxes() {
		ids, err := b.HeldIDs()
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			all = append(all, lying{id, b})
		}
	}
	slices.SortStableFunc(all, func(a, b lying) int { return b.Since.Compare(a.Since) })
	q := control.Quarantined{Component: f.id, Total: uint64(len(all)), Items: []control.Held{}}
	for _, l := range all[:min(len(all), control.MaxHeld)] {
		h, err := l.in.Held(l.ID)
		if err != nil {
			f.Log.Warn("quarantine", "parcel", l.ID.String(), "error", err)
			continue
		}
		q.Items = append(q.Items, heldOf(h))
	}
	return canon.Marshal(q)
}

// heldOf is what is told of a delivery in quarantine.
func heldOf(h *exchange.Held) control.Held {
	name := h.Name()
	if h.Code == fault.NameInvalid || h.Code == fault.ContentInvalid {
		name = "" // it may be made to deceive who reads it, and is not released
	}
	return control.Held{
		Parcel: h.Header.ID, Flow: h.Header.Flow, Name: name, Size: h.Header.Body.Size, Root: h.Header.Body.Root,
		Bundle: h.Header.Bundle, Code: h.Code, Since: h.Since.UnixMilli(),
	}
}

// release takes one delivery out of quarantine, as a quorum of the approvers of this
// front's own admission have signed it. What carried the document decides nothing.
func (f *Front) release(ctx context.Context, payload []byte) error {
	a := f.Identity.Admission
	r, s, err := control.OpenRelease(payload, a.Approvers, int(a.Quorum))
	var inbox *exchange.Inbox
	if err == nil {
		inbox, err = f.inboxOf(&r)
	}
	e := audit.Entry{Class: audit.ClassDelivery, Action: "release from quarantine", Parcel: r.Parcel, Flow: r.Flow, Verdict: "refuse"}
	if err == nil {
		_, err = inbox.ReleaseHeld(ctx, r.Parcel, s.Digest(), func(h *exchange.Held) error {
			e.Subject = h.Subject
			err := f.admitRelease(&r, h, e, s)
			if err == nil {
				e.Verdict = "failed" // unless it works
			}
			return err
		})
	}
	switch {
	case err != nil:
		e.Reason = string(fault.CodeOf(err))
		f.Log.Warn("not released from quarantine", "parcel", r.Parcel.String(), "error", err)
	case e.Verdict == "failed":
		return nil // it is on the record
	default: // begun or done before, after which there may have been a failure
		e.Verdict = "released"
	}
	f.record(e)
	return err
}

// inboxOf is where a release is to happen.
func (f *Front) inboxOf(r *control.ReleaseDocument) (*exchange.Inbox, error) {
	p := f.Policy()
	switch {
	case r.Guard != f.Identity.Admission.Guard || r.Front != f.id:
		return nil, fault.New(fault.FlowDirection, "a release at %q of guard %q", r.Front, r.Guard)
	case p == nil:
		return nil, fault.New(fault.PolicyMissing, "no bundle")
	case f.receiver == nil:
		return nil, fault.Wrap(fault.TargetUnavailable, errNoReceiver, "release")
	}
	flow := p.Flow(r.Flow)
	if flow == nil || flow.Kind != "deliver" || flow.Exit != f.id {
		return nil, fault.New(fault.FlowUnknown, "no flow %q of files leaves here", r.Flow)
	}
	return f.receiver.Inbox(flow)
}

// admitRelease holds a release against what lies in quarantine, and has it on the disk of
// the journal before anything is done.
func (f *Front) admitRelease(r *control.ReleaseDocument, h *exchange.Held, e audit.Entry, s *envelope.Signed) error {
	held := heldOf(h)
	if !r.Frees(f.Identity.Admission.Guard, f.id, &held) {
		return fault.New(fault.ParcelAltered, "the release is not for what lies here as parcel %s", r.Parcel)
	}
	if err := r.InTime(f.Clock.Now()); err != nil {
		return err
	}
	p := f.Policy()
	flow := p.Flow(r.Flow)
	if flow == nil || flow.From != h.Header.FromZone || flow.To != h.Header.ToZone || flow.Form("file") == nil {
		return fault.New(fault.FlowDirection, "flow %q is another one now", r.Flow)
	}
	e.Verdict, e.Object, e.Detail = "released", flow.Object, releaseDetail(s, p)
	e.Time = f.Clock.Now().UnixMilli()
	if err := f.Journal.Append(e).Wait(); err != nil {
		return fault.Wrap(fault.RecordFailed, err, "release of parcel %s", r.Parcel)
	}
	return nil
}

// releaseDetail is by whom a release was signed, and under which policy it happens.
func releaseDetail(s *envelope.Signed, p *policy.Policy) []byte {
	var keys []string
	for _, sig := range s.Signatures {
		keys = append(keys, sig.Key.String())
	}
	digest := s.Digest()
	return canon.Must(map[string]any{"approvers": keys, "document": digest[:], "bundle": p.Version})
}
