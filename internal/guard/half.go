// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard is one part of the guard: the outer half, or one of the two processes
// of the inner half, the gate and the inner process. It takes parcels from its
// neighbours, judges and records each, and hands it on. It forwards no bytes: whatever
// leaves is a parcel that was decoded here. What each part does in each direction is
// in the table of placeOf.
package guard

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/judge/second"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// Config is what a part is made of.
type Config struct {
	Side      Side
	Identity  *pki.Identity
	State     string // directory of the bundle and the lease
	Journal   *audit.Journal
	Link      Connector    // the cable; of the inner process the way to the gate
	Listener  net.Listener // for the fronts of this side and the center; of the gate for the inner process
	Clock     *pki.Clock
	Host      control.Host      // told with its state
	Effective control.Effective // told when asked: what it runs with
	Log       *slog.Logger
}

// Half is one part of the guard at its place.
type Half struct {
	Config
	id      string
	place   place
	keeper  *policy.Keeper
	keys    *pki.Keys
	judges  map[way]verifier // of what travels there; none where its form is checked
	witness *audit.Witness   // of the center's log; only where the center connects
	peers   *peers
	quota   *quota
	border  *border // nil but at the gate
	lobby   lobby
	counts  Counts

	strangers *damper
	all       sync.WaitGroup // connections
}

// verifier is a judge of one of the two implementations.
type verifier interface {
	Judge(p *policy.Policy, c judge.Case) (judge.Verdict, error)
	Again(p *policy.Policy, v *judge.Verdict) error
	Verifier() label.Verifier
}

// New is a half with the bundle and lease that its disk holds.
func New(c Config) (*Half, error) {
	a := c.Identity.Admission
	if a == nil {
		return nil, fmt.Errorf("%s is not admitted: have its request answered and accept the answer first", c.Identity.Request.ID)
	}
	at, ok := placeOf(c.Side)
	if !ok {
		return nil, fmt.Errorf("a guard has no side %q", c.Side)
	}
	h := &Half{Config: c, id: c.Identity.Request.ID, place: at, keys: &pki.Keys{}, judges: map[way]verifier{}, peers: newPeers()}
	h.quota, h.strangers, h.lobby.by = newQuota(c.Clock.Now), newDamper(), map[string]int{}
	if at.border {
		h.border = newBorder(h, c.Clock.Now)
	}
	var err error
	if h.keeper, err = policy.NewKeeper(c.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}); err != nil {
		return nil, err
	}
	if err := h.Identity.LoadLease(c.State, h.keys); err != nil {
		return nil, err
	}
	c.Journal.UseKeys(h.keys.Detail)
	for w, course := range at.courses {
		if err := h.seat(w, course.check); err != nil {
			return nil, err
		}
	}
	if at.center {
		h.witness, err = openWitness(h)
	}
	return h, err
}

// seat gives this part its judge of what travels one way.
func (h *Half) seat(w way, c check) (err error) {
	switch c {
	case byFirst:
		h.judges[w], err = judge.New(h.id, h.keys, h.Clock.Now, nil)
	case bySecond:
		h.judges[w], err = second.New(h.id, h.keys, h.Clock.Now, nil)
	case byForm: // needs nobody
	}
	return err
}

// Run serves until ctx ends or a part fails, and returns when all that it began has
// ended and is in the log.
func (h *Half) Run(ctx context.Context) error {
	err := daemon.Run(ctx,
		daemon.Task{Name: "journal", Run: h.Journal.Run},
		daemon.Task{Name: "link", Run: h.runLink},
		daemon.Task{Name: "listener", Run: h.runListener},
		daemon.Task{Name: "policy", Run: h.runPolicy},
		daemon.Task{Name: "clock", Run: h.runClock},
		daemon.Task{Name: "dampers", Run: h.runDampers},
	)
	h.all.Wait()
	if h.witness != nil {
		err = errors.Join(err, h.witness.Close())
	}
	return errors.Join(err, h.Journal.Flush())
}

// pins tells who may connect: another part by the admission, which never depends on a
// bundle; a front or the center by the bundle, before the first one by the admission.
func (h *Half) pins(key ed25519.PublicKey) (string, bool) {
	if role := h.place.courses[h.place.listener()].next; role != "" {
		return h.partWith(key, role)
	}
	p := h.keeper.Current()
	if p == nil {
		return h.Identity.Admission.Pins(key)
	}
	for i := range p.Components {
		if p.Components[i].Key.Equal(key) {
			return p.Components[i].ID, true
		}
	}
	return "", false
}

// partWith finds the part of this guard that has a role and a key, by the admission.
func (h *Half) partWith(key ed25519.PublicKey, role policy.Role) (string, bool) {
	for _, p := range h.Identity.Admission.Peers {
		if p.Key.Equal(key) && policy.Role(p.Role) == role {
			return p.ID, true
		}
	}
	return "", false
}

// part is the admitted component of a role, "" for none.
func (h *Half) part(role policy.Role) string {
	for _, p := range h.Identity.Admission.Peers {
		if policy.Role(p.Role) == role {
			return p.ID
		}
	}
	return ""
}

// mayConnect tells which components have business at this part's listener.
func (h *Half) mayConnect(id string) bool {
	if role := h.place.courses[h.place.listener()].next; role != "" {
		return id != "" && id == h.part(role)
	}
	p := h.keeper.Current()
	if p == nil {
		return h.place.center && id != "" && id == h.part(policy.RoleCenter)
	}
	c := p.Component(id)
	if c == nil {
		return false
	}
	zone := p.Zone(c.Zone)
	switch c.Role {
	case policy.RoleFront:
		return zone != nil && zone.Inner == (h.place.listener() == inwards)
	case policy.RoleCenter:
		return h.place.center
	default:
		return false
	}
}

// admitted tells whether a connected peer may stay: its key is still that of a
// component that has business here.
func (h *Half) admitted(p *peer) bool {
	if p.part {
		return true // by the admission, which does not change while this process runs
	}
	id, ok := h.pins(p.key)
	return ok && id == p.id && h.mayConnect(id)
}

// runPolicy cuts off peers that a new bundle no longer names.
func (h *Half) runPolicy(ctx context.Context) error {
	for {
		changed := h.keeper.Changed()
		for _, p := range h.peers.all() {
			if !h.admitted(p) {
				h.Log.Warn("peer is no longer admitted", "peer", p.id)
				h.record(audit.Entry{Class: audit.ClassSession, Verdict: "refuse", Reason: string(fault.PeerUnknown), Action: "stay", Subject: p.id})
				p.cut()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// runClock keeps the floor of the clock, and has it set; the inner process asks nobody.
func (h *Half) runClock(ctx context.Context) error {
	if h.Side == Inner {
		return h.Clock.Run(ctx, nil)
	}
	return h.Clock.Run(ctx, func(ctx context.Context) { h.askTime(ctx) })
}
