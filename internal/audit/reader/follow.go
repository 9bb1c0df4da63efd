// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"

	"github.com/fsnotify/fsnotify"
)

const (
	settleTime = 50 * time.Millisecond // between two looks while entries come
	lookTime   = 2 * time.Second       // where the file system does not notify
)

// Follow gives fn the entries that f chooses, those that are there and then
// those that come, until ctx ends (nil) or fn fails. durable.ErrStop ends it
// without error. The journal may be in use; it must exist.
func Follow(ctx context.Context, dir string, f Filter, fn func(Entry) error) error {
	logDir := filepath.Join(dir, journalDir)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	err = watcher.Add(logDir)
	if err == nil {
		err = f.follow(ctx, logDir, watcher.Events, fn)
	}
	if errors.Is(err, durable.ErrStop) {
		err = nil
	}
	return errors.Join(err, watcher.Close())
}

func (f *Filter) follow(ctx context.Context, logDir string, changed <-chan fsnotify.Event, fn func(Entry) error) error {
	log := durable.Follow(durable.OS(), logDir, f.From, audit.MaxRecord)
	err := f.pump(ctx, log, changed, fn)
	return errors.Join(err, log.Close())
}

func (f *Filter) pump(ctx context.Context, log *durable.Follower, changed <-chan fsnotify.Event, fn func(Entry) error) error {
	for ctx.Err() == nil {
		index, raw, err := log.Next()
		if errors.Is(err, io.EOF) {
			if !pause(ctx, changed) {
				return nil
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("follow: %w", err)
		}
		if err := f.give(index, raw, fn); err != nil {
			return err
		}
	}
	return nil
}

// pause waits for a change, and then a little more for what comes with it. It
// returns false when ctx ended.
func pause(ctx context.Context, changed <-chan fsnotify.Event) bool {
	timer := time.NewTimer(lookTime)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	case <-changed:
	}
	timer.Reset(settleTime)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-changed:
		}
	}
}
