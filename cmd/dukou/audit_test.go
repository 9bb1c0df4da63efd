// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// sealedLog is the state of a component that has recorded one entry before its first
// lease and one under it, and the socket of its signer.
func sealedLog(t *testing.T) (state, components, socket string) {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := newAuthority(t, dir, public)
	i, err := pki.Create(filepath.Join(t.TempDir(), "front-a"), "front-a", "front", "out")
	if err != nil {
		t.Fatal(err)
	}
	request, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
	if err == nil {
		_, err = a.Admit(request, i.Request.Fingerprint())
	}
	answer, aerr := a.Answer("front-a", time.Now())
	if err = errors.Join(err, aerr); err == nil {
		err = i.Admit(answer, a.Fingerprint())
	}
	if err != nil {
		t.Fatal(err)
	}
	state, components = t.TempDir(), t.TempDir()
	writeEntries(t, a, i, state)
	c := policy.Component{ID: "front-a", Role: policy.RoleFront, Zone: "out", Key: i.Request.Key, Seal: i.Request.Seal}
	if err := os.WriteFile(filepath.Join(components, "front-a.component"), canon.Must(c), 0o600); err != nil {
		t.Fatal(err)
	}
	return state, components, serveSigner(t, a)
}

func newAuthority(t *testing.T, dir string, approver ed25519.PublicKey) *authority.Authority {
	t.Helper()
	err := authority.Create(dir, authority.Terms{Guard: "g", Approvers: []ed25519.PublicKey{approver}, Quorum: 1})
	a, lerr := authority.Load(dir)
	if err := errors.Join(err, lerr); err != nil {
		t.Fatal(err)
	}
	return a
}

func writeEntries(t *testing.T, a *authority.Authority, i *pki.Identity, state string) {
	t.Helper()
	j, err := audit.OpenOwn("front-a", i.Key(), state, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	epoch := uint64(time.Now().UnixMilli()) / 300_000
	sealed, err := a.Lease(authority.WantLease{Component: "front-a", Serial: 1, First: epoch, Last: epoch + pki.PeriodEpochs})
	if err != nil {
		t.Fatal(err)
	}
	keys := &pki.Keys{}
	e := audit.Entry{Class: audit.ClassDecision, Verdict: "allow", Detail: []byte("\x66secret")}
	j.Append(e)
	if err := i.AcceptLease(state, sealed, keys); err != nil {
		t.Fatal(err)
	}
	j.UseKeys(keys.Detail)
	j.Append(e)
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
}

func serveSigner(t *testing.T, a *authority.Authority) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- authority.Serve(ctx, l, a, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return socket
}

// TestAuditShow: details are shown to whom signer and disk give their keys, and
// verifying and proving need none.
func TestAuditShow(t *testing.T) {
	state, components, socket := sealedLog(t)
	log := filepath.Join(state, "audit")
	run := func(args ...string) string {
		var out bytes.Buffer
		c := newAuditCommand()
		c.SetArgs(args)
		c.SetOut(&out)
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		return out.String()
	}
	key := filepath.Join(state, "vault.key")
	for _, test := range []struct {
		flags        []string
		open, sealed int
	}{
		{nil, 0, 2}, {[]string{"--signer", socket}, 1, 1}, {[]string{"--local-key", key}, 1, 1},
		{[]string{"--signer", "unix:" + socket, "--local-key", key}, 2, 0}, {[]string{"--local-key", key + "x", "--signer", socket + "x"}, 0, 2},
	} {
		out := run(append([]string{"show", log}, test.flags...)...)
		if strings.Count(out, `detail="secret"`) != test.open || strings.Count(out, " sealed=decisions/") != test.sealed {
			t.Errorf("%v:\n%s", test.flags, out)
		}
	}
	if out := run("verify", log, "--components", components); !strings.HasSuffix(out, "sound\n") {
		t.Error(out)
	}
	proof := filepath.Join(t.TempDir(), "proof")
	run("prove", log, "1", "-o", proof)
	if out := run("check", proof, "--components", components); !strings.Contains(out, "entry 1 of dukou/front-a") {
		t.Error(out)
	}
}
