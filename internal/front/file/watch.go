// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sync/errgroup"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

const (
	rescan     = 5 * time.Second // events may be lost
	settleScan = 500 * time.Millisecond
	settleFor  = 2 * time.Second
	batch      = 256             // names read at once
	markerLife = 5 * time.Minute // of a marker whose file is gone
	markerExt  = ".ready"
)

// watch takes the files of one directory that are ready.
type watch struct {
	lane *lane
	dir  Directory
	root *os.Root
	kick chan struct{} // holds one token while a scan is due
	full atomic.Bool   // a scan ended early since enough is pending

	receipts, quarantine string
	receiptSync          *exchange.DirSync
	quarantineSync       *exchange.DirSync
	aside                sync.Mutex // held while one file is put aside

	mu      sync.Mutex
	seen    map[string]sighting // of the files that must settle
	stays   map[string]uint64   // by name, the last round that met what was refused and cannot be moved
	trouble complaint
}

// sighting is how a file looked, and since when.
type sighting struct {
	size  int64
	time  time.Time
	since time.Time
	round uint64
}

func openWatch(l *lane, d Directory) (*watch, error) {
	w := &watch{
		lane: l, dir: d, kick: make(chan struct{}, 1), seen: map[string]sighting{}, stays: map[string]uint64{},
		receipts: filepath.Join(l.home, "receipts"), quarantine: filepath.Join(l.home, "quarantine"),
		trouble: complaint{log: l.log, what: "taking files from " + d.Path},
	}
	for _, path := range []string{w.receipts, w.quarantine} {
		if err := durable.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
	}
	files := durable.Files{Disk: durable.OS()}
	w.receiptSync, w.quarantineSync = exchange.NewDirSync(files, w.receipts), exchange.NewDirSync(files, w.quarantine)
	var err error
	w.root, err = os.OpenRoot(d.Path)
	return w, err
}

func (w *watch) close() error { return w.root.Close() }

// emptied is told that a delivery has ended.
func (w *watch) emptied() {
	if w.full.CompareAndSwap(true, false) {
		w.due()
	}
}

func (w *watch) due() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// run scans the directory when something happens in it, and now and then anyway.
func (w *watch) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	if events, err := fsnotify.NewWatcher(); err != nil {
		w.trouble.note(ctx, err)
	} else {
		defer events.Close()
		if err := events.Add(w.dir.Path); err != nil {
			w.trouble.note(ctx, err)
		}
		all.Go(func() { w.listen(ctx, events) })
	}
	for round := uint64(1); ; round++ {
		w.trouble.note(ctx, w.scan(ctx, round))
		timer := time.NewTimer(w.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.kick:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (w *watch) pause() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) > 0 {
		return settleScan
	}
	return rescan
}

func (w *watch) listen(ctx context.Context, events *fsnotify.Watcher) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events.Events:
			if !ok {
				return
			}
			if e.Has(fsnotify.Create) { // a rename is one, too; writes are what settling waits out
				w.due()
			}
		case _, ok := <-events.Errors: // events were lost
			if !ok {
				return
			}
			w.due()
		}
	}
}

// scan takes every file that is ready, while not too much is pending. The error is
// of the directory or the disk; what is wrong with one file is logged with its name.
func (w *watch) scan(ctx context.Context, round uint64) error {
	d, err := w.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(batch)
		if errors.Is(err, io.EOF) {
			w.unsee(round)
			return nil
		}
		if err != nil {
			return err
		}
		if err := exchange.Room(durable.OS(), w.lane.home, 0); err != nil {
			return err
		}
		if w.enough() || ctx.Err() != nil {
			return nil
		}
		if err := w.takeAll(ctx, names, round); err != nil {
			return err
		}
	}
}

// enough tells whether no more may be taken; the next end of a delivery then brings
// another scan.
func (w *watch) enough() bool {
	if w.lane.outbox.Pending() < w.lane.cfg.MaxPending {
		return false
	}
	w.full.Store(true)
	return w.lane.outbox.Pending() >= w.lane.cfg.MaxPending // looked at again, so that no end is missed
}

// takeAll takes a batch of names at once, so that they share syncs.
func (w *watch) takeAll(ctx context.Context, names []string, round uint64) error {
	var group errgroup.Group
	group.SetLimit(max(1, min(w.lane.cfg.Workers, w.lane.cfg.MaxPending-w.lane.outbox.Pending())))
	for _, name := range names {
		group.Go(func() error {
			err := w.look(name, round)
			if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, exchange.ErrChanged) {
				return nil // taken, or gone, or it will be ready later
			}
			if errors.Is(err, fs.ErrPermission) {
				w.lane.log.LogAttrs(ctx, slog.LevelWarn, "a file cannot be taken", slog.String("name", name), slog.Any("error", err))
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// look takes one file if it is ready, or refuses it.
func (w *watch) look(name string, round uint64) error {
	if strings.HasPrefix(name, ".") {
		return nil
	}
	info, err := w.root.Lstat(name)
	if err != nil || info.IsDir() {
		return err
	}
	if !info.Mode().IsRegular() {
		if w.stayed(name, round) {
			return nil
		}
		return w.turnAway(name, fault.New(fault.ContentType, "not a regular file but %v", info.Mode().Type()))
	}
	ready, err := w.ready(name, info, round)
	if err != nil || !ready {
		return err
	}
	if err := checkRules(w.lane.flow.Load().Files, name, uint64(info.Size())); err != nil {
		return w.turnAway(name, err)
	}
	if w.enough() {
		return nil
	}
	if err := w.adopt(name, info); err != nil {
		return err
	}
	if w.lane.flow.Load().Files.Ready != "marker" {
		return nil
	}
	if err := w.root.Remove(name + markerExt); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (w *watch) adopt(name string, info fs.FileInfo) error {
	fields, err := parcel.EncodeRecord(parcel.Record{"form": "file", "name": name, "size": info.Size(), "modified": max(info.ModTime().UnixMilli(), 0)})
	if err != nil {
		return err
	}
	d := exchange.Draft{
		ID: parcel.NewID(), Flow: w.lane.flow.Load().Name, Subject: w.lane.cfg.Zone + "/" + w.dir.Subject,
		Assurance: label.ByComponent, Fields: fields, Origin: name,
	}
	return w.lane.outbox.Adopt(d, w.dir.Path, name, durable.InfoOf(info))
}

// ready tells whether a file is whole, by the convention of the flow.
func (w *watch) ready(name string, info fs.FileInfo, round uint64) (bool, error) {
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, ".part") || strings.HasSuffix(lower, ".tmp") {
		return false, nil
	}
	switch w.lane.flow.Load().Files.Ready {
	case "rename":
		return true, nil
	case "marker":
		return w.marked(name, info)
	case "settled":
		return w.settled(name, info, round, time.Now()), nil
	default:
		return false, nil
	}
}

// marked tells whether a marker is beside a file. A marker whose file is gone is removed.
func (w *watch) marked(name string, info fs.FileInfo) (bool, error) {
	if file, isMarker := strings.CutSuffix(name, markerExt); isMarker {
		_, err := w.root.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) && time.Since(info.ModTime()) > markerLife {
			return false, w.root.Remove(name)
		}
		return false, nil
	}
	marker, err := w.root.Lstat(name + markerExt)
	if errors.Is(err, fs.ErrNotExist) || len(name)+len(markerExt) > maxName {
		return false, nil
	}
	return err == nil && marker.Mode().IsRegular(), err
}

// settled tells whether a file has not changed for a while.
func (w *watch) settled(name string, info fs.FileInfo, round uint64, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, known := w.seen[name]
	if !known || s.size != info.Size() || !s.time.Equal(info.ModTime()) {
		s = sighting{size: info.Size(), time: info.ModTime(), since: now}
	}
	s.round = round
	w.seen[name] = s
	return now.Sub(s.since) >= settleFor
}

// unsee forgets the sightings of files that a whole scan did not meet.
func (w *watch) unsee(round uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, s := range w.seen {
		if s.round != round {
			delete(w.seen, name)
		}
	}
	for name, met := range w.stays {
		if met != round {
			delete(w.stays, name)
		}
	}
}

// maxStays bounds what is remembered of what was refused and cannot be moved.
const maxStays = 4096

// stayed tells whether something was refused before, and lies where it was: it is told
// of once.
func (w *watch) stayed(name string, round uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, known := w.stays[name]
	if !known && len(w.stays) >= maxStays {
		return true
	}
	w.stays[name] = round
	return known
}
