// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rogue

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/wire"
)

// Stolen is a component as its attacker has it.
type Stolen struct {
	id     string
	keys   *pki.Keys
	boot   uint64
	policy *policy.Policy
	own    *pki.Identity
}

// Steal reads a component's identity, lease and bundle from its directories.
func Steal(identity, state string) (*Stolen, error) {
	own, err := pki.LoadIdentity(identity)
	if err != nil {
		return nil, err
	}
	a := own.Admission
	if a == nil {
		return nil, errors.New("the identity is not admitted")
	}
	keeper, err := policy.NewKeeper(state, policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)})
	if err != nil {
		return nil, err
	}
	s := &Stolen{id: own.Request.ID, keys: &pki.Keys{}, policy: keeper.Current(), own: own}
	if s.policy == nil {
		return nil, fmt.Errorf("no bundle in %s", state)
	}
	if flow := s.policy.Flow(signIn); flow == nil || len(flow.Forms) == 0 {
		return nil, fmt.Errorf("the bundle has no flow %q", signIn)
	}
	if s.boot, err = own.Boot(); err != nil {
		return nil, err
	}
	return s, own.LoadLease(state, s.keys)
}

// neighbour finds the component with a key by the admission.
func (s *Stolen) neighbour(key ed25519.PublicKey) (string, bool) { return s.own.Admission.Pins(key) }

// secure goes over to TLS with the stolen key.
func (s *Stolen) secure(ctx context.Context, nc net.Conn) (*tls.Conn, error) {
	config, err := s.own.Client(s.neighbour)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(nc, config)
	return secure, secure.HandshakeContext(ctx)
}

// session is a connection to a half of the guard that takes us for the component.
type session struct {
	conn    *wire.Conn
	windows chan []label.Verifier
	ended   chan struct{}
}

// open starts a session over a connection. It ends with ctx.
func open(ctx context.Context, nc net.Conn) *session {
	s := &session{conn: wire.New(nc, true, wire.Config{}), windows: make(chan []label.Verifier, 1), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		_ = s.conn.Run(ctx) // the attacks see its end
	}()
	go func() { // ends with the connection
		for {
			stream, err := s.conn.Accept(ctx)
			if err != nil {
				return
			}
			go s.serve(ctx, stream)
		}
	}()
	return s
}

// serve learns the judges' windows, and answers nothing else.
func (s *session) serve(ctx context.Context, stream *wire.Stream) {
	defer stream.Close()
	m, err := stream.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		return
	}
	_ = control.Serve(ctx, stream, head, rule, func(_ context.Context, head control.Head, payload []byte) ([]byte, error) {
		var list []label.Verifier
		if head.Type != control.Windows || canon.Unmarshal(payload, &list) != nil {
			return nil, fault.New(fault.PeerUnavailable, "captured")
		}
		select {
		case s.windows <- list:
		default:
		}
		return nil, nil
	})
}

// judges waits for the windows of so many judges.
func (s *session) judges(ctx context.Context, n int) ([]label.Verifier, error) {
	for {
		select {
		case list := <-s.windows:
			if len(list) >= n {
				return list, nil
			}
		case <-s.ended:
			return nil, fmt.Errorf("the guard ended the connection: %w", s.conn.Err())
		case <-ctx.Done():
			return nil, fmt.Errorf("no windows: %w", ctx.Err())
		}
	}
}

// signIn is the flow that is attacked.
const signIn = "credit-login"

// question is a sign-in as the internet front would send it: everything about it is
// right, until an attack changes it.
func (s *Stolen) question() (*parcel.Header, label.Label, error) {
	flow := s.policy.Flow(signIn)
	content := parcel.Record{
		"form": flow.Forms[0].Name,
		"body": parcel.Record{"user": "zhangwei", "password": "a-guess"},
	}
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		return nil, label.Label{}, err
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: parcel.NewID(), Flow: flow.Name,
		FromZone: flow.From, ToZone: flow.To, Source: flow.Entry, Destination: flow.Exit, Guard: s.policy.Guard,
		Term: s.policy.Term, Bundle: s.policy.Version, Fields: fields,
	}
	l := label.Label{
		Class: flow.Class.Join(flow.Forms[0].Request.Least(content)), Subject: flow.From + "/portal", Assurance: label.ByAPIKey,
		Object: flow.Object, Action: flow.Action, Protocol: flow.Protocol, Purpose: flow.Purpose,
	}
	return h, l, nil
}
