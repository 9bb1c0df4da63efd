// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
)

// host is one with an admitted outer half.
type host struct {
	dir      string
	identity string
	args     []string // of the guard
}

func newHost(t *testing.T) host {
	t.Helper()
	dir, err := os.MkdirTemp("", "host") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	h := host{dir: dir, identity: filepath.Join(dir, "id")}
	terms := authority.Terms{Guard: "guard-1", Quorum: 2}
	for _, name := range []string{"alice", "bob"} {
		h.dukou(t, 0, "policy", "keygen", "-o", filepath.Join(dir, name))
		key, err := pki.ReadPublicKey(filepath.Join(dir, name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		terms.Approvers = append(terms.Approvers, key)
	}
	h.admit(t, terms)
	h.args = []string{
		"-side", "outer", "-identity", h.identity, "-state", filepath.Join(dir, "state"),
		"-listen", "unix:" + filepath.Join(dir, "s"), "-link", "unix:" + filepath.Join(dir, "link"),
	}
	return h
}

func (h host) admit(t *testing.T, terms authority.Terms) {
	t.Helper()
	i, err := pki.Create(h.identity, "guard-outer", "guard-outer", "")
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(h.dir, "signer")
	if err := authority.Create(keys, terms); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Load(keys)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(h.identity, "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Admit(data, i.Request.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer("guard-outer", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Admit(answer, a.Fingerprint()); err != nil {
		t.Fatal(err)
	}
}

// dukou runs a command line and wants its exit status.
func (h host) dukou(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(t.Context(), args, &out, &out); got != want {
		t.Fatalf("dukou %s: exit status %d, want %d\n%s", strings.Join(args, " "), got, want, out.String())
	}
	return out.String()
}

func (h host) at(name string) string { return filepath.Join(h.dir, name) }

// build makes the real programs, as `make build` does.
func (h host) build(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		cmd := exec.Command("go", "build", "-o", h.at("bin/"+name), "./cmd/"+name)
		cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// starts runs a command until it says that it is confined, and is so past all checks.
func (h host) starts(t *testing.T, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "msg=confined") {
			cancel()
			_ = cmd.Wait()
			return nil
		}
	}
	_ = cmd.Wait()
	return &refusal{strings.Join(said, "\n")}
}

type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// TestChangedBinary: a guard that is as listed starts, directly and by the launcher; one
// with a byte more, or with other arguments, starts in neither way.
func TestChangedBinary(t *testing.T) {
	h := newHost(t)
	h.build(t, "dukou", "dukou-guard")
	guard, changed := h.at("bin/dukou-guard"), h.at("changed/dukou-guard")
	if err := os.WriteFile(h.at("arguments"), manifest.Arguments(h.args), 0o600); err != nil {
		t.Fatal(err)
	}
	direct := func(program string, more ...string) error {
		return h.starts(t, append(append([]string{program}, h.args...), more...)...)
	}
	launched := func(program string, more ...string) error {
		return h.starts(t, append(append([]string{h.at("bin/dukou"), "run", "--dir", h.identity, "--", program}, h.args...), more...)...)
	}
	if err := direct(guard); err != nil {
		t.Fatalf("before a manifest: %v", err)
	}
	if err := launched(guard); err == nil || !strings.Contains(err.Error(), "no manifest is installed") {
		t.Errorf("launched without a manifest: %v", err)
	}
	h.install(t, guard)
	appendByte(t, guard, changed)
	for name, start := range map[string]func(string, ...string) error{"directly": direct, "by the launcher": launched} {
		if err := start(guard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := start(changed); err == nil || !strings.Contains(err.Error(), `program "dukou-guard" is another than was approved`) {
			t.Errorf("%s, changed: %v", name, err)
		}
		if err := start(guard, "-link-peer", "02:00:00:00:00:01"); err == nil || !strings.Contains(err.Error(), `config "guard-outer" is another than was approved`) {
			t.Errorf("%s, with another argument: %v", name, err)
		}
	}
}

func appendByte(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, append(data, 0), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
}

// install makes, signs and installs a manifest, which needs both approvers.
func (h host) install(t *testing.T, program string) {
	t.Helper()
	m := h.at("manifest")
	h.dukou(t, 0, "manifest", "make", "-o", m, "--guard", "guard-1", "--version", "1", "--program", program, "--config", "guard-outer="+h.at("arguments"))
	h.dukou(t, 4, "manifest", "install", m, "--dir", h.identity)
	h.dukou(t, 0, "manifest", "sign", m, "--key", h.at("alice"))
	h.dukou(t, 4, "manifest", "verify", m, "--dir", h.identity)
	h.dukou(t, 0, "manifest", "sign", m, "--key", h.at("bob"))
	out := h.dukou(t, 0, "manifest", "verify", m, "--dir", h.identity, program)
	if !strings.Contains(out, "1 programs are as it lists") {
		t.Error(out)
	}
	h.dukou(t, 0, "manifest", "verify", m, "--dir", h.at("signer"))
	h.dukou(t, 0, "manifest", "install", m, "--dir", h.identity)
}
