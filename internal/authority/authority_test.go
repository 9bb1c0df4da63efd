// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func terms(t testing.TB, approvers, quorum int) authority.Terms {
	t.Helper()
	terms := authority.Terms{Guard: "guard", Quorum: uint8(quorum)}
	for range approvers {
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		terms.Approvers = append(terms.Approvers, public)
	}
	return terms
}

func TestCreate(t *testing.T) {
	for name, bad := range map[string]authority.Terms{
		"no guard": {Approvers: terms(t, 1, 1).Approvers, Quorum: 1}, "no quorum": terms(t, 2, 0), "quorum above": terms(t, 2, 3),
	} {
		if err := authority.Create(t.TempDir(), bad); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	dir := t.TempDir()
	if _, err := authority.Load(dir); err == nil {
		t.Error("loaded from nothing")
	}
	if err := authority.Create(dir, terms(t, 3, 2)); err != nil {
		t.Fatal(err)
	}
	if err := authority.Create(dir, terms(t, 3, 2)); err == nil {
		t.Error("made over another")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: %v", e.Name(), info.Mode(), err)
		}
	}
}

type signer struct {
	t      *testing.T
	dir    string
	client authority.Client
	stop   func()
}

// serve runs a signer on a socket.
func serve(t *testing.T, dir string) *signer {
	t.Helper()
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- authority.Serve(ctx, l, a, slog.New(slog.DiscardHandler)) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return &signer{t: t, dir: dir, client: authority.Client{Socket: socket}, stop: stop}
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	dir := t.TempDir()
	if err := authority.Create(dir, terms(t, 1, 1)); err != nil {
		t.Fatal(err)
	}
	return serve(t, dir)
}

func newComponent(t *testing.T, id string) (*pki.Identity, []byte) {
	t.Helper()
	i, err := pki.Create(filepath.Join(t.TempDir(), id), id, "front", "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	return i, data
}

func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a.Fingerprint()
}

// TestSocket is the whole life of a component over the socket, with a restart of the
// signer in the middle.
func TestSocket(t *testing.T) {
	ctx := t.Context()
	s := newSigner(t)
	i, request := newComponent(t, "front-a")
	if _, err := s.client.Answer(ctx, "front-a"); err == nil {
		t.Error("answered one that is not admitted")
	}
	if _, err := s.client.Admit(ctx, request, strings.Repeat("0", 64)); err == nil {
		t.Error("admitted with another fingerprint")
	}
	if r, err := s.client.Admit(ctx, request, i.Request.Fingerprint()); err != nil || r.ID != "front-a" {
		t.Fatal(err)
	}
	s.stop()
	if _, err := s.client.Admitted(ctx); err == nil {
		t.Error("a signer that has stopped answers")
	}
	s = serve(t, s.dir)
	list, err := s.client.Admitted(ctx)
	if err != nil || len(list) != 1 || list[0].ID != "front-a" {
		t.Fatalf("%v, %v", list, err)
	}
	answer, err := s.client.Answer(ctx, "front-a")
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Admit(answer, fingerprint(t, s.dir)); err != nil {
		t.Fatal(err)
	}
	want := authority.WantLease{Component: "front-a", Serial: 3, Pairs: []pki.Pair{{Maker: "front-a", Judge: "j"}}, First: 1, Last: 2}
	sealed, err := s.client.Lease(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := i.OpenLease(sealed); err != nil || l.Serial != 3 || len(l.Periods) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
	clock, err := pki.NewClock(i, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	nonce, sent := [16]byte{7}, time.Now()
	told, err := s.client.Time(ctx, nonce[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := clock.Set(told, nonce, sent); err != nil {
		t.Error(err)
	}
}

func TestSocketRefuses(t *testing.T) {
	ctx := t.Context()
	s := newSigner(t)
	if _, err := s.client.Time(ctx, make([]byte, 15)); err == nil {
		t.Error("a nonce of 15 bytes")
	}
	if _, err := s.client.Lease(ctx, authority.WantLease{Component: "nobody"}); err == nil {
		t.Error("a lease for nobody")
	}
	for kind := range wire.Kind(64) {
		if kind == 0 || kind == 36 { // the list asks with nothing
			continue
		}
		if reply := raw(t, s.client.Socket, wire.Message{Kind: kind, Payload: []byte{0xff}}); reply.Kind != 38 || bytes.Contains(reply.Payload, []byte(s.dir)) {
			t.Errorf("kind %d is answered by %d: %s", kind, reply.Kind, reply.Payload)
		}
	}
}

func raw(t *testing.T, socket string, m wire.Message) wire.Message {
	t.Helper()
	nc, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	c := wire.New(nc, true, wire.Config{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	s, err := c.Open(ctx, wire.Interactive)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Send(ctx, m); err != nil {
		t.Fatal(err)
	}
	reply, err := s.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// TestStop: a signer that is told to stop while it is asked ends all that it began.
func TestStop(t *testing.T) {
	s := newSigner(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				if _, err := s.client.Time(t.Context(), make([]byte, 16)); err != nil {
					return
				}
			}
		})
	}
	if _, err := s.client.Time(t.Context(), make([]byte, 16)); err != nil {
		t.Error(err)
	}
	s.stop()
	all.Wait()
}
