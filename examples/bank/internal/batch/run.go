// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// rescan is how often the directory is looked at even if nobody says that it changed.
const rescan = 2 * time.Second

// Run answers requests as they come until ctx ends. An error of the disk ends it.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.recover(); err != nil {
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the batch directory: %w", err)
	}
	defer watcher.Close()
	if err := watcher.Add(filepath.Join(d.dir, requests)); err != nil {
		return fmt.Errorf("watch the batch directory: %w", err)
	}
	again := time.NewTicker(rescan)
	defer again.Stop()
	for {
		if err := d.scan(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
		case <-watcher.Errors: //nolint:errcheck // lost events: the scan finds what they told
		case <-again.C:
		}
	}
}

// scan answers all that is ready, in the order of names.
func (d *Desk) scan(ctx context.Context) error {
	names, err := d.list(requests)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, n := range names {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being told to end is no error
		}
		if !ready(n) {
			continue
		}
		if err := d.serve(n); err != nil {
			return err
		}
	}
	return nil
}
