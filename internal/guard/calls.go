// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Counts are what a part has done since its start.
type Counts struct {
	passed  atomic.Uint64
	refused atomic.Uint64
	flows   control.Counters
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

// serveCall answers a call that is for this part and passes others on, if the list
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
		h.recordCheap(from.damper, audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.FlowDirection), Action: "call " + rule.Name, Subject: from.id, Object: head.To})
		return control.Refuse(ctx, s, fault.New(fault.FlowDirection, "%s may not call %s of %s", from.id, rule.Name, head.To))
	}
	return control.Serve(ctx, s, head, rule, func(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
		if head.To == h.id {
			return h.answer(from, head, payload)
		}
		return h.passCall(ctx, from, head, payload)
	})
}

// mayCall holds a call against its direction. Outward calls are the center's: they come
// from it, or from the part that lies between it and here. Inward ones come from anyone
// else and go to the center only. Windows a part tells of the judges behind it, and they
// are passed no further.
func (h *Half) mayCall(from *peer, head control.Head, rule control.Rule) bool {
	central := from.at == inwards && (from.part || h.isCenter(from.id))
	switch {
	case head.Type == control.Windows:
		return from.part && head.To == h.id && len(h.place.courses[from.at].behind) > 0
	case head.Type == control.Witness:
		return h.witness != nil && central && head.To == h.id
	case rule.Outward:
		return central
	default:
		return !central && head.To == h.centerID()
	}
}

func (h *Half) isCenter(id string) bool { return id != "" && id == h.centerID() }

// passCall hands a call on: to a neighbour that it names, else to the part that lies
// where the call is going.
func (h *Half) passCall(ctx context.Context, from *peer, head control.Head, payload []byte) ([]byte, error) {
	next := h.peers.find(head.To)
	if next == nil {
		rule, _ := control.RuleOf(head.Type) // DecodeHead has looked
		next = h.peers.part(travels(rule))
	}
	if next == nil || next == from {
		return nil, fault.New(fault.PeerUnavailable, "%q is not connected", head.To)
	}
	switch {
	case h.border == nil:
		return control.Call(ctx, next.conn, head, payload)
	case from.at == outwards:
		answer, err := control.Call(ctx, next.conn, head, payload)
		return h.border.answer(head, payload, answer, err)
	}
	payload, err := h.border.call(ctx, head, payload)
	if err != nil {
		return nil, err
	}
	answer, err := control.Call(ctx, next.conn, head, payload)
	if err == nil && head.Type == control.Records {
		h.border.gotRecords(head.To, answer)
	}
	return answer, err
}

func travels(r control.Rule) way {
	if r.Outward {
		return outwards
	}
	return inwards
}

// answer answers a call for this part.
func (h *Half) answer(from *peer, head control.Head, payload []byte) ([]byte, error) {
	switch head.Type {
	case control.Bundle:
		return nil, h.acceptBundle(payload)
	case control.Lease:
		return nil, h.acceptLease(payload)
	case control.Windows:
		return nil, h.acceptWindows(from, payload)
	case control.Records:
		return control.AnswerRecords(h.Journal, payload)
	case control.Checkpoint:
		return h.Journal.Checkpoint(), nil
	case control.Health:
		return canon.Must(h.health()), nil
	case control.Configuration:
		return canon.Marshal(h.Effective)
	case control.Witness:
		return h.answerWitness(payload)
	default:
		return nil, fault.New(fault.ParcelMalformed, "call of type %d", head.Type)
	}
}

// acceptLease takes a lease into use. One that is refused is told of: it can only come
// from a center that was captured, or through one that is behind.
func (h *Half) acceptLease(data []byte) error {
	err := h.Identity.AcceptLease(h.State, data, h.keys)
	if err == nil {
		return nil
	}
	err = fault.Wrap(fault.PolicyMalformed, err, "lease")
	h.Log.Warn("lease refused", "error", err)
	h.record(audit.Entry{Class: audit.ClassPolicy, Verdict: "refuse", Reason: string(fault.PolicyMalformed), Action: "lease"})
	return err
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
	state := control.State{Component: h.id, Lease: h.keys.Serial(), Passed: h.counts.passed.Load(), Refused: h.counts.refused.Load(), Time: h.Clock.Now().UnixMilli(), Host: h.Host}
	if p := h.keeper.Current(); p != nil {
		state.Bundle = p.Version
	}
	for _, p := range h.peers.all() {
		state.Peers = append(state.Peers, p.id)
	}
	state.Flows = h.counts.flows.States(func(flow string) bool { return h.flowOf(flow) != "" })
	state.Disk = control.DiskOf(h.State)
	return state
}

// flowOf is name when it is that of a flow of the bundle in force, else empty.
func (h *Half) flowOf(name string) string {
	if p := h.keeper.Current(); p == nil || p.Flow(name) == nil {
		return ""
	}
	return name
}

// acceptWindows takes from a part the windows of the judges behind it, of which it may
// have heard of none yet. Their names are known: only the windows are its own to say.
func (h *Half) acceptWindows(from *peer, payload []byte) error {
	var list []label.Verifier
	behind := h.place.courses[from.at].behind
	if err := canon.Unmarshal(payload, &list); err != nil || len(list) != 0 && len(list) != len(behind) {
		return fault.New(fault.ParcelMalformed, "windows")
	}
	for i, v := range list {
		if v.Judge != h.part(behind[i]) {
			return fault.New(fault.ParcelMalformed, "a window of %q in place of the %s", v.Judge, behind[i])
		}
	}
	if h.border != nil {
		if err := h.border.news(list); err != nil {
			return err
		}
	}
	if was := from.told.Swap(&list); was == nil || !slices.Equal(*was, list) { // else parts would tell each other for ever
		h.announce()
	}
	return nil
}

// announce has all neighbours told anew which judges to tag for.
func (h *Half) announce() {
	for _, p := range h.peers.all() {
		p.outdated()
	}
}

// windows are what is to be tagged for by who makes what travels one way: this part's
// own judge and those behind it. There are none while those are not known, since no
// label would pass that could be asked for.
func (h *Half) windows(w way) []label.Verifier {
	var list []label.Verifier
	if j := h.judges[w]; j != nil {
		list = append(list, j.Verifier())
	}
	if len(h.place.courses[w].behind) == 0 {
		return list
	}
	next := h.peers.part(w)
	if next == nil {
		return nil
	}
	told := next.told.Load()
	if told == nil || len(*told) == 0 {
		return nil
	}
	return append(list, *told...)
}

// judged tells whether this part or one behind it judges what travels one way.
func (h *Half) judged(w way) bool {
	return h.judges[w] != nil || len(h.place.courses[w].behind) > 0
}

// callTimeout bounds a call that this part makes.
const callTimeout = 10 * time.Second

// tellAgain is the pause after windows that could not be told.
const tellAgain = 200 * time.Millisecond

// timeAgain is the pause after a question for the time that had no answer.
const timeAgain = 2 * time.Second

// greet begins a connection: a part that leads to the center is asked for the time.
func (h *Half) greet(ctx context.Context, p *peer) {
	if p.part && p.at == inwards {
		for !h.askTime(ctx) && ctx.Err() == nil {
			daemon.Rest(ctx, timeAgain)
		}
	}
}

// keepTold tells a neighbour the windows whenever they change.
func (h *Half) keepTold(ctx context.Context, p *peer) {
	if h.isCenter(p.id) || !h.judged(p.at.back()) {
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
	windows := h.windows(p.at.back())
	_, err := control.Call(ctx, p.conn, control.Head{Type: control.Windows, To: p.id}, canon.Must(windows))
	return err
}

// askTime sets the clock by the authority's answer, and tells whether there was one;
// without it the clock goes on.
func (h *Half) askTime(ctx context.Context) bool {
	next := h.peers.part(inwards)
	if next == nil {
		return false
	}
	err := control.SetClock(ctx, next.conn, h.centerID(), h.Clock)
	if err != nil {
		h.Log.Debug("time not set", "error", err)
	}
	return err == nil
}

// centerID is the center by the bundle in force, before the first by the admission.
func (h *Half) centerID() string {
	if p := h.keeper.Current(); p != nil {
		return p.Center()
	}
	return h.part(policy.RoleCenter)
}
