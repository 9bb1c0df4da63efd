// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Bench measures the whole crossing, as the real programs make it in namespaces of
// their own, and its parts, beside what a bank would use otherwise: cp, scp, a chain
// of relays, nginx. It prints one report in Markdown. docs/performance.md says what the
// figures mean; `make bench` runs it.
//
// With -profile it measures nothing and takes processor profiles instead; the
// programs must have been built with their symbols (`make profile`).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/cell"
)

func main() {
	cell.Main()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	bin, commit string
	profiles    string
	evidence    string
	quick       bool
}

func read() options {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "directory of the programs")
	flag.StringVar(&o.commit, "commit", "unknown", "what the programs were built from, for the report")
	flag.StringVar(&o.profiles, "profile", "", "take processor profiles into this directory, and measure nothing")
	flag.StringVar(&o.evidence, "evidence", "", "write the report into this directory as well, as bench-DATE.txt")
	flag.BoolVar(&o.quick, "quick", false, "show in two minutes that everything runs; the figures are worthless")
	flag.Parse()
	return o
}

func run() error {
	o := read()
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return err
	}
	o.bin = bin
	if err := cell.Enter(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.profiles != "" {
		return takeProfiles(ctx, o)
	}
	return measure(ctx, o)
}

func takeProfiles(ctx context.Context, o options) error {
	answer, err := answerBytes()
	if err != nil {
		return err
	}
	r, err := newRig(ctx, o.bin, answer)
	if err != nil {
		return err
	}
	return errors.Join(profile(ctx, r, o.profiles, os.Stdout), r.Close())
}

func measure(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "dukou-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out := io.Writer(os.Stdout)
	if o.evidence != "" {
		if err := os.MkdirAll(o.evidence, 0o755); err != nil { //nolint:gosec // for everybody
			return err
		}
		f, err := os.Create(filepath.Join(o.evidence, "bench-"+time.Now().UTC().Format("2006-01-02")+".txt"))
		if err != nil {
			return err
		}
		defer f.Close()
		out = io.MultiWriter(out, f)
	}
	b := &bench{effort: usualEffort(), report: &report{out: out}, progress: os.Stderr, bin: o.bin, dir: dir, medians: map[string]float64{}}
	title := "# What the crossing costs"
	if o.quick {
		b.effort, title = quickEffort(), "# A trial of the measurements (the figures are worthless)"
	}
	b.note("%s\n", title)
	for _, line := range facts(dir, o.commit) {
		b.note("* %s", line)
	}
	began := time.Now()
	err = b.all(ctx)
	b.note("Took %v.", time.Since(began).Round(time.Second))
	return err
}
