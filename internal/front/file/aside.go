// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

const reasonExt = ".reason"

// refuse moves what lies at path to quarantine, under its own name where that may be
// and is free, beside the reason. It does nothing when path is gone. The reason comes
// first, so that nothing is ever there without one.
func (w *watch) refuse(path, name, id string, cause error) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	shown := name
	if CheckName(name) != nil {
		shown = "unnamed"
	}
	mark := id
	if mark == "" {
		mark = parcel.NewID().String()
	}
	for _, n := range []string{shown, withMark(shown, " ("+mark[:8]+")"), withMark(shown, " ("+mark+")")} {
		err = w.isolate(path, filepath.Join(w.quarantine, n), reason(name, id, cause, info))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return err
}

// reason is the text beside a refused file.
func reason(name, id string, cause error, info fs.FileInfo) string {
	text := fmt.Sprintf("code: %s\nname: %q\nsize: %d\ntime: %s\n", fault.CodeOf(cause), name, info.Size(), time.Now().UTC().Format(time.RFC3339))
	if id != "" {
		text += "parcel: " + id + "\n"
	}
	return text + "reason: " + cause.Error() + "\n"
}

func (w *watch) isolate(from, to, text string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	beside := filepath.Join(filepath.Dir(to), withSuffix(filepath.Base(to), reasonExt))
	if err := durable.WriteFile(beside, []byte(text), 0o600); err != nil {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
}

// Receipt is the file that a flow with receipts leaves for what was delivered.
type Receipt struct {
	ID       string    `json:"id"`
	Flow     string    `json:"flow"`
	Name     string    `json:"name"`
	Size     uint64    `json:"size"`
	Root     string    `json:"root"` // of the chain of digests, docs/formats/parcel.md
	Accepted time.Time `json:"accepted"`
	Released time.Time `json:"released"` // by the clock of the other side
}

// receipt writes a receipt; it is the same when it is written again.
func (w *watch) receipt(out *exchange.Outgoing, r exchange.Receipt) error {
	text, err := json.MarshalIndent(Receipt{
		ID: out.ID.String(), Flow: out.Flow, Name: out.Origin, Size: r.Size, Root: hex.EncodeToString(r.Root[:]),
		Accepted: out.Accepted.UTC().Truncate(time.Millisecond), Released: time.UnixMilli(r.Released).UTC(),
	}, "", "  ")
	if err != nil {
		return err
	}
	temp := filepath.Join(w.receipts, "."+out.ID.String()+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640) //nolint:gosec // the group that sends may read receipts
	if err != nil {
		return err
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		return errors.Join(err, f.Close(), os.Remove(temp))
	}
	if err := f.Sync(); err != nil {
		panic(&durable.SyncError{Path: temp, Err: err})
	}
	name := filepath.Join(w.receipts, withSuffix(out.Origin, "."+out.ID.String()+".json"))
	if err := errors.Join(f.Close(), os.Rename(temp, name)); err != nil {
		return err
	}
	return w.receiptSync.Wait()
}
