// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package filetest joins an entry and an exit of files inside a test, without a guard.
package filetest

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// Shortcut is a conveyor that takes a delivery straight to an inbox of an exit: what
// lies between is shown elsewhere.
type Shortcut struct {
	Bundle *policy.Policy
	Exit   *file.Exit  // must be set before the first delivery
	Down   atomic.Bool // nothing is passed on
	Denied atomic.Bool // everything is refused
}

// Policy is front.Conveyor's.
func (c *Shortcut) Policy() *policy.Policy { return c.Bundle }

// Refuse is front.Conveyor's.
func (c *Shortcut) Refuse(*policy.Flow, string, error) parcel.ID { return parcel.NewID() }

// Deliver is front.Conveyor's.
func (c *Shortcut) Deliver(ctx context.Context, f *policy.Flow, out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	if c.Down.Load() {
		return exchange.Receipt{}, fault.New(fault.GuardUnavailable, "the test says so")
	}
	if c.Denied.Load() {
		return exchange.Receipt{}, fault.New(fault.PolicyDenied, "the test says so")
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: out.ID, Flow: f.Name, FromZone: f.From, ToZone: f.To,
		Source: f.Entry, Destination: f.Exit, Guard: "g", Fields: out.Fields, Body: out.Body,
	}
	raw, err := h.Encode()
	if err != nil {
		return exchange.Receipt{}, err
	}
	inbox, err := c.Exit.Inbox(f)
	if err != nil {
		return exchange.Receipt{}, err
	}
	in, receipt, err := inbox.Begin(ctx, raw, h, out.Subject)
	if err != nil {
		return exchange.Receipt{}, err
	}
	if receipt != nil {
		return *receipt, nil
	}
	defer in.Close()
	return pour(ctx, in, h, out, body)
}

func pour(ctx context.Context, in *exchange.Incoming, h *parcel.Header, out *exchange.Outgoing, body io.ReaderAt) (exchange.Receipt, error) {
	links := parcel.Chain(out.Digests, h.Body.Size)
	if err := in.Start(exchange.Start{Link: links[0]}); err != nil {
		return exchange.Receipt{}, err
	}
	for i := range uint64(len(out.Digests)) {
		chunk := make([]byte, min(parcel.ChunkSize, h.Body.Size-i*parcel.ChunkSize))
		if _, err := body.ReadAt(chunk, int64(i)*parcel.ChunkSize); err != nil && !errors.Is(err, io.EOF) {
			return exchange.Receipt{}, err
		}
		if err := in.Chunk(links[i+1], chunk); err != nil {
			return exchange.Receipt{}, err
		}
	}
	return in.Commit(ctx)
}

// Policy has three flows from zone a (front "front", terminal "desk") to zone b
// (front "front-b", terminal "desk-b"): "up" to the directory "folder", "mail" to the
// mailbox "box", and "closed", which accepts no terminals.
func Policy(t testing.TB) *policy.Policy {
	class := label.Class{Confidentiality: 2, Integrity: 2}
	form := policy.Form{Name: "file", Request: policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "form", Required: true, Schema: policy.Schema{Type: policy.Text, Max: 10}},
		{Name: "modified", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: 1 << 50}},
		{Name: "name", Required: true, Schema: policy.Schema{Type: policy.Text, Min: 1, Max: 255}},
		{Name: "size", Required: true, Schema: policy.Schema{Type: policy.Integer, Max: 1 << 40}},
	}}}
	flow := func(name, target string, accept label.Assurance) policy.Flow {
		return policy.Flow{
			Name: name, From: "a", To: "b", Kind: "deliver", Protocol: "file", Entry: "front", Exit: "front-b", Target: target, Object: "b/o",
			Action: "deliver", Purpose: "p", Class: class, Answer: class, Accept: []label.Assurance{accept},
			Files: &policy.Files{MaxSize: 1 << 30, Extensions: []string{".csv"}, Ready: "rename"}, Forms: []policy.Form{form},
		}
	}
	p, err := policy.Compile(policy.Bundle{
		Format: policy.Format, Version: 1, NotAfter: 1, Guard: "g", Zones: []policy.Zone{{Name: "a", Class: class}, {Name: "b", Class: class, Inner: true}},
		Components: []policy.Component{
			{ID: "front", Role: policy.RoleFront, Zone: "a"}, {ID: "front-b", Role: policy.RoleFront, Zone: "b"},
			{ID: "desk", Role: policy.RoleClient, Zone: "a"}, {ID: "desk-b", Role: policy.RoleClient, Zone: "b"}, {ID: "stranger", Role: policy.RoleCenter, Zone: "a"},
		},
		Objects: []policy.Object{{ID: "b/o", Class: class}},
		Flows:   []policy.Flow{flow("up", "folder", label.ByCertificate), flow("mail", "box", label.ByCertificate), flow("closed", "folder", label.ByComponent)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
