// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package confined holds what the tests of the programs use to show that a confined
// process reaches what its rules grant and nothing else. A test starts its own binary
// as a helper, which derives its rules by the very function that the program's main
// uses, applies them, and tries some hundreds of things. What it reached is compared
// with the exact set.
package confined

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/confine"
)

// orderEnv marks a helper and holds its order, as JSON.
const orderEnv = "DUKOU_CONFINED_ORDER"

// patience is how long a helper may take.
const patience = 30 * time.Second

// order is what a helper is to do.
type order struct {
	Args  []string // of the program in whose place it is
	Free  bool     // without confinement, and only what does no harm then
	World *World
}

// Role is one program with its arguments, and what of the world it is granted.
type Role struct {
	Args  []string
	Own   []string // directories of the world
	TCP   bool     // may connect to World.Near
	Unix  bool     // may connect to World.NearSocket
	Watch bool
}

// Main must be the first call of TestMain. In a helper it does not return.
func Main(rules func(args []string) (confine.Rules, error)) {
	text := os.Getenv(orderEnv)
	if text == "" {
		return
	}
	if err := help(text, rules); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func help(text string, rules func(args []string) (confine.Rules, error)) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	if !o.Free {
		r, err := rules(o.Args)
		if err != nil {
			return err
		}
		if err := confine.Apply(r, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
	}
	runtime.LockOSThread() // tracing and namespaces belong to a thread
	tries := &tries{world: o.World, free: o.Free, results: map[string]string{}}
	tries.all()
	return json.NewEncoder(os.Stdout).Encode(tries.results)
}

// Check starts a helper in the place of a role and compares what it reached.
func (w *World) Check(t *testing.T, r Role) {
	t.Helper()
	level := confine.Available()
	if level.Landlock < 2 || !level.Seccomp {
		t.Skipf("this kernel cannot confine a process (%s), and every program refuses to start on it", level)
	}
	t.Logf("kernel: %s; it cannot hold: %q", level, level.Missing())
	results := w.run(t, order{Args: r.Args, World: w})
	var reached []string
	for name, failure := range results {
		if failure == "" {
			reached = append(reached, name)
		}
	}
	slices.Sort(reached)
	if diff := cmp.Diff(w.granted(r, level), reached); diff != "" {
		t.Errorf("reached otherwise than granted (-granted +reached):\n%s", diff)
	}
	t.Logf("%d tried, %d reached, all of them granted", len(results), len(reached))
	if len(results) < 500 {
		t.Errorf("only %d things were tried", len(results))
	}
}

// CheckFree shows that the tries are good: without confinement the helper reaches all
// that is in the world.
func (w *World) CheckFree(t *testing.T) {
	t.Helper()
	results := w.run(t, order{Free: true, World: w})
	for _, name := range w.harmless() {
		if failure, tried := results[name]; !tried || failure != "" {
			t.Errorf("%s: tried %t, %s", name, tried, failure)
		}
	}
}

func (w *World) run(t *testing.T, o order) map[string]string {
	t.Helper()
	w.renew(t)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.Program)
	cmd.Env = append(os.Environ(), orderEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	results := map[string]string{}
	if err = errors.Join(err, json.Unmarshal(out, &results)); err != nil {
		t.Fatalf("the helper did not come to its end: %v\n%s", err, out)
	}
	return results
}

// tries is one helper at work.
type tries struct {
	world   *World
	free    bool
	results map[string]string
}

func (t *tries) all() {
	t.files()
	t.network()
	t.processes()
	if !t.free {
		t.powers()
	}
}

// try notes what an attempt came to.
func (t *tries) try(name string, err error) {
	t.results[name] = ""
	if err != nil {
		t.results[name] = err.Error()
	}
}

// raw makes a system call, whose success is what must not be.
func raw(number uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, errno := unix.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}
