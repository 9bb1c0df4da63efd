// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/bench/load"
)

// profile has perf sample the whole machine during each of three loads, and writes
// what it found into dir, one file for each load.
func profile(ctx context.Context, r *rig, dir string, out io.Writer) error {
	if _, err := exec.LookPath("perf"); err != nil {
		return fmt.Errorf("profiles need perf: %w", err)
	}
	question, err := r.question(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // reports for everybody
		return err
	}
	for _, l := range []struct {
		name string
		work func() (string, error)
	}{
		{"queries", func() (string, error) { return r.profileQueries(ctx, question) }},
		{"small-files", func() (string, error) { return r.profileFiles(ctx, 5000, 4<<10) }},
		{"large-file", func() (string, error) { return r.profileFiles(ctx, 1, 1<<30) }},
	} {
		if err := r.sampled(ctx, filepath.Join(dir, l.name), l.work, out); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

func (r *rig) profileQueries(ctx context.Context, question []byte) (string, error) {
	c, err := load.Gather(ctx, r.Installation.Socket(demo.FrontInternet), question, 32)
	if err != nil {
		return "", err
	}
	defer c.Close()
	o := c.Closed(15 * time.Second)
	return fmt.Sprintf("%.0f queries a second, p50 %v, p99 %v, %d failed %v", o.Rate(), o.At(.5), o.At(.99), o.Failed, o.First), nil
}

func (r *rig) profileFiles(ctx context.Context, count int, size int64) (string, error) {
	dir := filepath.Join(r.Installation.Home(demo.FrontInternet), "bench-made")
	b, err := makeBatch(dir, count, size)
	if err != nil {
		return "", err
	}
	took, err := r.cross(ctx, b)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v, %.1f files a second, %.1f MB/s", took, float64(count)/took.Seconds(), float64(int64(count)*size)/1e6/took.Seconds()), nil
}

// sampled runs a load under perf and writes perf's reports.
func (r *rig) sampled(ctx context.Context, name string, work func() (string, error), out io.Writer) error {
	before := r.processorTimes()
	cmd := exec.CommandContext(ctx, "perf", "record", "-a", "-g", "-F", "499", "-o", name+".data")
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		return err
	}
	said, err := work()
	_ = cmd.Process.Signal(syscall.SIGINT)
	werr := cmd.Wait() // the signal is its end
	if err != nil {
		return errors.Join(err, werr)
	}
	fmt.Fprintf(out, "%s: %s\n", filepath.Base(name), said)
	after := r.processorTimes()
	for _, p := range demo.Processes() {
		fmt.Fprintf(out, "  %-15s %.2f s of processor\n", p, (after[p] - before[p]).Seconds())
	}
	return r.explain(ctx, name)
}

// How many lines each list of a report has.
const (
	mostSelf   = 15
	mostOwn    = 25
	mostWithin = 60
)

// explain turns a recording into a text: the share of each process, and in which
// functions its samples are.
func (r *rig) explain(ctx context.Context, name string) error {
	processes := map[int]string{}
	for _, p := range demo.Processes() {
		processes[r.PID(p)] = p
	}
	tallies, all := map[string]*tally{}, 0
	err := readStacks(ctx, name+".data", func(s stack) {
		process := processes[s.pid]
		if process == "" {
			return
		}
		if tallies[process] == nil {
			tallies[process] = newTally()
		}
		tallies[process].add(s)
		all++
	})
	if err != nil {
		return err
	}
	f, err := os.Create(name + ".txt")
	if err != nil {
		return err
	}
	for _, p := range demo.Processes() {
		t := tallies[p]
		if t == nil || t.samples*100 < all {
			continue
		}
		fmt.Fprintf(f, "%s: %.1f%% of the crossing's processor time, %d samples\n", p, 100*float64(t.samples)/float64(all), t.samples)
		t.print(f, "innermost function", t.self, mostSelf)
		t.print(f, "innermost function of Dukou", t.nearest, mostOwn)
		t.print(f, "function and all that it calls", t.within, mostWithin)
	}
	return f.Close()
}
