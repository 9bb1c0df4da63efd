// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The files in which a part tells how far it is.
const (
	countsFile = "counts.json"
	seedFile   = "seed"
)

// enoughFailed is after how many schedules that failed a part ends.
const enoughFailed = 20

// workdir is a directory of a file system in memory where there is one, since what
// lies in it (keys and bundles) is not what is tested.
func workdir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "simulate")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// runParts spreads n schedules over processes of one processor each, and adds up.
func runParts(t *testing.T, n int) *tally {
	dir, all := workdir(t), newTally()
	processes := min(runtime.NumCPU(), n)
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range processes {
		first, last := n*i/processes, n*(i+1)/processes
		running.Go(func() {
			own := filepath.Join(dir, strconv.Itoa(i))
			out, err := spawn(t, own, *seed+uint64(first), last-first)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("schedules from seed %d: %v\n%s", *seed+uint64(first), err, out)
			}
			counts := newTally()
			if b, err := os.ReadFile(filepath.Join(own, countsFile)); err != nil || json.Unmarshal(b, counts) != nil {
				t.Errorf("no counts: %v", err)
			}
			all.add(counts)
		})
	}
	running.Wait()
	return all
}

// spawn runs schedules in a process of their own and returns what it says of failures.
func spawn(t *testing.T, dir string, from uint64, n int) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSchedules$", "-test.timeout=0",
		"-schedules", strconv.Itoa(n), "-seed", strconv.FormatUint(from, 10), "-part", dir)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	cmd.Stdout, cmd.Stderr = &out, io.MultiWriter(&out, os.Stderr) // a violation is told at once
	err := cmd.Run()
	if err == nil {
		return "", nil
	}
	if strings.Contains(out.String(), "panic:") {
		at, _ := os.ReadFile(filepath.Join(dir, seedFile)) // it may not have come so far
		err = fmt.Errorf("%w; the last seed was %s", err, at)
	}
	return out.String(), err
}

// runPart runs schedules one after another in this process.
func runPart(t *testing.T, n int) {
	debug.SetGCPercent(1000) // little lives, and much is made
	site, counts, failed := newSite(t, filepath.Join(*part, "site")), newTally(), 0
	for i := range uint64(n) {
		if err := os.WriteFile(filepath.Join(*part, seedFile), strconv.AppendUint(nil, *seed+i, 10), 0o600); err != nil {
			t.Fatal(err)
		}
		s := one(t, site, *seed+i, counts, false)
		for _, f := range s.found.list {
			fmt.Fprintf(os.Stderr, "seed %d: %s\n", *seed+i, f)
		}
		if len(s.found.list) > 0 {
			failed++
		}
		if failed == enoughFailed {
			break // more of them show nothing new
		}
	}
	b, err := json.Marshal(counts)
	if err == nil {
		err = os.WriteFile(filepath.Join(*part, countsFile), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
