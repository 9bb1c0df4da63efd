// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stageEnv marks the process that Enter started in a user namespace.
const stageEnv = "DUKOU_STAGE"

const probeTimeout = 20 * time.Second

// Enter makes this process able to open an isolated stage. As root that takes no more
// than a look. An ordinary user's program is started once more, with the same
// arguments, in a user namespace where it is user 0 and otherwise where it was:
// then Enter passes signals on and ends this process with the other's exit status,
// without returning. So call it before anything else is begun.
//
// An error says what is missing and what would help; the process is unchanged.
func Enter() error {
	if os.Getenv(stageEnv) != "" {
		return os.Unsetenv(stageEnv)
	}
	if err := Probe(); err != nil {
		return err
	}
	if privileged() {
		return nil
	}
	code, err := runAgain()
	if err != nil {
		return fmt.Errorf("start again in a user namespace: %w", err)
	}
	os.Exit(code)
	return nil
}

// privileged reports whether the process may make namespaces and cables itself.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	const need = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW | 1<<unix.CAP_SETPCAP
	return data[0].Effective&need == need
}

// userNamespace adds a user namespace to attr, with the caller as its user 0.
func userNamespace(attr *syscall.SysProcAttr) {
	attr.Cloneflags |= unix.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
}

func runAgain() (code int, err error) {
	runtime.LockOSThread() // the child is killed when the thread that started it ends
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: os.Args, Env: append(os.Environ(), stageEnv+"=1"),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		// A group of its own: a terminal's Ctrl-C then comes once, through us.
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL},
	}
	userNamespace(cmd.SysProcAttr)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		return 0, err
	}
	go func() { // ends with the process, as soon as the child has ended
		for sig := range signals {
			_ = cmd.Process.Signal(sig)
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// Probe tries out, in another process, all that a stage needs: it makes two cells
// and a cable between them. The error names the step that failed and a remedy.
func Probe() error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{probeName}
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if !privileged() {
		userNamespace(cmd.SysProcAttr)
	}
	var out bytes.Buffer
	cmd.Stderr = &out
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if out.Len() > 0 {
		err = errors.New(strings.TrimSpace(out.String()))
	}
	return fmt.Errorf("namespaces do not work here: %w; %s", err, remedy())
}

// probe is the process that Probe starts.
func probe() {
	if err := tryAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func tryAll() (err error) {
	stage, err := Open(Netns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err := stage.Cable("probe", End{"a", "probe0"}, End{"b", "probe0"}, 0); err != nil {
		return err
	}
	r := stage.rooms["a"]
	c, err := stage.launchIsolated(r.ns, Spec{Name: "a"})
	if err != nil {
		return fmt.Errorf("make a cell: %w", err)
	}
	return c.Wait()
}

// remedy looks at the usual reasons why namespaces are refused.
func remedy() string {
	settings := []struct{ path, bad, advice string }{
		{"/proc/sys/user/max_user_namespaces", "0", "as root: sysctl -w user.max_user_namespaces=10000"},
		{"/proc/sys/user/max_net_namespaces", "0", "as root: sysctl -w user.max_net_namespaces=10000"},
		{"/proc/sys/user/max_mnt_namespaces", "0", "as root: sysctl -w user.max_mnt_namespaces=10000"},
		{"/proc/sys/user/max_pid_namespaces", "0", "as root: sysctl -w user.max_pid_namespaces=10000"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "as root: sysctl -w kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root"},
	}
	for _, s := range settings {
		if value, err := os.ReadFile(s.path); err == nil && strings.TrimSpace(string(value)) == s.bad {
			return s.advice
		}
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil && bytes.Contains(status, []byte("\nSeccomp:\t2")) {
		return "a seccomp filter is on, as in a container: run outside of it, or let it make namespaces and mounts (a privileged container does)"
	}
	return "needed: Linux 5.12 or later with network, PID, IPC, mount and user namespaces, veth and an unmasked /proc; or do without isolation"
}
