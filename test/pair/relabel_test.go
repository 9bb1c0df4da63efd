// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// pose takes a half's place towards its fronts: it holds the next one that connects.
func (s *site) pose(half string) *hand {
	s.t.Helper()
	l, err := net.Listen("unix", s.socket(half))
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	config, err := s.ids[half].Server(s.ids[half].Admission.Pins)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := l.(*net.UnixListener).SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	nc, err := l.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := s.hold(half, tls.Server(nc, config), false)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// TestRelabel: a question that a judge refuses because it has restarted is labelled
// anew when the new window is told, under the same id, and no sooner.
func TestRelabel(t *testing.T) {
	t.Parallel()
	w := &world{site: newSite(t)}
	w.out = w.startFront(frontOut, outer, nil, nil)
	h := w.pose(outer)
	h.give(w.sign(w.bundle(1), 2), 1, frontOut)
	var mu sync.Mutex
	var ids []parcel.ID
	var windows []byte // first byte of the window of each attempt
	tell := func(first byte) {
		list := []label.Verifier{{Judge: outer, Window: label.Window{first}}, {Judge: inner, Window: label.Window{first}}}
		if _, err := h.call(control.Windows, frontOut, canon.Must(list)); err != nil {
			t.Error(err)
		}
	}
	h.mu.Lock()
	h.serve = func(ctx context.Context, s *wire.Stream, m wire.Message) {
		c, err := exchange.DecodeCarried(m, exchange.KindAsk)
		if err != nil {
			t.Error(err)
			return
		}
		sealed, _, err := label.DecodeSealed(c.Label)
		if err != nil {
			t.Error(err)
			return
		}
		header, err := parcel.Decode(c.Header)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		ids, windows = append(ids, header.ID), append(windows, sealed.Tags[1].Window[0])
		n := byte(len(ids))
		mu.Unlock()
		code := fault.LabelWindow
		if n == 3 {
			code = fault.PolicyDenied
		}
		if err := exchange.Refuse(ctx, s, header.ID, fault.New(code, "")); err != nil {
			t.Error(err)
		}
		exchange.Drain(ctx, s)
		if n < 3 {
			tell(n + 1)
		}
	}
	h.mu.Unlock()
	tell(1)
	if _, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.PolicyDenied {
		t.Errorf("%v, want what the third attempt was told", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] || string(windows) != "\x01\x02\x03" {
		t.Errorf("attempts %v for windows %v", ids, windows)
	}
}
