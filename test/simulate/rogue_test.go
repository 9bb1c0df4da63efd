// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
)

// captured is a front that has fallen into other hands: it has its own keys, and
// sends what it may and what it may not.
type captured struct {
	s     *sim
	maker *label.Maker
	sent  []exchange.Carried // good ones, to be sent again
	count int
}

// captive is the body of the captured front.
func (s *sim) captive(l *life) error {
	keys := &pki.Keys{}
	if err := s.mode.site.ids[rogue].LoadLease(s.state(rogue), keys); err != nil {
		return err
	}
	c := &captured{s: s, maker: label.NewMaker(rogue, uint64(l.p.lives), keys)}
	for l.ctx.Err() == nil {
		_ = l.grip(outer, c.attack)
		wait := time.NewTimer(100 * time.Millisecond)
		select {
		case <-wait.C:
		case <-l.ctx.Done():
			wait.Stop()
		}
	}
	return nil
}

// attack sends one thing after another.
func (c *captured) attack(ctx context.Context, h *hand) {
	timer := time.NewTicker(70 * time.Millisecond)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if c.count > 24 {
			return
		}
		if list := h.windows(); len(list) > 0 {
			c.count++
			c.one(ctx, h, list)
		}
	}
}

// one sends one parcel; what may not arrive says so in its content.
func (c *captured) one(ctx context.Context, h *hand, list []label.Verifier) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var k exchange.Carried
	term := c.s.term(outer, inner)
	switch c.count % 4 {
	case 0:
		k = c.parcel(c.good(), term, list)
		c.sent = append(c.sent, k)
	case 1: // what was sent before, perhaps to an earlier life
		if len(c.sent) == 0 {
			return
		}
		k = c.sent[c.count%len(c.sent)]
	case 2:
		k = forge(c.parcel("never: a forged tag", term, list))
	case 3:
		if term < 2 {
			return
		}
		k = c.parcel("never: of a lower term", term-1, list)
	}
	h2, err := parcel.Decode(k.Header)
	if err != nil {
		c.s.found.add(c.s, "the captured front makes a bad header: %v", err)
		return
	}
	_, _ = exchange.Ask(ctx, h.conn, h2.ID, k) // the application and the journals tell what came of it
}

// good is a question that the captured front may put, once.
func (c *captured) good() string {
	person := fmt.Sprintf("captured-%d", c.count)
	c.s.record.change(func() { c.s.record.questions[person] = &question{ended: true} })
	return person
}

func (c *captured) parcel(person string, term uint64, list []label.Verifier) exchange.Carried {
	h := &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: parcel.NewID(), Flow: "probe", Guard: "guard",
		FromZone: "out", ToZone: "in", Source: rogue, Destination: frontIn, Term: term, Bundle: 1,
		Fields: canon.Must(parcel.Record{"form": "report", "person": person}),
	}
	header, err := h.Encode()
	if err != nil {
		panic(err)
	}
	l := label.Label{
		Subject: "out/person", Assurance: label.ByAPIKey, Object: "in/reports", Action: "read", Protocol: "test", Purpose: "self",
		Class: class(1, 1), Binding: parcel.Digest(header),
	}
	sealed, err := c.maker.Seal(l, time.Now(), 30*time.Second, list)
	if err != nil {
		panic(err)
	}
	return exchange.Carried{Header: header, Label: sealed}
}

// forge makes a label whose tags are of a key that nobody holds.
func forge(k exchange.Carried) exchange.Carried {
	sealed, _, err := label.DecodeSealed(k.Label)
	if err != nil {
		panic(err)
	}
	for i := range sealed.Tags {
		sealed.Tags[i].MAC[0] ^= 1
	}
	b, err := sealed.Encode()
	if err != nil {
		panic(err)
	}
	return exchange.Carried{Header: k.Header, Label: b}
}
