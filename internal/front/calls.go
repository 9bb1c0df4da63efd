// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// serveCall answers a call of the guard or, through it, of the center.
func (f *Front) serveCall(ctx context.Context, conn *wire.Conn, s *wire.Stream, m wire.Message) error {
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, firstMessage)
	defer cancel()
	return control.Serve(bounded, s, head, rule, func(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
		return f.answerCall(ctx, conn, head, payload)
	})
}

// maxVerifiers bounds a message of windows.
const maxVerifiers = 4

func (f *Front) answerCall(ctx context.Context, conn *wire.Conn, head control.Head, payload []byte) ([]byte, error) {
	if head.To != f.id {
		return nil, fault.New(fault.PeerUnavailable, "this is %q", f.id)
	}
	switch head.Type {
	case control.Bundle:
		return nil, f.acceptBundle(payload)
	case control.Lease:
		return nil, f.acceptLease(payload)
	case control.Windows:
		var list []label.Verifier
		if err := canon.Unmarshal(payload, &list); err != nil || len(list) > maxVerifiers {
			return nil, fault.New(fault.ParcelMalformed, "windows")
		}
		f.set(func() {
			if f.conn == conn { // else a connection that has ended said so
				f.verifiers = list
			}
		})
		return nil, nil
	case control.Records:
		return control.AnswerRecords(f.Journal, payload)
	case control.Checkpoint:
		return f.Journal.Checkpoint(), nil
	case control.Health:
		return canon.Must(f.health()), nil
	case control.Configuration:
		return canon.Marshal(f.Effective)
	case control.Quarantine:
		return f.quarantined()
	case control.Release:
		return nil, f.release(ctx, payload)
	default:
		return nil, fault.New(fault.ParcelMalformed, "call of type %d", head.Type)
	}
}

// acceptLease takes a lease into use. One that is refused is told of: it can only come
// from a center that was captured, or through one that is behind.
func (f *Front) acceptLease(data []byte) error {
	err := f.Identity.AcceptLease(f.State, data, f.keys)
	if err == nil {
		return nil
	}
	err = fault.Wrap(fault.PolicyMalformed, err, "lease")
	f.Log.Warn("lease refused", "error", err)
	f.record(audit.Entry{Class: audit.ClassPolicy, Verdict: "refuse", Reason: string(fault.PolicyMalformed), Action: "lease"})
	return err
}

func (f *Front) acceptBundle(data []byte) error {
	p, err := f.apply(data)
	e := audit.Entry{Class: audit.ClassPolicy, Verdict: "allow", Action: "apply"}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
		f.Log.Warn("bundle refused", "error", err)
	} else {
		e.Object = policy.VersionName(p.Version)
		f.Log.Info("bundle in force", "version", p.Version)
	}
	f.record(e)
	return err
}

// apply puts a bundle in force, if this front's part of it can be read.
func (f *Front) apply(data []byte) (*policy.Policy, error) {
	f.applying.Lock()
	defer f.applying.Unlock()
	now := f.Clock.Now().UnixMilli()
	a := f.Identity.Admission
	p, err := policy.Open(data, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}, now, 0)
	if err != nil {
		return nil, err
	}
	d, err := f.readDirectory(p)
	if err != nil {
		return nil, err
	}
	if p, err = f.keeper.Accept(data, now); err != nil {
		return nil, err
	}
	f.directory.Store(d)
	return p, nil
}

func (f *Front) health() control.State {
	state := control.State{Component: f.id, Lease: f.keys.Serial(), Passed: f.passed.Load(), Refused: f.refused.Load(), Time: f.Clock.Now().UnixMilli(), Host: f.Host}
	if p := f.Policy(); p != nil {
		state.Bundle = p.Version
	}
	if f.pending != nil {
		state.Pending = uint64(f.pending())
	}
	state.Flows = f.flows.States(func(flow string) bool { p := f.Policy(); return p != nil && p.Flow(flow) != nil })
	state.Disk = control.DiskOf(f.State)
	for _, b := range f.inboxes() {
		state.Held += b.HeldCount()
	}
	return state
}

// askTime sets the clock by the authority's answer; without one the clock goes on.
func (f *Front) askTime(ctx context.Context) {
	f.mu.Lock()
	conn := f.conn
	f.mu.Unlock()
	center := f.center()
	if conn == nil || center == "" {
		return
	}
	if err := control.SetClock(ctx, conn, center, f.Clock); err != nil {
		f.Log.Debug("time not set", "error", err)
	}
}

// center is the center by the bundle in force, before the first by the admission.
func (f *Front) center() string {
	if p := f.Policy(); p != nil {
		return p.Center()
	}
	for _, p := range f.Identity.Admission.Peers {
		if policy.Role(p.Role) == policy.RoleCenter {
			return p.ID
		}
	}
	return ""
}
