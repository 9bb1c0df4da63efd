// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Rogue is the path of the program that attacks from a component's place.
func (d *Demo) Rogue() string { return filepath.Join(d.options.Bin, rogueProgram) }

// labels puts a rogue in the place of the internet front.
func (t *tour) labels(ctx context.Context) (string, error) {
	i := t.Installation
	out, err := t.Replace(ctx, FrontInternet, t.Rogue(), []string{
		"front", "-identity", i.Identity(FrontInternet), "-state", i.State(FrontInternet), "-guard", "unix:" + i.Socket(GuardOuter),
	}, nil)
	return t.judgeFindings(out, err)
}

// forgedVerdict puts a rogue in the place of the outer half, at the end of the cable.
func (t *tour) forgedVerdict(ctx context.Context) (string, error) {
	i := t.Installation
	asking, cancel := context.WithCancel(ctx)
	asked := make(chan struct{})
	go func() { // so that it gets hold of a genuine question
		defer close(asked)
		t.keepAsking(asking)
	}()
	out, err := t.Replace(ctx, GuardOuter, t.Rogue(), []string{
		"half", "-identity", i.Identity(GuardOuter), "-state", i.State(GuardOuter), "-link", t.Link(), "-listen", "unix:" + i.Socket(GuardOuter),
	}, nil)
	cancel()
	<-asked
	return t.judgeFindings(out, err)
}

// capturedInner puts a rogue in the place of the inner process, before the gate.
func (t *tour) capturedInner(ctx context.Context) (string, error) {
	i := t.Installation
	out, err := t.Replace(ctx, GuardInner, t.Rogue(), []string{
		"inner", "-identity", i.Identity(GuardInner), "-state", i.State(GuardInner), "-guard", "unix:" + i.Socket(GuardGate),
	}, nil)
	return t.judgeFindings(out, err)
}

// keepAsking signs somebody in again and again. What comes of it does not matter.
func (t *tour) keepAsking(ctx context.Context) {
	bank := t.Bank()
	defer bank.Close()
	tick := time.NewTicker(2 * pollEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		_, _ = bank.SignIn(ctx, Zhang())
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// judgeFindings shows what a rogue tried, and wants every attack refused for its reason.
func (t *tour) judgeFindings(out []byte, err error) (string, error) {
	findings, readErr := ReadFindings(bytes.NewReader(out))
	var wrong []error
	refused := 0
	for _, f := range findings {
		t.p.line("%s a parcel %s: %s", mark(f.OK()), f.Attack, verdict(f))
		if !f.OK() {
			wrong = append(wrong, fmt.Errorf("a parcel %s: want %q, got %q %s", f.Attack, f.Want, f.Got, f.Detail))
		}
		if f.Want != "" {
			refused++
		}
	}
	if err := errors.Join(append([]error{err, readErr}, wrong...)...); err != nil {
		return "", err
	}
	if refused == 0 {
		return "", errors.New("nothing was tried")
	}
	return fmt.Sprintf("%d parcels refused, each for its own reason", refused), nil
}

func mark(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

func verdict(f Finding) string {
	if f.Got == "" {
		return "passed"
	}
	return "refused, " + string(f.Got)
}

func (t *tour) recovery(ctx context.Context) (string, error) {
	if err := t.WaitReady(ctx); err != nil {
		return "", err
	}
	_, detail, err := t.ask(ctx)
	return detail, err
}
