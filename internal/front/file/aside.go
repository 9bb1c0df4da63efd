// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

const reasonExt = ".reason"

// turnAway refuses what lies in the watched directory and has become no parcel: it is
// moved to quarantine, and recorded. What is no regular file a confined process may not
// move: it stays where it is, with its reason in quarantine.
func (w *watch) turnAway(name string, cause error) error {
	path := filepath.Join(w.dir.Path, name)
	if _, err := os.Lstat(path); err != nil {
		return err
	}
	flow := w.lane.flow.Load()
	id := w.lane.cfg.Conveyor.Refuse(flow, "", cause)
	w.lane.log.Warn("a file is refused", "id", id, "name", name, "error", cause)
	err := w.refuse(path, name, id, cause)
	if info, statErr := os.Lstat(path); errors.Is(err, fs.ErrPermission) && statErr == nil && !info.Mode().IsRegular() {
		return nil
	}
	return err
}

// refuse moves what lies at path to quarantine, under its own name where that may be
// and is free, beside the reason, which names the entry in the audit log. It does
// nothing when path is gone. The reason comes first, so that nothing is ever there
// without one.
func (w *watch) refuse(path, name string, id parcel.ID, cause error) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, n := range names(name, id.String()) {
		err = w.isolate(path, filepath.Join(w.quarantine, n), reason(name, id.String(), cause, info.Size()))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return err
}

// giveBack writes the body of a delivery that was refused on its way to quarantine, as
// refuse does with a file. It does nothing when that was done before.
func (w *watch) giveBack(out *exchange.Outgoing, body *exchange.Body, cause error) error {
	id := out.ID.String()
	temp := filepath.Join(w.quarantine, "."+id+".tmp")
	var err error
	for i, n := range names(out.Origin, id) {
		path := filepath.Join(w.quarantine, n)
		if w.holds(path, id) {
			return nil
		}
		if i == 0 {
			if err := copyOut(temp, body); err != nil {
				return err
			}
		}
		text := reason(out.Origin, id, cause, body.Size())
		if out.Unsure {
			text += "earlier: may have been delivered\n"
		}
		err = w.isolate(temp, path, text)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return w.quarantineSync.Wait()
}

// holds tells whether a refused file and its reason are those of a parcel.
func (w *watch) holds(path, id string) bool {
	text, err := durable.ReadFileOn(durable.OS(), beside(path), 64<<10)
	if err != nil || !strings.Contains(string(text), "\nparcel: "+id+"\n") {
		return false
	}
	_, err = os.Lstat(path)
	return err == nil
}

func copyOut(path string, body *exchange.Body) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(f, io.NewSectionReader(body, 0, body.Size()), make([]byte, min(parcel.ChunkSize, body.Size()+1))); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	if err := f.Sync(); err != nil {
		panic(&durable.SyncError{Path: path, Err: err})
	}
	return f.Close()
}

// names are those that a refused file may have in quarantine: its own, if that may be,
// and two that a mark makes different.
func names(name, mark string) []string {
	if CheckName(name) != nil {
		name = "unnamed"
	}
	return []string{name, withMark(name, " ("+mark[:8]+")"), withMark(name, " ("+mark+")")}
}

// reason is the text beside a refused file.
func reason(name, id string, cause error, size int64) string {
	return fmt.Sprintf("code: %s\nname: %q\nsize: %d\ntime: %s\nparcel: %s\nreason: %s\n",
		fault.CodeOf(cause), name, size, time.Now().UTC().Format(time.RFC3339), id, cause.Error())
}

// beside is where the reason of a refused file lies.
func beside(path string) string {
	return filepath.Join(filepath.Dir(path), withSuffix(filepath.Base(path), reasonExt))
}

// isolate moves a file and puts its reason beside. One at a time: two that may bear the
// same name would change each other's reason.
func (w *watch) isolate(from, to, text string) error {
	w.aside.Lock()
	defer w.aside.Unlock()
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	if err := durable.WriteFile(beside(to), []byte(text), 0o600); err != nil {
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
