// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

// TestTraffic lets it run until everything that it does has happened, as it must, and a
// file has been answered.
func TestTraffic(t *testing.T) {
	d := demotest.Start(t, demo.Options{Isolation: cell.None})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	traffic, err := d.NewTraffic(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); traffic.Run(ctx, 100) }()
	acts := []string{"portal", "sign-in", "sealed", "somebody else", "purpose", "no such purpose", "unknown", "large", "no flow", "report", "file"}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done && ctx.Err() == nil; <-tick.C {
		answers, err := filepath.Glob(filepath.Join(d.Installation.Incoming(), "batch-*.answer.csv"))
		if err != nil {
			t.Fatal(err)
		}
		tally := traffic.Tally()
		done = len(answers) > 0
		for _, name := range acts {
			done = done && tally[name] > 0
		}
	}
	cancel()
	<-ended
	tally := traffic.Tally()
	for _, name := range append(acts, demo.TrafficAnswered, demo.TrafficRefused) {
		if tally[name] == 0 {
			t.Errorf("no %s: %v", name, tally)
		}
	}
	if tally[demo.TrafficFailed] > 0 {
		t.Errorf("%v", tally)
	}
}
