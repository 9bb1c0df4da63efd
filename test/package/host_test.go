// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The environment of who works on a host.
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// host is a machine of namespaces. It ends with its first process, which ends when the
// test does.
type host struct {
	name string
	pid  int
}

// newHost starts a host which has the medium at /media/dukou.
func newHost(t *testing.T, name, medium string) *host {
	t.Helper()
	dir, err := os.MkdirTemp("", "dukou-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) }) // what is mounted there is gone with the namespace

	cmd := exec.Command("/proc/self/exe", medium) //nolint:noctx // ends when its input does
	cmd.Env = []string{hostEnv + "=" + name, "DIR=" + dir, path}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("host %s did not start: %q, %v", name, line, err)
	}
	return &host{name, cmd.Process.Pid}
}

// run runs a script as root, and gives what it printed.
func (h *host) run(ctx context.Context, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(h.pid), "--mount", "--uts", "--ipc", "--net", "--pid",
		"env", "-i", path, "HOME=/root", "LANG=C.UTF-8", "sh", "-eu", "-c", "cd /; "+script)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// logs are what the services of a host have said.
func (h *host) logs(t *testing.T) {
	out, _ := h.run(context.Background(), "cd "+logDir+" && tail -n 15 * 2>/dev/null || true")
	t.Logf("services of %s:\n%s", h.name, out)
}

// kept are the folders of the root that a host sees; all others are empty there.
var kept = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "var"}

// beHost is the first process of a host.
func beHost(name, medium string) error {
	if err := errors.Join(unix.Sethostname([]byte(name)), buildRoot(os.Getenv("DIR"), medium)); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil { //nolint:noctx // short
		return fmt.Errorf("%w: %s", err, out)
	}
	ended := make(chan os.Signal, 16)
	signal.Notify(ended, unix.SIGCHLD)
	go func() { // ends with the process
		for range ended {
			for {
				if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
					break
				}
			}
		}
	}()
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// buildRoot leaves the process in a copy of this machine's system: what is changed there
// is in memory, and what is no part of the system is not seen.
func buildRoot(dir, medium string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return err
	}
	upper, work, root := filepath.Join(dir, "upper"), filepath.Join(dir, "work"), filepath.Join(dir, "root")
	if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755), os.Mkdir(root, 0o755)); err != nil {
		return err
	}
	if err := unix.Mount("overlay", root, "overlay", 0, "lowerdir=/,upperdir="+upper+",workdir="+work); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	if err := furnish(root, medium); err != nil {
		return err
	}
	if err := errors.Join(os.Chdir(root), unix.PivotRoot(".", "."), unix.Unmount(".", unix.MNT_DETACH)); err != nil {
		return err
	}
	return os.Chdir("/")
}

// furnish covers what is no part of the system, and adds what every host has.
func furnish(root, medium string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || slices.Contains(kept, e.Name()) {
			continue
		}
		if err := unix.Mount("tmpfs", filepath.Join(root, e.Name()), "tmpfs", 0, "mode=0755"); err != nil {
			return err
		}
	}
	for _, folder := range []string{"proc", "sys", "dev", "run", "tmp", "root", "srv", "media/dukou"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return errors.Join(
		unix.Mount("proc", filepath.Join(root, "proc"), "proc", 0, ""),
		unix.Mount("sysfs", filepath.Join(root, "sys"), "sysfs", 0, ""),
		unix.Mount("/dev", filepath.Join(root, "dev"), "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Mount(medium, filepath.Join(root, "media/dukou"), "", unix.MS_BIND, ""),
		os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky),
		os.Chmod(filepath.Join(root, "root"), 0o700),
		os.WriteFile(filepath.Join(root, "usr/local/bin/systemctl"), self, 0o755), //nolint:gosec // a program
	)
}
