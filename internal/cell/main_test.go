// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/test/isolation"
)

// programsEnv names the folder with the programs that the cells of the tests run;
// unset, they are built.
const programsEnv = "CELL_TEST_PROGRAMS"

func TestMain(m *testing.M) {
	cell.Main()
	if name := os.Getenv(roleEnv); name != "" {
		os.Exit(play(name))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := cell.Enter(); err != nil {
		fmt.Fprintln(os.Stderr, "tests of isolated cells are skipped:", err)
		os.Setenv("CELL_TEST_NO_NAMESPACES", err.Error())
	}
	if os.Getenv(programsEnv) == "" {
		dir, err := os.MkdirTemp("", "cell-programs")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := build(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		os.Setenv(programsEnv, dir)
	}
	return m.Run()
}

// build makes static programs, whatever the tests themselves are built with.
func build(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-o", dir, "./testdata/actor", "../../test/isolation/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build test programs: %w\n%s", err, out)
	}
	return nil
}

func program(name string) string { return filepath.Join(os.Getenv(programsEnv), name) }

// openStage opens an isolated stage for one test.
func openStage(t *testing.T) *cell.Stage {
	t.Helper()
	if why := os.Getenv("CELL_TEST_NO_NAMESPACES"); why != "" {
		t.Skip(why)
	}
	stage, err := cell.Open(cell.Netns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	return stage
}

// output collects what a cell writes and lets a test wait for a line of it.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the output contains a text.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !strings.Contains(o.String(), text) {
		select {
		case <-ctx.Done():
			t.Fatalf("no %q in output:\n%s", text, o)
		case <-o.changed:
		}
	}
}

// start starts the actor with some arguments in a cell.
func start(t *testing.T, stage *cell.Stage, spec cell.Spec) (*cell.Cell, *output) {
	t.Helper()
	out := newOutput()
	if spec.Path == "" {
		spec.Path = program("actor")
	}
	spec.Stdout, spec.Stderr = out, out
	c, err := stage.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return c, out
}

// probe runs the probe program in a cell and returns all that it found.
func probe(t *testing.T, stage *cell.Stage, spec cell.Spec, targets isolation.Targets) []isolation.Finding {
	t.Helper()
	text, err := json.Marshal(targets)
	if err != nil {
		t.Fatal(err)
	}
	spec.Path = program("probe")
	spec.Env = append(spec.Env, isolation.TargetsEnv+"="+string(text))
	c, out := start(t, stage, spec)
	if err := c.Wait(); err != nil {
		t.Fatalf("probe: %v\n%s", err, out)
	}
	findings, err := isolation.ReadFindings(strings.NewReader(out.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return findings
}
