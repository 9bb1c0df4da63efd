// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// reseal keeps the tags and changes the label under them.
func reseal(s label.Sealed, l label.Label) []byte {
	s.Body = canon.Must(l)
	return canon.Must(s)
}

// Half passes, in the place of the outer half, parcels on to the inner side that no
// front has made, as if it had judged them. Then it misuses the first question that
// the internet front, which connects to l, has labelled.
func Half(ctx context.Context, s *Stolen, port link.Port, l net.Listener, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cable := link.New(link.Config{Port: port, Log: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- cable.Run(ctx) }()
	err := s.attackInner(ctx, cable, l, out)
	cancel()
	return errors.Join(err, <-ended)
}

func (s *Stolen) attackInner(ctx context.Context, cable *link.Link, l net.Listener, out io.Writer) error {
	nc, err := cable.Connect(ctx)
	if err != nil {
		return err
	}
	secure, err := s.secure(ctx, nc)
	if err != nil {
		return err
	}
	session := open(ctx, secure)
	verifiers, err := session.judges(ctx, 1)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	for _, f := range s.forgeries(verifiers[0]) {
		header, sealed, err := f.make()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		encoded, err := header.Encode()
		if err != nil {
			return err
		}
		finding := send(ctx, session, f.name, f.want, header.ID, exchange.Carried{Header: encoded, Label: sealed})
		if err := encoder.Encode(finding); err != nil {
			return err
		}
	}
	findings, err := s.intercept(ctx, l, session, verifiers[0])
	for _, finding := range findings {
		err = errors.Join(err, encoder.Encode(finding))
	}
	return err
}

// forgery is a parcel as a captured outer half can make it.
type forgery struct {
	name string
	want fault.Code
	make func() (*parcel.Header, []byte, error)
}

// forgeries use every key that the outer half has: it shares one with each front of
// its side, and none that the inner judge would take.
func (s *Stolen) forgeries(inner label.Verifier) []forgery {
	return []forgery{
		{"passed on without a label", fault.LabelMissing, func() (*parcel.Header, []byte, error) {
			h, _, err := s.question()
			return h, nil, err
		}},
		{"passed on with its own verdict in place of the front's tag", fault.LabelWrongJudge, func() (*parcel.Header, []byte, error) {
			return s.forge(s.question, s.policy.Flow(signIn).Entry, label.Verifier{Judge: s.id})
		}},
		{"with a tag for the inner judge under the outer half's key", fault.LabelAltered, func() (*parcel.Header, []byte, error) {
			return s.forge(s.question, s.policy.Flow(signIn).Entry, inner)
		}},
		{"labelled in its own name", fault.LabelEpoch, func() (*parcel.Header, []byte, error) {
			return s.forge(s.question, s.id, inner)
		}},
	}
}

// forge makes a label in the name of maker, with the key that this part of the guard
// shares with the front that makes such parcels.
func (s *Stolen) forge(draft func() (*parcel.Header, label.Label, error), maker string, judge label.Verifier) (*parcel.Header, []byte, error) {
	h, l, err := draft()
	if err != nil {
		return nil, nil, err
	}
	front := h.Source
	h.Source = maker
	header, err := h.Encode()
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	l.Version, l.Maker, l.Boot, l.Number, l.Epoch = label.Version, maker, s.boot, 1, label.EpochAt(now)
	l.NotBefore, l.NotAfter = now.UnixMilli(), now.Add(labelLife).UnixMilli()
	l.Binding = parcel.Digest(header)
	key, ok := s.keys.Key(front, s.id, l.Epoch)
	if !ok {
		return nil, nil, errors.New("the lease has no key of the front")
	}
	body := canon.Must(l)
	tag := label.Tag{Judge: judge.Judge, Window: judge.Window, MAC: label.MAC(key, judge.Judge, judge.Window, body)}
	sealed, err := label.Sealed{Body: body, Tags: []label.Tag{tag}}.Encode()
	return h, sealed, err
}
