// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// bench is one run of all measurements.
type bench struct {
	effort
	*report
	progress io.Writer
	bin      string
	dir      string // for files and the peers' things
	rig      *rig
	medians  map[string]float64 // by what the goals are stated of
}

// all measures everything, one group after the other.
func (b *bench) all(ctx context.Context) error {
	answer, err := answerBytes()
	if err != nil {
		return err
	}
	for _, group := range []func(context.Context) error{b.disk, b.judges, b.journal} {
		if err := errors.Join(group(ctx), ctx.Err()); err != nil {
			return err
		}
	}
	if b.rig, err = newRig(ctx, b.bin, answer); err != nil {
		return err
	}
	defer func() { b.rig.Close() }()
	for _, group := range []func(context.Context) error{b.queries, b.smallFiles, b.largeFiles, b.guard} {
		if err := errors.Join(group(ctx), ctx.Err()); err != nil {
			return err
		}
	}
	b.goals()
	if len(b.failures) > 0 {
		return fmt.Errorf("not everything crossed: %s", strings.Join(b.failures, "; "))
	}
	return nil
}

// folder is a new empty directory for one measurement.
func (b *bench) folder(name string) (string, error) {
	path := filepath.Join(b.dir, name)
	return path, errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o700))
}

// tell says what is being measured, to somebody who waits.
func (b *bench) tell(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

// peak prints the most memory that each process has had in a phase.
func (b *bench) peak(phase string) {
	peaks, text := b.rig.peaks(), []string{}
	for _, name := range processes() {
		text = append(text, name+" "+peaks[name])
	}
	b.note("Most memory of each process %s: %s.", phase, strings.Join(text, ", "))
}
