// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package broken

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo/demotest"
)

// way is one way to catch a broken build. It says by what the build was caught and
// after how much, or nothing when it was not.
type way func(t *testing.T, overlay string) string

// wayTimeout bounds one way.
const wayTimeout = 4 * time.Minute

// run runs a program at the module's root and gives what it wrote. That it fails is
// what is hoped for.
func run(t *testing.T, env []string, dir, name string, args ...string) (output string, failed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wayTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = filepath.Join(root, dir), append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", name, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s %q took longer than %v:\n%s", name, args, wayTimeout, tail(out.String()))
	}
	return out.String(), err != nil
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// firstSeed is that of the first simulated schedule.
const firstSeed = 1

// stages are how many schedules are run before it is looked whether one found something.
func stages() []int { return []int{20, 200, 2000} }

var foundBySeed = regexp.MustCompile(`(?m): seed ([0-9]+): (.*)$`)

// simulated runs seeded schedules until one finds something.
func simulated(t *testing.T, overlay string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "simulate.test")
	if out, failed := run(t, []string{"CGO_ENABLED=0"}, "", "go", "test", "-c", "-overlay", overlay, "-o", binary, "./test/simulate"); failed {
		t.Fatalf("build the simulation: %s", tail(out))
	}
	for _, n := range stages() {
		out, failed := run(t, nil, "test/simulate", binary, "-test.run", "^TestSchedules$",
			"-schedules", strconv.Itoa(n), "-seed", strconv.Itoa(firstSeed))
		if failed {
			return firstFinding(t, out)
		}
	}
	return ""
}

// firstFinding is what the schedule with the least seed has found.
func firstFinding(t *testing.T, out string) string {
	t.Helper()
	least, what := 0, ""
	for _, m := range foundBySeed.FindAllStringSubmatch(out, -1) {
		seed, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		if what == "" || seed < least {
			least, what = seed, m[2]
		}
	}
	if what == "" {
		t.Logf("the simulation ends otherwise: %s", tail(out))
		return ""
	}
	return fmt.Sprintf("simulation, %d schedules: %s", least-firstSeed+1, what)
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// enumerated runs the tests that put a fault at every step.
func enumerated(pkg, tests string) way {
	return func(t *testing.T, overlay string) string {
		t.Helper()
		out, failed := run(t, []string{"CGO_ENABLED=0"}, "", "go", "test", "-count=1", "-failfast", "-overlay", overlay, "-run", tests, pkg)
		if !failed {
			return ""
		}
		m := failedTest.FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%s: %s", pkg, tail(out))
		}
		return fmt.Sprintf("enumeration, %s in %s", m[1], pkg)
	}
}

// binaries builds the programs of an installation with an overlay.
func binaries(t *testing.T, overlay string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	defer os.Setenv("GOFLAGS", strings.TrimSuffix(os.Getenv("GOFLAGS"), " -overlay="+overlay))
	if err := demotest.Build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// attacked has attackers with the keys of captured parts run against the binaries.
func attacked(t *testing.T, overlay string) string {
	t.Helper()
	dir := binaries(t, overlay)
	out, failed := run(t, nil, "", filepath.Join(dir, "dukou"), "demo", "--once", "--json", "--isolation", "netns")
	if !failed {
		return ""
	}
	for line := range strings.Lines(out) {
		var step struct {
			Step string
			OK   bool
		}
		if json.Unmarshal([]byte(line), &step) == nil && step.Step != "" && !step.OK {
			return "attackers in the place of a captured part: " + line[:min(len(line), 300)]
		}
	}
	t.Fatalf("the demonstration fails without a step that does:\n%s", tail(out))
	return ""
}

var (
	violation = regexp.MustCompile(`(?m)_test\.go:\d+: ((?:lost|twice|altered|unsent|unreached|reached|unlabelled|unjudged|unrecorded|unsound) .*)$`)
	soFar     = regexp.MustCompile(`batch \d+: (\d+) faults so far`)
)

// faults runs the short form of the faults on the real binaries.
func faults(t *testing.T, overlay string) string {
	t.Helper()
	dir := binaries(t, overlay)
	out, failed := run(t, []string{demotest.BinEnv + "=" + dir, "DUKOU_LONG=0"}, "", "go", "test", "-count=1", "-v", "-run", "^TestFaults$", "./test/fault")
	if !failed {
		return ""
	}
	m, n := violation.FindStringSubmatch(out), soFar.FindAllStringSubmatch(out, -1)
	if m == nil || n == nil {
		t.Logf("the faults fail otherwise:\n%s", tail(out))
		return ""
	}
	return fmt.Sprintf("faults on the binaries, %s of them: %s", n[len(n)-1][1], m[1])
}
