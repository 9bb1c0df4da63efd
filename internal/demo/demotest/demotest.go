// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package demotest is for tests that run whole installations: Main builds the
// programs once and enters a user namespace, Start starts an installation that ends
// with its test.
//
//	func TestMain(m *testing.M) { demotest.Main(m) }
//
//	func TestX(t *testing.T) {
//		d := demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t)})
package demotest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
)

// BinEnv names the environment variable with the directory of the programs. Where it
// is set before, Main builds nothing.
const BinEnv = "DUKOU_TEST_BIN"

// noCellsEnv has the reason why there is no isolation here.
const noCellsEnv = "DUKOU_TEST_NO_CELLS"

// programs are what an installation runs, and the attackers.
func programs() map[string]string {
	const module = "dukou.dev/dukou/"
	return map[string]string{
		"dukou": module + "cmd/dukou", "dukou-signer": module + "cmd/dukou-signer", "dukou-center": module + "cmd/dukou-center",
		"dukou-front": module + "cmd/dukou-front", "dukou-guard": module + "cmd/dukou-guard",
		"dukou-bank": module + "examples/bank", "dukou-rogue": module + "internal/demo/rogue/cmd",
	}
}

// Main is TestMain. It ends the process.
func Main(m *testing.M) {
	cell.Main()
	if err := cell.Enter(); err != nil {
		os.Setenv(noCellsEnv, err.Error())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv(BinEnv) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "dukou-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // another user may run them
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv(BinEnv, dir)
	if err := Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds all programs into dir, static.
func Build(ctx context.Context, dir string) error {
	for name, pkg := range programs() {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// Isolated is Netns. Where there is no isolation the test is skipped, with the reason.
func Isolated(t *testing.T) cell.Isolation {
	t.Helper()
	if reason := os.Getenv(noCellsEnv); reason != "" {
		t.Skip(reason)
	}
	return cell.Netns
}

// startTimeout bounds how long an installation takes to be ready.
const startTimeout = time.Minute

// Start starts an installation in the test's own directory and ends it with the
// test. What its processes wrote is shown when the test has failed.
func Start(t *testing.T, o demo.Options) *demo.Demo {
	t.Helper()
	o.Bin = os.Getenv(BinEnv)
	if o.Dir == "" { // t.TempDir is too long for Unix sockets
		dir, err := os.MkdirTemp("", "dukou-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		o.Dir = dir
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	d, err := demo.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, name := range demo.Processes() {
				t.Logf("%s:\n%s", name, d.Installation.Tail(name))
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
