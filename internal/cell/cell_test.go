// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/test/isolation"
)

func TestCellRunsWithNothingButItsSpec(t *testing.T) {
	stage := openStage(t)
	t.Setenv("SECRET_OF_THE_LAUNCHER", "1")
	c, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"status"}, Env: []string{"ONLY=this"}})
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
		"CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000",
		"NoNewPrivs:\t1", "Seccomp:\t2", "Pid:\t1\n", "[ONLY=this]",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestNamedCapabilityIsKept(t *testing.T) {
	stage := openStage(t)
	c, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"status"}, Capabilities: []cell.Capability{cell.NetRaw}})
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		if want := fmt.Sprintf("%s:\t%016x", set, 1<<unix.CAP_NET_RAW); !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestSignalsReachTheProgram(t *testing.T) {
	for _, isolation := range []cell.Isolation{cell.Netns, cell.None} {
		t.Run(string(isolation), func(t *testing.T) {
			stage := openStage(t)
			if isolation == cell.None {
				stage = openPlain(t)
			}
			c, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"wait"}})
			out.await(t, "waiting")
			if err := c.Signal(unix.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
			out.await(t, "stopped")
			if err := c.Signal(unix.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("signal after the end: %v", err)
			}
		})
	}
}

func openPlain(t *testing.T) *cell.Stage {
	t.Helper()
	stage, err := cell.Open(cell.None)
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

func TestNoCablesWithoutIsolation(t *testing.T) {
	stage := openPlain(t)
	err := stage.Cable("c", cell.End{Cell: "a", Interface: "x"}, cell.End{Cell: "b", Interface: "y"}, 0)
	if !errors.Is(err, cell.ErrNotIsolated) {
		t.Errorf("got %v", err)
	}
}

func TestStartErrorsNameTheStep(t *testing.T) {
	stage := openStage(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("not a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec cell.Spec
		want string
	}{
		{cell.Spec{Name: "a", Path: text}, "exec"},
		{cell.Spec{Name: "a", Path: text + "2"}, "no such file"},
		{cell.Spec{Name: "a", Path: "relative"}, "not absolute"},
		{cell.Spec{Name: "", Path: text}, "name"},
		{cell.Spec{Name: "a", Path: text, Writable: []string{"/nowhere/at/all"}}, "/nowhere/at/all"},
		{cell.Spec{Name: "a", Path: text, Writable: []string{"/"}}, "too wide"},
		{cell.Spec{Name: "a", Path: text, ReadOnly: []string{"/proc/1"}}, "lies in"},
		{cell.Spec{Name: "a", Path: text, ReadOnly: []string{"/usr/../usr"}}, "clean"},
	} {
		_, err := stage.Start(test.spec)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.spec, err, test.want)
		}
	}
}

func TestSecondStartWaitsForTheFirstToEnd(t *testing.T) {
	stage := openStage(t)
	c, _ := start(t, stage, cell.Spec{Name: "a", Args: []string{"wait"}})
	if _, err := stage.Start(cell.Spec{Name: "a", Path: program("actor"), Args: []string{"wait"}}); err == nil {
		t.Error("two processes in one cell")
	}
	c.Kill()
	start(t, stage, cell.Spec{Name: "a", Args: []string{"wait"}})
}

func TestCloseLeavesNothing(t *testing.T) {
	before := traces(t)
	stage := openStage(t)
	ends := [2]cell.End{{Cell: "a", Interface: "x"}, {Cell: "b", Interface: "y"}}
	if err := stage.Cable("c", ends[0], ends[1], 0); err != nil {
		t.Fatal(err)
	}
	c, out := start(t, stage, cell.Spec{Name: "a", Args: []string{"children"}})
	start(t, stage, cell.Spec{Name: "b", Args: []string{"wait"}})
	out.await(t, strings.Repeat("waiting\n", 4))
	inside, err := isolation.Family(c.PID())
	if err != nil || len(inside) != 4 {
		t.Fatalf("processes in the cell: %v, %v", inside, err)
	}
	if err := stage.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range inside {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("process %d after Close: %v", pid, err)
		}
	}
	if after := traces(t); after != before {
		t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
	}
}

// traces describes what a stage could leave on the host: mounts, interfaces, descriptors.
func traces(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	interfaces, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(interfaces)) {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, strings.TrimSpace(name))
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	namespaces := 0
	for _, link := range links {
		if target, _ := os.Readlink(link); strings.HasPrefix(target, "net:") {
			namespaces++
		}
	}
	return fmt.Sprint(string(mounts), names, namespaces)
}

func TestCellsEndWithAKilledLauncher(t *testing.T) {
	openStage(t) // or skip
	cmd, out := role(t, "launcher", nil)
	out.await(t, "cell is")
	var pid int
	if _, err := fmt.Sscanf(out.String(), "cell is %d", &pid); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000)
	if err != nil || n != 1 {
		t.Errorf("the cell outlives its launcher: poll gives %d, %v", n, err)
	}
}
