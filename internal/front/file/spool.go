// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// spool is the sink that releases into an outbox: what a
// terminal sent goes on, and what is for a terminal waits for it, each under the id
// that it came with.
type spool struct {
	disk      durable.Disk
	box       *exchange.Outbox
	assurance label.Assurance
	flow      func() *policy.Flow
	more      Check // may be nil
	limit     int   // of what may wait in the outbox
}

var _ exchange.Sink = (*spool)(nil)

// Place is exchange.Sink's. Names in an outbox are ids and never taken.
func (s *spool) Place(ctx context.Context, d exchange.Delivery) (string, error) {
	if n := s.box.Pending(); n >= s.limit {
		return "", fault.New(fault.TooBusy, "%d deliveries wait", n)
	}
	return inspect(ctx, d, s.flow, s.more)
}

// Release is exchange.Sink's. The staged body is gone exactly when the outbox had it.
func (s *spool) Release(_ context.Context, d exchange.Delivery, name string) error {
	dir, part := filepath.Split(d.Path)
	info, err := s.disk.Stat(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.box.Adopt(exchange.Draft{
		ID: d.Header.ID, Flow: d.Header.Flow, Subject: d.Subject, Assurance: s.assurance,
		Evidence: d.Header.Evidence, Fields: d.Header.Fields, Origin: name,
	}, filepath.Clean(dir), part, info)
}
