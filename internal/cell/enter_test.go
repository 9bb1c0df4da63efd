// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
)

const (
	roleEnv     = "CELL_TEST_ROLE"     // what the test binary is instead of the tests
	ordinaryEnv = "CELL_TEST_ORDINARY" // set where an ordinary user runs the tests
)

// ordinaryUser is a user number without rights.
const ordinaryUser = 65534

// role starts the test binary as another program.
func role(t *testing.T, name string, attr *syscall.SysProcAttr) (*exec.Cmd, *output) {
	t.Helper()
	out := newOutput()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleEnv+"="+name)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd, out
}

func play(name string) int {
	switch name {
	case "launcher":
		return playLauncher()
	case "enter":
		return playEnter()
	case "poor":
		return playPoor()
	}
	return 2
}

// playLauncher starts a cell and waits to be killed.
func playLauncher() int {
	stage, err := cell.Open(cell.Netns)
	if err != nil {
		panic(err)
	}
	c, err := stage.Start(cell.Spec{Name: "a", Path: program("actor"), Args: []string{"wait"}})
	if err != nil {
		panic(err)
	}
	fmt.Println("cell is", c.PID())
	<-c.Done()
	return 1
}

// playEnter counts one interrupt, then ends with a status of its own.
func playEnter() int {
	signals := make(chan os.Signal, 8)
	if err := cell.Enter(); err != nil {
		fmt.Println(err)
		return 1
	}
	signal.Notify(signals, unix.SIGINT)
	fmt.Println("entered as", os.Getuid())
	<-signals
	fmt.Println("interrupted")
	return 7
}

// playPoor is where no more network namespaces may be made.
func playPoor() int {
	if err := os.WriteFile("/proc/sys/user/max_net_namespaces", []byte("0"), 0o644); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(cell.Enter())
	return 0
}

func TestEnterNamesWhatIsMissingAndTheRemedy(t *testing.T) {
	openStage(t) // or skip
	cmd, out := role(t, "poor", &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	})
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"unshare network namespace", "sysctl -w user.max_net_namespaces"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

func TestEnterPassesSignalsAndStatusOn(t *testing.T) {
	openStage(t) // or skip
	var attr syscall.SysProcAttr
	if os.Getenv(ordinaryEnv) == "" && os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser, NoSetGroups: true}
	}
	cmd, out := role(t, "enter", &attr)
	out.await(t, "entered as 0")
	if err := cmd.Process.Signal(unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 7 || strings.Count(out.String(), "interrupted") != 1 {
		t.Errorf("exit status %d, output %s", code, out)
	}
}

// TestAllAsAnOrdinaryUser runs the other tests anew without root's rights.
func TestAllAsAnOrdinaryUser(t *testing.T) {
	if os.Getenv(ordinaryEnv) != "" || os.Getuid() != 0 {
		t.Skip("an ordinary user runs the tests already")
	}
	openStage(t) // or skip
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "cell.test")
	copyProgram(t, binary)
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.timeout=5m")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), ordinaryEnv+"=1", "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, refused := range []string{"--- FAIL", "are skipped"} {
		if strings.Contains(string(out), refused) {
			t.Errorf("%s", out)
		}
	}
	t.Logf("%d tests passed, %d skipped", strings.Count(string(out), "--- PASS"), strings.Count(string(out), "--- SKIP"))
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
