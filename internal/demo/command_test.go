// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

// command is `dukou demo` with a directory for temporary files that must be empty in
// the end.
type command struct {
	*exec.Cmd
	temp string
	err  bytes.Buffer
}

func newCommand(t *testing.T, bin string, args ...string) *command {
	t.Helper()
	temp, err := os.MkdirTemp("", "dukou-t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	c := &command{Cmd: exec.CommandContext(t.Context(), filepath.Join(bin, "dukou"), append([]string{"demo"}, args...)...), temp: temp}
	c.Env = []string{"TMPDIR=" + temp}
	c.Stderr = &c.err
	return c
}

// steps reads what --json prints: one object a line and nothing else.
func steps(t *testing.T, out io.Reader) map[string]demo.Result {
	t.Helper()
	found := map[string]demo.Result{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var r demo.Result
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		if _, twice := found[r.Step]; twice {
			t.Errorf("step %q twice", r.Step)
		}
		found[r.Step] = r
	}
	return found
}

// finish checks the exit status, and that nothing was left.
func (c *command) finish(t *testing.T, want int) {
	t.Helper()
	var exit *exec.ExitError
	if err := c.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != want {
		t.Errorf("exit status %d, want %d; standard error:\n%s", got, want, c.err.String())
	}
	c.nothingLeft(t)
}

func (c *command) nothingLeft(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(c.temp); err != nil || len(left) > 0 {
		t.Errorf("left in the directory for temporary files: %v, %v", left, err)
	}
	// Every process of the installation has its directory among its arguments.
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(c.temp)) {
			t.Errorf("still runs: %q", bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		}
	}
}

// once runs `dukou demo --once --json` to its end.
func (c *command) once(t *testing.T, want int) map[string]demo.Result {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	found := steps(t, out)
	c.finish(t, want)
	return found
}

// allSteps are the steps that --json must tell of.
func allSteps() []string {
	return []string{
		"start", "query", "batch", "level", "labels", "forged-verdict", "captured-inner", "recovery", "capture", "no-route", "explained", "audit", "tamper",
	}
}

func wantSteps(t *testing.T, found map[string]demo.Result, skipped ...string) {
	t.Helper()
	for _, name := range allSteps() {
		r, there := found[name]
		skip := slices.Contains(skipped, name)
		switch {
		case !there:
			t.Errorf("step %s is missing", name)
		case skip && (!r.Skipped || r.OK || r.Reason == ""):
			t.Errorf("step %s should be skipped with a reason: %+v", name, r)
		case !skip && (!r.OK || r.Skipped || r.Detail == ""):
			t.Errorf("step %s: %+v", name, r)
		}
	}
	if len(found) != len(allSteps()) {
		t.Errorf("%d steps, want %d: %v", len(found), len(allSteps()), found)
	}
}

func TestOnce(t *testing.T) {
	demotest.Isolated(t)
	c := newCommand(t, os.Getenv(demotest.BinEnv), "--once", "--json")
	began := time.Now()
	wantSteps(t, c.once(t, 0))
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %s, at most a minute is promised", took)
	}
}

// TestOnceAsNobody has nothing but what any user has.
func TestOnceAsNobody(t *testing.T) {
	demotest.Isolated(t)
	if os.Getuid() != 0 || !ownsHost(t) {
		t.Skip("only root can become another user; TestOnce was an ordinary user's")
	}
	const nobody = 65534
	c := newCommand(t, os.Getenv(demotest.BinEnv), "--once", "--json")
	if err := os.Chown(c.temp, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	wantSteps(t, c.once(t, 0))
}

// ownsHost tells whether user 0 is that of the host, not of a user namespace.
func ownsHost(t *testing.T) bool {
	t.Helper()
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Equal(strings.Fields(string(ids)), []string{"0", "0", "4294967295"})
}

func TestOnceWithoutIsolation(t *testing.T) {
	c := newCommand(t, os.Getenv(demotest.BinEnv), "--once", "--json", "--isolation", "none")
	wantSteps(t, c.once(t, 3), "capture", "no-route")
}

// TestInterrupted presses Ctrl-C at every stage of the tour.
func TestInterrupted(t *testing.T) {
	for _, after := range []string{"", "start", "labels"} {
		t.Run("after "+after, func(t *testing.T) {
			c := newCommand(t, os.Getenv(demotest.BinEnv), "--json")
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			for after != "" && lines.Scan() && !strings.Contains(lines.Text(), `"step":"`+after+`"`) {
			}
			if after == "" {
				awaitEntry(t, c.temp)
			}
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() { // to the end
			}
			c.finish(t, 1)
		})
	}
}

// TestReaderGone closes the other end of its standard output, as `| head` does.
func TestReaderGone(t *testing.T) {
	c := newCommand(t, os.Getenv(demotest.BinEnv), "--json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Error("not even one step")
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	c.finish(t, 1)
}

// awaitEntry waits until something is in a directory.
func awaitEntry(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nothing was begun")
		}
	}
}

// TestStays lets the tour end, looks at the guide, and ends it as a terminal does.
func TestStays(t *testing.T) {
	c := newCommand(t, os.Getenv(demotest.BinEnv))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C ends everything") {
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := 0
	if strings.Contains(text.String(), "skipped:") {
		want = 3
	}
	c.finish(t, want)
	for _, part := range []string{"http://127.0.0.1:", "guard-outer", "ferry-zhangwei-2026", "https://localhost:", "/dukou otp ", "keys/approver-2", "\nended"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the guide lacks %q:\n%s", part, text.String())
		}
	}
}

func TestMissingProgram(t *testing.T) {
	dir := t.TempDir()
	program, err := os.ReadFile(filepath.Join(os.Getenv(demotest.BinEnv), "dukou"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dukou"), program, 0o700); err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, dir, "--once", "--json")
	found := c.once(t, 1)
	if r := found["start"]; r.OK || !strings.Contains(r.Reason, "make build") {
		t.Errorf("%+v", found)
	}
}
