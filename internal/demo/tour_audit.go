// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
)

const witnessTimeout = 15 * time.Second

// explained finds, in the log of the inner process, why a report stayed inside.
func (t *tour) explained(context.Context) (string, error) {
	if t.refused == (parcel.ID{}) {
		return "", errors.New("nothing was refused that could be looked up")
	}
	var found *reader.Entry
	filter := reader.Filter{Parcel: t.refused, Verdict: "refuse"}
	if err := reader.Show(t.auditDir(GuardInner), filter, func(e reader.Entry) error {
		found = &e
		return durable.ErrStop
	}); err != nil {
		return "", err
	}
	if found == nil || fault.Code(found.Leaf.Reason) != fault.LabelLevel {
		return "", fmt.Errorf("the log of %s does not say why %s was refused", GuardInner, t.refused)
	}
	return fmt.Sprintf("entry %d of the inner process: %s refused, %s, for %s", found.Index, found.Leaf.Action, found.Leaf.Reason, found.Leaf.Subject), nil
}

// audit verifies the log of every component with what the center has witnessed of it.
func (t *tour) audit(ctx context.Context) (string, error) {
	var total uint64
	for _, name := range Components() {
		r, err := t.VerifyLog(ctx, name)
		if err != nil {
			return "", fmt.Errorf("log of %s: %w", name, err)
		}
		if !r.OK() {
			return "", fmt.Errorf("log of %s is not sound: %s", name, r.Findings[0])
		}
		tail := fmt.Sprintf("witnessed up to entry %d", int64(r.Witnessed)-1)
		t.p.line("✓ %-15s %4d entries, %s", name, r.Entries, tail)
		total += r.Entries
	}
	return fmt.Sprintf("%d entries in %d logs: chains, trees and signatures agree", total, len(Components())), nil
}

// VerifyLog verifies the log of a component with what the center has witnessed of it,
// once that is as long as the log is now. The center's own log the inner process
// has witnessed, every few seconds.
func (d *Demo) VerifyLog(ctx context.Context, name string) (reader.Report, error) {
	dir := d.auditDir(name)
	keys, err := d.logKeys(name)
	if err != nil {
		return reader.Report{}, err
	}
	signed, err := audit.ReadCheckpoint(durable.OS(), dir)
	if err != nil {
		return reader.Report{}, err
	}
	head, err := audit.ParseCheckpoint(signed)
	if err != nil {
		return reader.Report{}, err
	}
	var o reader.Options
	err = d.poll(ctx, "wait for the witness", witnessTimeout, func(context.Context) error {
		o.Witness, err = os.ReadFile(d.witnessed(name))
		if err != nil {
			return err
		}
		seen, err := audit.ParseCheckpoint(o.Witness)
		if err == nil && seen.Size < head.Size && name != Center {
			err = fmt.Errorf("it has seen %d entries of %d", seen.Size, head.Size)
		}
		return err
	})
	if err != nil {
		return reader.Report{}, err
	}
	if o.WitnessKeys, err = d.witnessKeys(name); err != nil {
		return reader.Report{}, err
	}
	return reader.Verify(dir, keys, o)
}

func (l Layout) auditDir(name string) string { return filepath.Join(l.State(name), "audit") }

func (d *Demo) auditDir(name string) string { return d.Installation.auditDir(name) }

// witnessed is the file that holds the latest checkpoint that a log's witness has signed.
func (d *Demo) witnessed(name string) string {
	state := d.Installation.State(Center)
	if name == Center {
		return center.WitnessedFile(state, Center)
	}
	return filepath.Join(state, "witness", filepath.Base(audit.MirrorDir("", audit.Origin(name))), "checkpoint")
}

// witnessKeys is the key of a log's witness: the inner process for the center, the center
// for everyone else.
func (d *Demo) witnessKeys(name string) (note.Verifiers, error) {
	witness := Center
	if name == Center {
		witness = GuardInner
	}
	key, err := pki.ReadPublicKey(filepath.Join(d.Installation.State(witness), "witness.pub"))
	if err != nil {
		return nil, err
	}
	v, err := audit.NewWitnessVerifier(guard.WitnessName(witness), key)
	if err != nil {
		return nil, err
	}
	return note.VerifierList(v), nil
}

func (d *Demo) logKeys(name string) (note.Verifiers, error) {
	for _, c := range d.Installation.Components {
		if c.ID == name {
			v, err := audit.NewVerifier(audit.Origin(name), c.Key)
			if err != nil {
				return nil, err
			}
			return note.VerifierList(v), nil
		}
	}
	return nil, fmt.Errorf("no component %q", name)
}

// tamper changes one byte in the middle of a copy of the inner process's log.
func (t *tour) tamper(context.Context) (string, error) {
	name := GuardInner
	dir := filepath.Join(t.Installation.Dir, "keys", "tampered")
	defer os.RemoveAll(dir)
	if err := copyLog(dir, t.auditDir(name)); err != nil {
		return "", err
	}
	index, err := changeByte(filepath.Join(dir, "journal"))
	if err != nil {
		return "", err
	}
	keys, err := t.logKeys(name)
	if err != nil {
		return "", err
	}
	r, err := reader.Verify(dir, keys, reader.Options{})
	if err != nil {
		return "", err
	}
	t.p.line("one byte of entry %d changed in a copy of the log of %s", index, name)
	first, bad := r.First()
	if !bad {
		return "", errors.New("the change was not found")
	}
	if first.Index != int64(index) {
		return "", fmt.Errorf("found in another entry than %d: %s", index, first)
	}
	return "found: " + first.String(), nil
}

// copyTries bounds how often a copy is begun anew.
const copyTries = 20

// copyLog copies a log that is being written. A file that is there when its directory
// is read may have been replaced since: then the copy is begun anew. The tree comes
// first, so that the journal is not behind it.
func copyLog(to, from string) error {
	for try := 1; ; try++ {
		err := os.CopyFS(filepath.Join(to, "tlog"), os.DirFS(filepath.Join(from, "tlog")))
		if err == nil {
			err = os.CopyFS(filepath.Join(to, "journal"), os.DirFS(filepath.Join(from, "journal")))
		}
		if !errors.Is(err, fs.ErrNotExist) || try == copyTries {
			return err
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
}

// changeByte flips a bit in the middle of the middle record of a journal.
func changeByte(dir string) (uint64, error) {
	var records [][]byte
	if _, err := durable.Scan(durable.OS(), dir, 0, audit.MaxRecord, func(_ uint64, record []byte) error {
		records = append(records, append([]byte(nil), record...))
		return nil
	}); err != nil {
		return 0, err
	}
	if len(records) == 0 {
		return 0, errors.New("the log is empty")
	}
	index := len(records) / 2
	segments, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return 0, err
	}
	for _, segment := range segments {
		changed, err := changeIn(segment, records[index])
		if changed || err != nil {
			return uint64(index), err
		}
	}
	return 0, errors.New("the record is in no segment")
}

func changeIn(segment string, record []byte) (bool, error) {
	data, err := os.ReadFile(segment)
	if err != nil {
		return false, err
	}
	at := bytes.Index(data, record)
	if at < 0 {
		return false, nil
	}
	data[at+len(record)/2] ^= 1
	return true, os.WriteFile(segment, data, 0o600)
}
