// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// leak is the flow on which the inner process sends out what nobody has given it.
const leak = "batch-answer"

// Inner sends, in the place of the inner process, files out that no front has made, to
// the gate, as if it had judged them.
func Inner(ctx context.Context, s *Stolen, nc net.Conn, out io.Writer) error {
	flow := s.policy.Flow(leak)
	if flow == nil || len(flow.Forms) == 0 {
		return fmt.Errorf("the bundle has no flow %q", leak)
	}
	secure, err := s.secure(ctx, nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	session := open(ctx, secure)
	verifiers, err := session.judges(ctx, 1)
	if err != nil {
		return err
	}
	gate := verifiers[0]
	encoder := json.NewEncoder(out)
	for _, f := range []forgery{
		{"sent out without a label", fault.LabelMissing, func() (*parcel.Header, []byte, error) {
			h, _, err := s.shipment()
			return h, nil, err
		}},
		{"sent out with its own verdict in place of the front's tag", fault.LabelWrongJudge, func() (*parcel.Header, []byte, error) {
			return s.forge(s.shipment, flow.Entry, label.Verifier{Judge: s.id})
		}},
		{"with a tag for the gate under the inner process's key", fault.LabelAltered, func() (*parcel.Header, []byte, error) {
			return s.forge(s.shipment, flow.Entry, gate)
		}},
		{"labelled in its own name", fault.LabelEpoch, func() (*parcel.Header, []byte, error) {
			return s.forge(s.shipment, s.id, gate)
		}},
	} {
		header, sealed, err := f.make()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		encoded, err := header.Encode()
		if err != nil {
			return err
		}
		finding := demo.Finding{Attack: f.name, Want: f.want}
		if err := ship(ctx, session.conn, header.ID, exchange.Carried{Header: encoded, Label: sealed}); err != nil {
			finding.Got, finding.Detail = fault.CodeOf(err), err.Error()
		}
		if err := encoder.Encode(finding); err != nil {
			return err
		}
	}
	return nil
}

// shipment is a file of answers as the intranet front would send it.
func (s *Stolen) shipment() (*parcel.Header, label.Label, error) {
	flow := s.policy.Flow(leak)
	var hasher parcel.Hasher
	if _, err := hasher.Write([]byte("person-000001,zhangwei\n")); err != nil {
		return nil, label.Label{}, err
	}
	body, _ := hasher.Sum()
	fields, err := parcel.EncodeRecord(parcel.Record{"form": flow.Forms[0].Name, "name": "leak.csv", "size": int64(body.Size)})
	if err != nil {
		return nil, label.Label{}, err
	}
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Deliver, ID: parcel.NewID(), Flow: flow.Name,
		FromZone: flow.From, ToZone: flow.To, Source: flow.Entry, Destination: flow.Exit, Guard: s.policy.Guard,
		Term: s.policy.Term, Bundle: s.policy.Version, Fields: fields, Body: body,
	}
	l := label.Label{
		Class: flow.Class, Subject: flow.From + "/bureau", Assurance: label.ByComponent,
		Object: flow.Object, Action: flow.Action, Protocol: flow.Protocol, Purpose: flow.Purpose,
	}
	return h, l, nil
}

// ship offers a delivery and hears whether it may begin.
func ship(ctx context.Context, conn *wire.Conn, id parcel.ID, c exchange.Carried) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stream, err := conn.Open(ctx, wire.Bulk)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := stream.Send(ctx, exchange.CarriedMessage(exchange.KindOffer, c)); err != nil {
		return err
	}
	m, err := stream.Receive(ctx)
	switch {
	case errors.Is(err, io.EOF):
		return fault.New(fault.Interrupted, "the gate ended the stream")
	case err != nil:
		return err
	case m.Kind == exchange.KindResume:
		return nil // it may begin
	}
	return exchange.DecodeRefusal(m, id)
}
