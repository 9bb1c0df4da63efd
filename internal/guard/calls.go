// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/rand"
	"io"
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

// callLimits bounds how often calls of each type cross this half.
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

// serveCall answers a call that is for this half and passes others on, if the list
// allows them in that direction.
func (h *Half) serveCall(ctx context.Context, from *peer, s *wire.Stream, m wire.Message) error {
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return err
	}
	handler := h.answer
	switch {
	case !h.mayCall(from, head, rule):
		handler = func(context.Context, control.Head, []byte) ([]byte, error) {
			return nil, fault.New(fault.FlowDirection, "%s may not call %s of %s", from.id, rule.Name, head.To)
		}
		h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.FlowDirection), Action: "call " + rule.Name, Subject: from.id})
	case head.To != h.id:
		handler = func(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
			return h.passCall(ctx, from, head, payload)
		}
	}
	return control.Serve(ctx, s, head, rule, func(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
		if err := h.limits.byType[head.Type].Wait(ctx); err != nil {
			return nil, fault.Wrap(fault.RateLimited, err, "call %s", rule.Name)
		}
		return handler(ctx, head, payload)
	})
}

// mayCall holds a call against its direction: outward calls come from the center at
// the inner half and over the link at the outer half; inward ones from anyone else.
func (h *Half) mayCall(from *peer, head control.Head, rule control.Rule) bool {
	switch {
	case head.Type == control.Windows:
		return h.Side == Outer && from.link && head.To == h.id
	case h.Side == Inner:
		return rule.Outward == h.isCenter(from.id)
	default:
		return rule.Outward == from.link
	}
}

func (h *Half) isCenter(id string) bool {
	if p := h.keeper.Current(); p != nil {
		c := p.Component(id)
		return c != nil && c.Role == policy.RoleCenter
	}
	for _, p := range h.Identity.Admission.Peers {
		if p.ID == id {
			return policy.Role(p.Role) == policy.RoleCenter
		}
	}
	return false
}

// passCall hands a call on: to a neighbour of this side, to the other half, or to
// the center.
func (h *Half) passCall(ctx context.Context, from *peer, head control.Head, payload []byte) ([]byte, error) {
	next := h.peers.find(head.To)
	if next == nil && !from.link {
		next = h.peers.other()
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
	list := append([]label.Verifier{h.judge.Verifier()}, behind...)
	if h.Side == Outer && len(behind) == 0 {
		list = nil
	}
	h.windows.Store(&list)
	for _, p := range h.peers.all() {
		if !p.link {
			go h.tellWindows(context.Background(), p)
		}
	}
}

// callTimeout bounds a call that this half makes.
const callTimeout = 10 * time.Second

// greet tells a new neighbour what it needs: makers their windows, the outer half
// the inner judge's; then, on the outer side, it asks for the time.
func (h *Half) greet(ctx context.Context, p *peer) {
	switch {
	case !p.link:
		h.tellWindows(ctx, p)
	case h.Side == Inner:
		h.tellWindows(ctx, p)
	default:
		h.askTime(ctx)
	}
}

func (h *Half) tellWindows(ctx context.Context, p *peer) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list := *h.windows.Load()
	if h.isCenter(p.id) {
		return
	}
	if _, err := control.Call(ctx, p.conn, control.Head{Type: control.Windows, To: p.id}, canon.Must(list)); err != nil {
		h.Log.Debug("windows not told", "peer", p.id, "error", err)
	}
}

// askTime sets the clock by the authority's answer; without one the clock goes on.
func (h *Half) askTime(ctx context.Context) {
	link := h.peers.other()
	if link == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var nonce [16]byte
	if _, err := io.ReadFull(rand.Reader, nonce[:]); err != nil {
		panic(err)
	}
	sent := time.Now()
	answer, err := control.Call(ctx, link.conn, control.Head{Type: control.Time, To: h.centerID()}, nonce[:])
	if err == nil {
		err = h.Clock.Set(answer, nonce, sent)
	}
	if err != nil {
		h.Log.Debug("time not set", "error", err)
	}
}

func (h *Half) centerID() string {
	if p := h.keeper.Current(); p != nil {
		for i := range p.Components {
			if p.Components[i].Role == policy.RoleCenter {
				return p.Components[i].ID
			}
		}
	}
	return "center"
}
