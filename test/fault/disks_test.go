// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
)

// grace is how long after a fault of its disk a process may still end of it.
const grace = 3 * time.Second

// diskFull leaves a process without a free byte for a while.
func diskFull(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	name := pick(random, withState())
	home := r.Installation.Home(name)
	done := r.expect(name)
	defer time.AfterFunc(grace, done)
	if err := resize(home, 0); err != nil {
		return false, err
	}
	rest(ctx, within(random, 200*time.Millisecond, 1500*time.Millisecond))
	full, err := noRoom(home)
	return full, errors.Join(err, resize(home, diskBytes))
}

// resize gives a disk a size; 0 means what is in use.
func resize(home string, size uint64) error {
	const flags = unix.MS_REMOUNT | unix.MS_NOSUID | unix.MS_NODEV
	if size != 0 {
		return os.NewSyscallError("remount", unix.Mount("", home, "", flags, fmt.Sprintf("size=%d", size)))
	}
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(home, &s); err != nil {
			return os.NewSyscallError("statfs", err)
		}
		used := (s.Blocks - s.Bfree) * uint64(s.Bsize)
		err := unix.Mount("", home, "", flags, fmt.Sprintf("size=%d", used))
		if !errors.Is(err, unix.EINVAL) { // else more is in use by now
			return os.NewSyscallError("remount", err)
		}
	}
}

// noRoom tells whether a disk takes nothing.
func noRoom(home string) (bool, error) {
	var s unix.Statfs_t
	err := unix.Statfs(home, &s)
	return s.Bavail <= 16, os.NewSyscallError("statfs", err) // what was removed since may be free
}

// failingSync makes every sync of a process fail. It must end, since what its disk
// holds is unknown then; and something must really have failed.
func failingSync(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	name := pick(random, demo.Components())
	pid := r.PID(name)
	if pid == 0 {
		return false, nil
	}
	done := r.expect(name)
	defer time.AfterFunc(grace, done)
	out := filepath.Join(r.t.TempDir(), "strace")
	ctx, cancel := context.WithTimeout(ctx, 6*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "strace", "-f", "-qq", "-p", fmt.Sprint(pid), "-o", out,
		"-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO")
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) } // which detaches it
	text, err := cmd.CombinedOutput()                                    // ends with the process
	if errors.Is(err, exec.ErrNotFound) {
		return false, err
	}
	trace, readErr := os.ReadFile(out)
	if readErr != nil && !errors.Is(readErr, os.ErrNotExist) {
		return false, readErr
	}
	if !strings.Contains(string(trace), "(INJECTED)") {
		return false, nil // it synced nothing, or had ended before
	}
	err = eventually(context.WithoutCancel(ctx), 5*time.Second, 10*time.Millisecond, func() error {
		if unix.Kill(pid, 0) == nil {
			return fmt.Errorf("a sync of %s failed, and it goes on: %s", name, text)
		}
		return nil
	})
	return true, err
}

// slowDisk makes every write of a process to its disk take long, and kills it in the
// middle of one: what waited for it must not have gone on.
func slowDisk(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	name := pick(random, append(guards(), demo.FrontInternet, demo.FrontIntranet))
	r.busy[name].Lock()
	defer r.busy[name].Unlock()
	pid := r.PID(name)
	if pid == 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	out := filepath.Join(r.t.TempDir(), "strace")
	cmd := exec.CommandContext(ctx, "strace", "-f", "-qq", "-p", fmt.Sprint(pid), "-o", out,
		"-e", "trace=pwrite64", "-e", "inject=pwrite64:delay_enter=400000")
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) }
	if err := cmd.Start(); err != nil {
		return false, err
	}
	err := eventually(ctx, 2*time.Second, 20*time.Millisecond, func() error {
		info, err := os.Stat(out)
		if err == nil && info.Size() == 0 {
			err = errors.New("nothing was written yet")
		}
		return err
	})
	rest(ctx, within(random, 0, 400*time.Millisecond))
	r.ended(name)
	r.Kill(name)
	r.ended(name)
	_ = cmd.Wait() // with the process
	return err == nil, r.Launch(name)
}
