// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package center is where policy is put in force and evidence comes together. It
// reaches everything through the inner half of the guard: bundles, leases and
// questions go out, audit records and states come back. When it is away, traffic
// goes on under the last bundle and its leases.
package center

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/internal/wire"
)

// Config is what a center is made of.
type Config struct {
	Identity  *pki.Identity
	State     string
	Dial      func(ctx context.Context) (net.Conn, error) // to the inner half
	Signer    authority.Client
	Journal   *audit.Journal
	Manifest  []byte            // digest of the one that every component must have started under; nil for any
	Effective control.Effective // what this center runs with
	Log       *slog.Logger
}

// Center distributes bundles and leases, and gathers audit and health.
type Center struct {
	Config
	id      string
	keeper  *policy.Keeper
	keys    *pki.Keys // of its own details; it labels nothing
	mirror  *audit.Mirror
	witness *audit.Witness
	local   vault.Key // of this disk: of its own details before its first lease

	mu     sync.Mutex
	conn   *wire.Conn // to the inner half, nil while there is none
	states map[string]*Standing
	turns  map[string]chan struct{} // by component: held by who brings it to a bundle
	wake   chan struct{}            // holds a token when distribution has something to do
}

// Standing is what the center knows of one component.
type Standing struct {
	ID      string   `json:"id"`
	Role    string   `json:"role"`
	Zone    string   `json:"zone"`
	State   string   `json:"state"` // "current", "behind" (its bundle or its lease), "unreachable", "untrusted" (another manifest)
	Bundle  uint64   `json:"version"`
	Lease   uint64   `json:"lease"`
	Records uint64   `json:"records"`  // audit records gathered
	Audit   string   `json:"audit"`    // "proven", or what is wrong
	Clock   int64    `json:"clock_ms"` // the component's, Unix milliseconds
	Seen    int64    `json:"seen_ms"`  // last answer, Unix milliseconds
	Passed  uint64   `json:"passed"`
	Refused uint64   `json:"refused"`
	Pending uint64   `json:"pending"`
	Peers   []string `json:"peers,omitempty"`

	Manifest string   `json:"manifest,omitempty"` // that it says it was started under, in hexadecimal
	Program  string   `json:"program,omitempty"`  // version of its program
	Lacking  []string `json:"lacking,omitempty"`  // what its kernel cannot confine it to

	Error string `json:"error,omitempty"`

	Flows []control.FlowState `json:"-"`              // what it counted of each
	Disk  control.Disk        `json:"-"`              // of its state directory
	Held  uint64              `json:"held,omitempty"` // deliveries in quarantine, of a front

	unread   time.Time // since when it has not answered for its log
	clockOff bool
}

// New is a center with the bundle and copies that its disk holds.
func New(c Config) (*Center, error) {
	a := c.Identity.Admission
	if a == nil {
		return nil, fmt.Errorf("%s is not admitted: have its request answered and accept the answer first", c.Identity.Request.ID)
	}
	center := &Center{Config: c, id: c.Identity.Request.ID, keys: &pki.Keys{}, states: map[string]*Standing{}, turns: map[string]chan struct{}{}, wake: make(chan struct{}, 1)}
	var err error
	if center.keeper, err = policy.NewKeeper(c.State, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}); err != nil {
		return nil, err
	}
	if center.local, err = vault.Load(filepath.Join(c.State, "vault.key")); err != nil {
		return nil, err
	}
	if err := c.Identity.LoadLease(c.State, center.keys); err != nil {
		return nil, err
	}
	c.Journal.UseKeys(center.keys.Detail)
	keys := verifiers{center}
	if center.mirror, err = audit.OpenMirror(audit.MirrorConfig{Dir: c.State, Keys: keys, Log: c.Log}); err != nil {
		return nil, err
	}
	key, err := WitnessKey(c.State)
	if err != nil {
		return nil, err
	}
	if err := pki.WritePublicKey(filepath.Join(c.State, "witness.pub"), key.Public().(ed25519.PublicKey)); err != nil {
		return nil, err
	}
	center.witness, err = audit.OpenWitness(audit.WitnessConfig{Dir: filepath.Join(c.State, "witness"), Name: audit.Origin(center.id) + "/witness", Key: key, Keys: keys})
	return center, err
}

// WitnessKey reads the key with which a center whose state is in dir cosigns, or
// makes it.
func WitnessKey(dir string) (ed25519.PrivateKey, error) { return pki.WitnessKey(dir) }

// verifiers finds the key of a component's log in the bundle in force.
type verifiers struct{ center *Center }

// Verifier implements note.Verifiers.
func (v verifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	for id, key := range v.center.componentKeys() {
		if audit.Origin(id) != name {
			continue
		}
		verifier, err := audit.NewVerifier(name, key)
		if err == nil && verifier.KeyHash() == hash {
			return verifier, nil
		}
	}
	return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
}

func (c *Center) componentKeys() map[string]ed25519.PublicKey {
	keys := map[string]ed25519.PublicKey{}
	for _, p := range c.Identity.Admission.Peers {
		keys[p.ID] = p.Key
	}
	if p := c.keeper.Current(); p != nil {
		for i := range p.Components {
			keys[p.Components[i].ID] = p.Components[i].Key
		}
	}
	return keys
}

// Run serves until ctx ends or a part fails.
func (c *Center) Run(ctx context.Context) error {
	err := daemon.Run(ctx,
		daemon.Task{Name: "journal", Run: c.Journal.Run},
		daemon.Task{Name: "guard", Run: c.runGuard},
		daemon.Task{Name: "distribution", Run: c.runDistribution},
		daemon.Task{Name: "gathering", Run: c.runGathering},
		daemon.Task{Name: "witnessing", Run: c.runWitnessing},
	)
	return errors.Join(err, c.Journal.Flush(), c.mirror.Close(), c.witness.Close())
}

func (c *Center) guardPins(key ed25519.PublicKey) (string, bool) {
	for _, p := range c.Identity.Admission.Peers {
		if p.Key.Equal(key) && policy.Role(p.Role) == policy.RoleInner {
			return p.ID, true
		}
	}
	return "", false
}

const pause = 500 * time.Millisecond

func (c *Center) runGuard(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := c.serveGuard(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("no connection to the inner half", "error", err)
		}
		daemon.Rest(ctx, pause)
	}
	return nil
}

func (c *Center) serveGuard(ctx context.Context) error {
	config, err := c.Identity.Client(c.guardPins)
	if err != nil {
		return err
	}
	dial, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	nc, err := c.Dial(dial)
	if err != nil {
		return err
	}
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(dial); err != nil {
		return errors.Join(err, nc.Close())
	}
	ctx, end := context.WithCancel(ctx)
	conn := wire.New(secure, true, wire.Config{Log: c.Log})
	c.setConn(conn)
	defer c.setConn(nil)
	var streams sync.WaitGroup
	streams.Go(func() {
		for {
			s, err := conn.Accept(ctx)
			if err != nil {
				return
			}
			streams.Go(func() { c.serveStream(ctx, s) })
		}
	})
	err = conn.Run(ctx)
	end()
	streams.Wait()
	return err
}

func (c *Center) setConn(conn *wire.Conn) {
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	c.hurry()
}

// hurry makes the distribution look at once.
func (c *Center) hurry() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// callTimeout bounds a call of a component.
const callTimeout = 10 * time.Second

// call calls a component through the inner half.
func (c *Center) call(ctx context.Context, t control.Type, to string, payload []byte) ([]byte, error) {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn == nil {
		return nil, fault.New(fault.GuardUnavailable, "the inner half is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return control.Call(ctx, conn, control.Head{Type: t, To: to}, payload)
}

// serveStream answers the one thing that components ask the center for: the time.
func (c *Center) serveStream(ctx context.Context, s *wire.Stream) {
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		c.Log.Warn("a stream that is no call", "error", err)
		return
	}
	err = control.Serve(ctx, s, head, rule, func(ctx context.Context, head control.Head, nonce []byte) ([]byte, error) {
		if head.Type != control.Time || head.To != c.id || len(nonce) != 16 {
			return nil, fault.New(fault.FlowDirection, "call %s of %s", rule.Name, head.To)
		}
		return c.Signer.Time(ctx, nonce)
	})
	if err != nil {
		c.Log.Debug("call not answered", "error", err)
	}
}

func (c *Center) record(e audit.Entry) audit.Ticket {
	e.Time = time.Now().UnixMilli()
	return c.Journal.Append(e)
}
