// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package daemon runs the parts of a process: all at once, until the first fails or
// the context ends, and never fewer than all of them.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Task is one long-lived part of a process.
type Task struct {
	Name string
	Run  func(ctx context.Context) error
}

// Run runs all tasks. The first that returns ends the others; Run waits for all and
// returns the first error that is not the end of ctx.
func Run(ctx context.Context, tasks ...Task) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, t := range tasks {
		wg.Go(func() {
			err := t.Run(inner)
			if err == nil && inner.Err() == nil {
				err = errors.New("ended by itself")
			}
			if err != nil && inner.Err() == nil {
				cancel(fmt.Errorf("%s: %w", t.Name, err))
			}
		})
	}
	wg.Wait()
	if cause := context.Cause(inner); ctx.Err() == nil {
		return cause
	}
	return nil
}

// Rest waits before another attempt; it is false when ctx ended first.
func Rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
