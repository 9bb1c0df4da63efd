// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo/demotest"

	"golang.org/x/sys/unix"
)

// ownMountsEnv marks the process that has a mount namespace of its own.
const ownMountsEnv = "DUKOU_TEST_OWN_MOUNTS"

// TestMain gives the tests a mount namespace of their own: the small disks that they
// mount end with them, whatever happens.
func TestMain(m *testing.M) {
	cell.Main()
	if os.Getuid() == 0 && os.Getenv(ownMountsEnv) == "" {
		os.Exit(withOwnMounts())
	}
	demotest.Main(m)
}

func withOwnMounts() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), ownMountsEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "no mount namespace, so no disk can be filled:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// long tells whether the long forms are wanted.
func long() bool { return os.Getenv("DUKOU_LONG") == "1" }

// needRoot skips, with the reason, where disks cannot be mounted.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getenv(ownMountsEnv) == "" {
		t.Skip("this needs root: disks are mounted, filled and failed")
	}
}

// seedOf is the seed of a run, which is printed.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("DUKOU_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("DUKOU_SEED=%d", seed)
	return seed
}

// chance is one of the sources of random choices that a seed gives.
func chance(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// eventually tries until there is no error or the time is over.
func eventually(ctx context.Context, timeout, every time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// rest waits for a while, or until ctx ends: a fault lasts, or the next one is due.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
