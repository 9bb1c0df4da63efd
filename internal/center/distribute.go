// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

const (
	lookEvery   = time.Second     // how often components are asked for their state
	lookTimeout = 3 * time.Second // how long one may take, while others wait
)

// Apply puts a signed bundle in force here and starts its way to the components.
func (c *Center) Apply(ctx context.Context, data []byte) (*policy.Policy, error) {
	before := c.keeper.Current()
	p, err := c.keeper.Accept(data, time.Now().UnixMilli())
	e := audit.Entry{Class: audit.ClassPolicy, Verdict: "allow", Action: "publish"}
	if err != nil {
		e.Verdict, e.Reason = "refuse", string(fault.CodeOf(err))
		c.record(e)
		c.Log.Warn("bundle refused", "error", err)
		return nil, err
	}
	e.Object = policy.VersionName(p.Version)
	if err := c.record(e).Wait(); err != nil {
		return nil, err
	}
	if before != p {
		wait, cancel := context.WithTimeout(ctx, applyWait)
		defer cancel()
		c.distribute(wait) // what takes longer goes on behind the answer
	}
	return p, nil
}

// applyWait is how long Apply waits for the components.
const applyWait = 5 * time.Second

// runDistribution brings every component to the bundle in force, and its lease to
// the bundle's end, for as long as it takes.
func (c *Center) runDistribution(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-c.wake:
		}
		c.distribute(ctx)
	}
}

// distribute looks at each component once, those nearest first: a bundle must have
// reached the inner half before what is behind it can be reached under it.
func (c *Center) distribute(ctx context.Context) {
	p := c.keeper.Current()
	if p == nil {
		return
	}
	data, err := os.ReadFile(filepath.Join(c.State, "bundle.dukou"))
	if err != nil {
		c.Log.Error("the bundle in force cannot be read", "error", err)
		return
	}
	bring := func(which func(*policy.Component) bool) {
		var wg sync.WaitGroup
		for i := range p.Components {
			if component := &p.Components[i]; which(component) {
				wg.Go(func() { c.bring(ctx, p, component, data) })
			}
		}
		wg.Wait()
	}
	inside := func(x *policy.Component) bool { zone := p.Zone(x.Zone); return zone != nil && zone.Inner }
	bring(func(x *policy.Component) bool { return x.Role == policy.RoleInner })
	var sides sync.WaitGroup
	sides.Go(func() { bring(func(x *policy.Component) bool { return x.Role == policy.RoleFront && inside(x) }) })
	sides.Go(func() {
		bring(func(x *policy.Component) bool { return x.Role == policy.RoleGate })
		bring(func(x *policy.Component) bool { return x.Role == policy.RoleOuter })
		bring(func(x *policy.Component) bool { return x.Role == policy.RoleFront && !inside(x) })
	})
	sides.Wait()
	leave, ok := c.turn(ctx, c.id, p)
	if !ok {
		return
	}
	defer leave()
	if c.keys.Serial() < leaseSerial(p) {
		if err := c.leaseOwn(ctx, p); err != nil {
			c.Log.Warn("no keys for the center's own audit details", "error", err)
		}
	}
}

// bring looks at one component and gives it what it lacks. The lease comes first, so
// that a new pair of the bundle has its keys; but a signer that is away holds no
// bundle up: the component goes on with the lease that it has.
func (c *Center) bring(ctx context.Context, p *policy.Policy, component *policy.Component, data []byte) {
	leave, ok := c.turn(ctx, component.ID, p)
	if !ok {
		return
	}
	defer leave()
	state, err := c.look(ctx, component.ID)
	if err != nil {
		c.note(component, state, p, err)
		return
	}
	if err := c.untrusted(state); err != nil {
		c.withhold(component, state, p, err)
		return
	}
	var lacks error
	changed := state.Lease < leaseSerial(p) || state.Bundle != p.Version
	if state.Lease < leaseSerial(p) {
		lacks = c.lease(ctx, p, component)
	}
	if state.Bundle != p.Version {
		_, err := c.call(ctx, control.Bundle, component.ID, data)
		lacks = errors.Join(lacks, err)
	}
	if changed {
		if state, err = c.look(ctx, component.ID); err != nil {
			c.note(component, state, p, err)
			return
		}
	}
	c.note(component, state, p, nil)
	if lacks != nil {
		c.lacks(component.ID, lacks)
	}
}

// turn waits until nobody else brings a component to a bundle: Apply does so beside
// runDistribution, and of two leases or bundles on their way at once the one that comes
// later would be refused as an old one. It is false when p is not in force any more.
func (c *Center) turn(ctx context.Context, id string, p *policy.Policy) (leave func(), ok bool) {
	c.mu.Lock()
	t := c.turns[id]
	if t == nil {
		t = make(chan struct{}, 1)
		c.turns[id] = t
	}
	c.mu.Unlock()
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return nil, false
	}
	leave = func() { <-t }
	if c.keeper.Current() != p {
		leave()
		return nil, false
	}
	return leave, true
}

// lacks notes what a component that answers could not be given.
func (c *Center) lacks(id string, err error) {
	c.Log.Warn("component is behind", "component", id, "error", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standing(id).Error = err.Error()
}

func (c *Center) look(ctx context.Context, id string) (control.State, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	answer, err := c.call(ctx, control.Health, id, nil)
	if err != nil {
		return control.State{}, err
	}
	return control.DecodeState(id, answer)
}

func (c *Center) note(component *policy.Component, state control.State, p *policy.Policy, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.standing(component.ID)
	s.Role, s.Zone = string(component.Role), component.Zone
	if err != nil {
		s.State, s.Error = "unreachable", err.Error()
		return
	}
	s.State, s.Error = "current", c.wrongClock(s, state.Time)
	if state.Bundle != p.Version || state.Lease < leaseSerial(p) {
		s.State = "behind"
	}
	s.Bundle, s.Lease, s.Clock, s.Seen = state.Bundle, state.Lease, state.Time, time.Now().UnixMilli()
	s.Passed, s.Refused, s.Pending, s.Peers = state.Passed, state.Refused, state.Pending, state.Peers
	s.Flows, s.Disk, s.Held = state.Flows, state.Disk, state.Held
	s.Manifest, s.Lacking, s.Program = hex.EncodeToString(state.Host.Manifest), state.Host.Lacking, state.Host.Version
}

// standing is called with the lock held.
func (c *Center) standing(id string) *Standing {
	s := c.states[id]
	if s == nil {
		s = &Standing{ID: id, State: "unreachable"}
		c.states[id] = s
	}
	return s
}

// Standings is what is known of every component of the bundle, by name.
func (c *Center) Standings() []Standing {
	p := c.keeper.Current()
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Standing, 0, len(c.states))
	for id, s := range c.states {
		if p == nil || p.Component(id) != nil {
			list = append(list, *s)
		}
	}
	slices.SortFunc(list, func(a, b Standing) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// leaseSerial is the serial of the leases that go with a bundle: a later bundle may
// name other pairs.
func leaseSerial(p *policy.Policy) uint64 { return p.Version }

// lease has the signer issue a component's lease for the life of the bundle.
func (c *Center) lease(ctx context.Context, p *policy.Policy, component *policy.Component) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sealed, err := c.Signer.Lease(ctx, wantLease(p, component.ID))
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	_, err = c.call(ctx, control.Lease, component.ID, sealed)
	return err
}

// leaseOwn takes the center's own lease. It labels nothing; its audit details need keys.
func (c *Center) leaseOwn(ctx context.Context, p *policy.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sealed, err := c.Signer.Lease(ctx, wantLease(p, c.id))
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return c.Identity.AcceptLease(c.State, sealed, c.keys)
}

func wantLease(p *policy.Policy, id string) authority.WantLease {
	return authority.WantLease{
		Component: id, Serial: leaseSerial(p), Pairs: pairsOf(p, id),
		First: label.EpochAt(time.Now().Add(-label.EpochLength)),
		Last:  label.EpochAt(time.UnixMilli(p.NotAfter).Add(label.EpochLength)),
	}
}

// judgesOf are the parts of the guard that judge what a front of a zone makes, in the
// order of the way: inwards the outer half and the inner process, outwards the inner
// process and the gate.
func judgesOf(zone *policy.Zone) []policy.Role {
	if zone.Inner {
		return []policy.Role{policy.RoleInner, policy.RoleGate}
	}
	return []policy.Role{policy.RoleOuter, policy.RoleInner}
}

// pairsOf are the pairs of makers and judges that a component is part of.
func pairsOf(p *policy.Policy, id string) []pki.Pair {
	var pairs []pki.Pair
	for i := range p.Components {
		maker := &p.Components[i]
		zone := p.Zone(maker.Zone)
		if maker.Role != policy.RoleFront || zone == nil {
			continue
		}
		for j := range p.Components {
			judge := &p.Components[j]
			if slices.Contains(judgesOf(zone), judge.Role) && (maker.ID == id || judge.ID == id) {
				pairs = append(pairs, pki.Pair{Maker: maker.ID, Judge: judge.ID})
			}
		}
	}
	return pairs
}
