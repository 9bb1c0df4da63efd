// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

func TestMain(m *testing.M) { demotest.Main(m) }

// TestStart starts an installation where the usual ports are taken, changes its
// policy, and kills and restarts each process.
func TestStart(t *testing.T) {
	var listen net.ListenConfig
	taken, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	d := demotest.Start(t, demo.Options{Isolation: cell.None, PortalAddress: address, FrontAddress: address})
	if strings.HasSuffix(d.PortalURL(), address) || d.PortalURL() == d.FrontURL() {
		t.Fatalf("portal at %s, front at %s, and %s was taken", d.PortalURL(), d.FrontURL(), address)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	bundle, err := d.Installation.Bundle(policy.Files(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(ctx, bundle); err != nil {
		t.Fatal(err)
	}
	if err := d.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	for _, name := range demo.Processes() {
		before := d.PID(name)
		if err := d.Restart(name); err != nil {
			t.Fatal(err)
		}
		if err := d.WaitReady(ctx); err != nil {
			t.Fatalf("after %s was killed: %v", name, err)
		}
		if d.PID(name) == before {
			t.Errorf("%s is the process that was killed", name)
		}
	}
}

// TestEnded tells of a process that ends by itself, with its last words.
func TestEnded(t *testing.T) {
	d := demotest.Start(t, demo.Options{Isolation: cell.None})
	process, err := os.FindProcess(d.PID(demo.Bureau))
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case end := <-d.Ended():
		if end.Name != demo.Bureau || !strings.Contains(end.Error(), "listening") {
			t.Errorf("%v", end)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody noticed")
	}
}

func TestInstallRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Install(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a directory with something in it: %v", err)
	}
	if _, err := demo.Install(filepath.Join(dir, strings.Repeat("long", 30))); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("a long path: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "mine")); err != nil {
		t.Error(err)
	}
}
