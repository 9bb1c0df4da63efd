// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Counts are what a half has done since its start.
type Counts struct {
	passed  atomic.Uint64
	refused atomic.Uint64
}

// callLimits bounds how often one neighbour makes calls of each type.
type callLimits struct {
	byType map[control.Type]*rate.Limiter
}

func newCallLimits() *callLimits {
	l := &callLimits{byType: map[control.Type]*rate.Limiter{}}
	for t := control.Bundle; ; t++ {
		rule, ok := control.RuleOf(t)
		if !ok {
			return l
		}
		l.byType[t] = rate.NewLimiter(rate.Limit(rule.Rate), 2*rule.Rate)
	}
}

// wait takes one call's turn, or says that there are too many.
func (l *callLimits) wait(ctx context.Context, t control.Type) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	return l.byType[t].Wait(ctx)
}

const (
	callPatience = 2 * time.Second  // for a turn
	passTimeout  = 30 * time.Second // for a whole call of another
)

// serveCall answers a call that is for this half and passes others on, if the list
// allows them in that direction.
func (h *Half) serveCall(ctx context.Context, from *peer, s *wire.Stream, m wire.Message) error {
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	if err := from.limits.wait(ctx, head.Type); err != nil {
		return control.Refuse(ctx, s, fault.Wrap(fault.RateLimited, err, "call %s by %s", rule.Name, from.id))
	}
	if !h.mayCall(from, head, rule) {
		h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.FlowDirection), Action: "call " + rule.Name, Subject: from.id, Object: head.To})
		return control.Refuse(ctx, s, fault.New(fault.FlowDirection, "%s may not call %s of %s", from.id, rule.Name, head.To))
	}
	handler := h.answer
	if head.To != h.id {
		handler = func(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
			return h.passCall(ctx, from, head, payload)
		}
	}
	return control.Serve(ctx, s, head, rule, handler)
}

// mayCall holds a call against its direction: outward calls come from the center at
// the inner half and over the link at the outer half; inward ones from anyone else,
// and go to the center only. A half itself tells windows, which are passed no further.
func (h *Half) mayCall(from *peer, head control.Head, rule control.Rule) bool {
	outward := from.link
	if h.Side == Inner {
		outward = !from.link && h.isCenter(from.id)
	}
	switch {
	case head.Type == control.Windows:
		return h.Side == Outer && from.link && head.To == h.id
	case head.Type == control.Witness:
		return h.Side == Inner && outward && head.To == h.id
	case rule.Outward:
		return outward
	default:
		return !outward && head.To == h.centerID()
	}
}

func (h *Half) isCenter(id string) bool { return id != "" && id == h.centerID() }

// passCall hands a call on: to a neighbour of this side, to the other half, or to
// the center.
func (h *Half) passCall(ctx context.Context, from *peer, head control.Head, payload []byte) ([]byte, error) {
	next := h.peers.find(head.To)
	rule, _ := control.RuleOf(head.Type) // DecodeHead has looked
	if next == nil && !from.link && rule.Outward == (h.Side == Inner) {
		next = h.peers.other() // outward from the inner half, inward from the outer one
	}
	if next == nil || next == from {
		return nil, fault.New(fault.PeerUnavailable, "%q is not connected", head.To)
	}
	return control.Call(ctx, next.conn, head, payload)
}

// answer answers a call for this half.
func (h *Half) answer(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
	switch head.Type {
	case control.Bundle:
		return nil, h.acceptBundle(payload)
	case control.Lease:
		if err := h.Identity.AcceptLease(h.State, payload, h.keys); err != nil {
			return nil, fault.Wrap(fault.PolicyMalformed, err, "lease")
		}
		return nil, nil
	case control.Windows:
		return nil, h.acceptWindows(payload)
	case control.Records:
		return control.AnswerRecords(h.Journal, payload)
	case control.Checkpoint:
		return h.Journal.Checkpoint(), nil
	case control.Health:
		return canon.Must(h.health()), nil
	case control.Witness:
		return h.answerWitness(payload)
	default:
		return nil, fault.New(fault.ParcelMalformed, "call of type %d", head.Type)
	}
}

func (h *Half) acceptBundle(data []byte) error {
	p, err := h.keeper.Accept(data, h.Clock.Now().UnixMilli())
	e := audit.Entry{Class: audit.ClassPolicy, Verdict: "allow", Action: "apply"}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
		h.Log.Warn("bundle refused", "error", err)
	} else {
		e.Object = policy.VersionName(p.Version)
		h.Log.Info("bundle in force", "version", p.Version)
	}
	h.record(e)
	return err
}

func (h *Half) health() control.State {
	state := control.State{Component: h.id, Lease: h.keys.Serial(), Passed: h.counts.passed.Load(), Refused: h.counts.refused.Load(), Time: h.Clock.Now().UnixMilli()}
	if p := h.keeper.Current(); p != nil {
		state.Bundle = p.Version
	}
	for _, p := range h.peers.all() {
		state.Peers = append(state.Peers, p.id)
	}
	return state
}

// maxVerifiers bounds a message of windows.
const maxVerifiers = 4

// acceptWindows takes the inner judge's window, for the makers of this side.
func (h *Half) acceptWindows(payload []byte) error {
	var list []label.Verifier
	if err := canon.Unmarshal(payload, &list); err != nil || len(list) > maxVerifiers {
		return fault.New(fault.ParcelMalformed, "windows")
	}
	h.announce(list)
	return nil
}

// announce tells the makers of this side which judges to tag for: this half's own
// and those behind it. Before the link is up an outer half tells nothing, since no
// label that it could ask for would pass.
func (h *Half) announce(behind []label.Verifier) {
	list := append([]label.Verifier{h.own.Verifier()}, behind...)
	if h.Side == Outer && len(behind) == 0 {
		list = nil
	}
	h.windows.Store(&list)
	for _, p := range h.peers.all() {
		p.outdated()
	}
}

// callTimeout bounds a call that this half makes.
const callTimeout = 10 * time.Second

// tellAgain is the pause after windows that could not be told.
const tellAgain = 200 * time.Millisecond

// greet tells a neighbour what it needs for as long as it is connected: makers their
// windows, the outer half the inner judge's. The outer half asks for the time.
func (h *Half) greet(ctx context.Context, p *peer) {
	if p.link && h.Side == Outer {
		h.askTime(ctx)
		return
	}
	if h.isCenter(p.id) {
		return
	}
	for {
		again := time.NewTimer(time.Hour)
		if err := h.tellWindows(ctx, p); err != nil {
			h.Log.Debug("windows not told", "peer", p.id, "error", err)
			again.Reset(tellAgain)
		}
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-p.stale:
			again.Stop()
		case <-again.C:
		}
	}
}

func (h *Half) tellWindows(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	windows := *h.windows.Load()
	if p.link { // for the makers of the other side
		windows = []label.Verifier{h.across.Verifier()}
	}
	_, err := control.Call(ctx, p.conn, control.Head{Type: control.Windows, To: p.id}, canon.Must(windows))
	return err
}

// askTime sets the clock by the authority's answer; without one the clock goes on.
func (h *Half) askTime(ctx context.Context) {
	link := h.peers.other()
	if link == nil {
		return
	}
	if err := control.SetClock(ctx, link.conn, h.centerID(), h.Clock); err != nil {
		h.Log.Debug("time not set", "error", err)
	}
}

// centerID is the center by the bundle in force, before the first by the admission.
func (h *Half) centerID() string {
	if p := h.keeper.Current(); p != nil {
		return p.Center()
	}
	for _, p := range h.Identity.Admission.Peers {
		if policy.Role(p.Role) == policy.RoleCenter {
			return p.ID
		}
	}
	return ""
}
