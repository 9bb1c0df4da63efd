// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// stepTimeout bounds one step, so that nothing is waited for in vain.
const stepTimeout = 45 * time.Second

// Result is what became of one step of the tour. Its JSON form is stable.
type Result struct {
	Step    string `json:"step"`
	OK      bool   `json:"ok"`
	Skipped bool   `json:"skipped,omitempty"`
	Reason  string `json:"reason,omitempty"` // of what was skipped or failed
	Detail  string `json:"detail"`
	Millis  int64  `json:"ms"`
	Ready   *Ready `json:"ready,omitempty"` // of the last step, where the demonstration stays
}

// SkippedError says why a step cannot be shown here.
type SkippedError struct{ Reason string }

// Error is the reason.
func (e *SkippedError) Error() string { return e.Reason }

// Printer shows steps as they happen: to a reader, or as JSON.
type Printer struct {
	Out  io.Writer
	JSON bool
}

// lines of a step that are shown as they happen.
func (p *Printer) line(format string, args ...any) {
	if !p.JSON {
		fmt.Fprintf(p.Out, "    "+format+"\n", args...)
	}
}

// begin announces a step.
func (p *Printer) begin(title string) {
	if !p.JSON {
		fmt.Fprintf(p.Out, "\n▸ %s\n", title)
	}
}

// end says what became of a step.
func (p *Printer) end(r Result) {
	if p.JSON {
		_ = json.NewEncoder(p.Out).Encode(r) // nobody reads: the exit status tells
		return
	}
	switch {
	case r.Skipped:
		fmt.Fprintf(p.Out, "  – skipped: %s\n", r.Reason)
	case r.OK:
		fmt.Fprintf(p.Out, "  ✓ %s  (%s)\n", r.Detail, took(r.Millis))
	default:
		fmt.Fprintf(p.Out, "  ✗ %s  (%s)\n", strings.ReplaceAll(r.Reason, "\n", "\n    "), took(r.Millis))
	}
}

func took(millis int64) string { return (time.Duration(millis) * time.Millisecond).String() }

// say prints text that is for people only.
func (p *Printer) say(format string, args ...any) {
	if !p.JSON {
		fmt.Fprintf(p.Out, format, args...)
	}
}

// step is one thing that is shown.
type step struct {
	name, title string
	run         func(ctx context.Context) (detail string, err error)
	ready       *Ready // what run fills in, or nil
}

// do runs a step and prints it.
func (p *Printer) do(ctx context.Context, s step) Result {
	p.begin(s.title)
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	began := time.Now()
	detail, err := s.run(ctx)
	r := Result{Step: s.name, OK: err == nil, Detail: detail, Millis: time.Since(began).Milliseconds()}
	var skipped *SkippedError
	if errors.As(err, &skipped) {
		r.Skipped, r.Reason = true, skipped.Reason
	} else if err != nil {
		r.Reason = err.Error()
	} else {
		r.Ready = s.ready
	}
	p.end(r)
	return r
}
