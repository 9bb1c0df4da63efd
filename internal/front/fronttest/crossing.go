// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package fronttest holds every adapter of questions to one contract. Crossing is a
// front.Crossing in one process: it decides on each question and answer as judges
// do, without guard, keys and network between. Run puts an adapter's entry and exit
// around it and checks what the contract promises, with a real application behind.
package fronttest

import (
	"context"
	"crypto/subtle"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Account is a subject and what proves it: an API key, a user with password, or a
// token. What is empty proves nothing.
type Account struct {
	Subject  string
	APIKey   string
	User     string
	Password string
	Token    string
}

// Crossing carries questions from an entry to an exit within one process.
type Crossing struct {
	policy   atomic.Pointer[policy.Policy]
	exit     front.Exit
	accounts []Account
}

var _ front.Crossing = (*Crossing)(nil)

// NewCrossing puts a bundle in force between an entry and an exit.
func NewCrossing(p *policy.Policy, exit front.Exit, accounts ...Account) *Crossing {
	c := &Crossing{exit: exit, accounts: accounts}
	c.policy.Store(p)
	return c
}

// Apply puts another bundle in force.
func (c *Crossing) Apply(p *policy.Policy) { c.policy.Store(p) }

// Policy is the bundle in force.
func (c *Crossing) Policy() *policy.Policy { return c.policy.Load() }

// Authenticate tries the ways of the flow in their order; an account proves itself by
// all that a way wants. Accounts are bound to no address.
func (c *Crossing) Authenticate(_ context.Context, f *policy.Flow, given front.Credentials) (front.Subject, error) {
	for _, w := range f.Ways() {
		if came(w, given) {
			return c.prove(w, given)
		}
	}
	return front.Subject{}, fault.New(fault.CredentialMissing, "nothing that flow %q accepts", f.Name)
}

func came(w policy.Way, given front.Credentials) bool {
	credentials := 0
	for _, m := range w.Methods {
		if m == label.ByAddress || m == label.ByHardware {
			continue
		}
		if _, ok := proofOf(m, given); !ok {
			return false
		}
		credentials++
	}
	return credentials > 0
}

func (c *Crossing) prove(w policy.Way, given front.Credentials) (front.Subject, error) {
	if w.Needs(label.ByAddress) || w.Needs(label.ByHardware) {
		return front.Subject{}, fault.New(fault.BindingMismatch, "no account is bound")
	}
	for _, a := range c.accounts {
		if !provesAll(w, a, given) {
			continue
		}
		s := front.Subject{ID: a.Subject, Assurance: w.Assurance, Proof: w.Name}
		if w.Needs(label.ByToken) {
			s.Evidence = []byte(given.Token)
		}
		return s, nil
	}
	return front.Subject{}, fault.New(fault.CredentialInvalid, "no account has this credential")
}

func provesAll(w policy.Way, a Account, given front.Credentials) bool {
	for _, m := range w.Methods {
		proof, _ := proofOf(m, given)
		if own := proofs(m, a); own == "" || subtle.ConstantTimeCompare([]byte(own), []byte(proof)) != 1 {
			return false
		}
	}
	return true
}

func proofOf(how label.Assurance, c front.Credentials) (string, bool) {
	switch how {
	case label.ByAPIKey:
		return c.APIKey, c.APIKey != ""
	case label.ByPassword:
		return c.User + "\x00" + c.Password, c.User != ""
	case label.ByToken:
		return c.Token, c.Token != ""
	default:
		return "", false
	}
}

func proofs(how label.Assurance, a Account) string {
	switch {
	case how == label.ByAPIKey:
		return a.APIKey
	case how == label.ByPassword && a.User != "":
		return a.User + "\x00" + a.Password
	case how == label.ByToken:
		return a.Token
	default:
		return ""
	}
}

// Refuse gives an id; nothing is recorded here.
func (c *Crossing) Refuse(*policy.Flow, string, error) parcel.ID { return parcel.NewID() }

// Ask decides on the question, has the exit put it, and decides on the answer.
func (c *Crossing) Ask(ctx context.Context, r front.Request) (front.Reply, error) {
	id, p := parcel.NewID(), c.Policy()
	content, err := c.ask(ctx, p, id, r)
	if err != nil {
		return front.Reply{}, &front.Error{ID: id, Err: err}
	}
	return front.Reply{ID: id, Content: content}, nil
}

func (c *Crossing) ask(ctx context.Context, p *policy.Policy, id parcel.ID, r front.Request) (parcel.Record, error) {
	f := p.Flow(r.Flow.Name)
	if f == nil {
		return nil, fault.New(fault.FlowUnknown, "no flow %q", r.Flow.Name)
	}
	there := passage{policy: p, flow: f, subject: r.Subject, header: parcel.Header{
		Kind: parcel.Ask, ID: id, FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit, Evidence: r.Subject.Evidence,
	}}
	question, err := there.pass(r.Content)
	if err != nil {
		return nil, err
	}
	proxy, err := p.MapSubject(r.Subject.ID, f.To)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(f.Limits.TimeoutMillis)*time.Millisecond)
	defer cancel()
	content, err := c.exit.Ask(ctx, front.Call{
		ID: id, Flow: f, Proxy: proxy, Subject: r.Subject.ID, Token: string(r.Subject.Evidence), Content: question,
	})
	if err != nil {
		return nil, err
	}
	back := passage{policy: p, flow: f, subject: r.Subject, header: parcel.Header{
		Kind: parcel.Answer, ID: parcel.NewID(), InReplyTo: id, FromZone: f.To, ToZone: f.From, Source: f.Exit, Destination: f.Entry,
	}}
	return back.pass(content)
}

// passage is one parcel on its way.
type passage struct {
	policy  *policy.Policy
	flow    *policy.Flow
	subject front.Subject
	header  parcel.Header
}

// pass labels content with the least class that it may have, decides on it, and
// gives what the other side decodes.
func (x passage) pass(content parcel.Record) (parcel.Record, error) {
	h := x.header
	h.Version, h.Suite, h.Flow, h.Guard, h.Bundle = parcel.Version, parcel.SuiteIntl, x.flow.Name, x.policy.Guard, x.policy.Version
	var err error
	if h.Fields, err = parcel.EncodeRecord(content); err != nil {
		return nil, err
	}
	data, err := h.Encode()
	if err != nil {
		return nil, err
	}
	got, err := parcel.Decode(data)
	if err != nil {
		return nil, err
	}
	record, err := parcel.DecodeRecord(got.Fields)
	if err != nil {
		return nil, err
	}
	l := x.label(record)
	l.Binding = parcel.Digest(data)
	if d := x.policy.Decide(policy.Query{Header: got, Label: &l, Content: record}); !d.Allow {
		return nil, fault.New(d.Code, "%v", d.Reasons)
	}
	return record, nil
}

func (x passage) label(content parcel.Record) label.Label {
	f := x.flow
	return label.Label{
		Version: label.Version, Class: x.class(content), Subject: x.subject.ID, Assurance: x.subject.Assurance,
		Object: f.Object, Action: f.Action, Protocol: f.Protocol, Purpose: f.Purpose, Maker: x.header.Source, Number: 1,
	}
}

func (x passage) class(content parcel.Record) label.Class {
	name, _ := content["form"].(string)
	form := x.flow.Form(name)
	answer := x.header.Kind == parcel.Answer
	base, schema := x.flow.Class, (*policy.Schema)(nil)
	if form != nil {
		schema = &form.Request
	}
	if answer {
		base = x.flow.Answer
	}
	if answer && form != nil {
		status, _ := content["status"].(int64)
		schema = form.Answer(status)
	}
	if schema == nil || schema.Check(content, "content") != nil {
		return base // Decide refuses it
	}
	return base.Join(schema.Least(content))
}
