// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

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

func TestMain(m *testing.M) {
	cell.Main()
	enterErr := cell.Enter()
	code := func() int {
		dir, err := os.MkdirTemp("", "dukou-bin-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binaries = dir
		notIsolated = enterErr
		if err := build(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}()
	os.Exit(code)
}

var (
	binaries    string
	notIsolated error
)

func build(dir string) error {
	for name, pkg := range map[string]string{
		"dukou-signer": "./cmd/dukou-signer", "dukou-center": "./cmd/dukou-center", "dukou-front": "./cmd/dukou-front",
		"dukou-guard": "./cmd/dukou-guard", "dukou-bank": "./examples/bank",
	} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), pkg)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

func TestStartPlain(t *testing.T) { start(t, cell.None) }
func TestStartCells(t *testing.T) {
	if notIsolated != nil {
		t.Skip(notIsolated)
	}
	start(t, cell.Netns)
}

func start(t *testing.T, isolation cell.Isolation) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	began := time.Now()
	d, err := demo.Start(ctx, demo.Options{Bin: binaries, Isolation: isolation, LogLevel: "debug", Dir: os.Getenv("DEMO_DIR"), Keep: os.Getenv("DEMO_DIR") != ""})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("ready after", time.Since(began))
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	bank := d.Bank()
	defer bank.Close()
	token, err := bank.SignIn(ctx, demo.Zhang())
	if err != nil {
		t.Fatal(err)
	}
	report, err := bank.Report(ctx, token, demo.Zhang().Person)
	t.Log(report.Person, err)
	if token, err = bank.SignIn(ctx, demo.Gao()); err != nil {
		t.Fatal(err)
	}
	_, err = bank.Report(ctx, token, demo.Gao().Person)
	t.Log(err)
}
