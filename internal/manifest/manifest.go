// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifest is the signed list of the programs of an installation and of the
// configurations that they are started with. It is approved as a bundle is, by the
// quorum of approvers that every component's admission pins, and it is installed in a
// component's identity directory. Once one was, the component does not start without
// one: a counter beside it says which version was seen, so that removing the manifest,
// or putting an older one in its place, does not help.
//
// A program that was changed can say of itself what it likes, so what a process verifies
// about itself (Verify) finds mistakes and half-done updates, not attackers. Against
// those stands the launcher, `dukou run`: it reads the program into sealed memory,
// compares its digest and runs that very memory. The launcher, the kernel and the place
// of the keys are what remains to be trusted; a read-only root file system and a system
// service that starts nothing else hold them. There is no TPM in this chain yet.
//
// The document is an envelope of kind "dukou manifest 1"; docs/formats/manifest.md.
package manifest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy"
)

// The kinds of entries.
const (
	Program = "program" // by the file's base name
	Config  = "config"  // by the component's id: its configuration file, or its arguments
)

// MaxProgram bounds a program's file, in bytes.
const MaxProgram = 256 << 20

const (
	maxEntries = 1024
	maxName    = 64
)

// Manifest is the list.
type Manifest struct {
	_       struct{} `cbor:",toarray"`
	Guard   string   // the installation that it is for, as in admissions
	Version uint64   // above that of every manifest before
	Issued  int64    // Unix milliseconds
	Entries []Entry  // in order of kind, name and digest
}

// Entry is one thing and its SHA-256. A program may be listed more than once, while it
// is replaced.
type Entry struct {
	_      struct{} `cbor:",toarray"`
	Kind   string
	Name   string
	Digest [32]byte
}

// ErrRefused says that a manifest does not allow what it was asked about, or is not one
// that may be used.
var ErrRefused = errors.New("refused by the manifest")

// Sort puts the entries in their order and drops repetitions.
func (m *Manifest) Sort() {
	slices.SortFunc(m.Entries, compare)
	m.Entries = slices.CompactFunc(m.Entries, func(a, b Entry) bool { return compare(a, b) == 0 })
}

func compare(a, b Entry) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), slices.Compare(a.Digest[:], b.Digest[:]))
}

// check holds a manifest to its form.
func (m *Manifest) check() error {
	if m.Guard == "" || len(m.Guard) > maxName || m.Version == 0 || len(m.Entries) == 0 || len(m.Entries) > maxEntries {
		return fmt.Errorf("%w: guard %.64q, version %d, %d entries", ErrRefused, m.Guard, m.Version, len(m.Entries))
	}
	for i := range m.Entries {
		e := &m.Entries[i]
		if e.Kind != Program && e.Kind != Config || e.Name == "" || len(e.Name) > maxName || strings.ContainsAny(e.Name, "/\x00\n") {
			return fmt.Errorf("%w: entry %d: %.16q %.64q", ErrRefused, i, e.Kind, e.Name)
		}
		if i > 0 && compare(m.Entries[i-1], *e) >= 0 {
			return fmt.Errorf("%w: entry %d is out of order", ErrRefused, i)
		}
	}
	return nil
}

// Draft makes the document of a manifest without signatures.
func Draft(m Manifest) (*envelope.Signed, error) {
	m.Sort()
	if err := m.check(); err != nil {
		return nil, err
	}
	return envelope.Seal(envelope.Manifest, m)
}

// Read reads a document's manifest without looking at its signatures.
func Read(s *envelope.Signed) (*Manifest, error) {
	m := new(Manifest)
	if err := canon.Unmarshal(s.Payload, m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return m, m.check()
}

// Open reads a document and verifies that the quorum signed it, for this installation.
// The digest names it.
func Open(data []byte, guard string, anchors policy.Anchors) (m *Manifest, digest [32]byte, err error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, digest, fmt.Errorf("manifest: %w", err)
	}
	m = new(Manifest)
	if err := s.Open(envelope.Manifest, anchors.Quorum, anchors.Approvers, m); err != nil {
		return nil, digest, err
	}
	if err := m.check(); err != nil {
		return nil, digest, err
	}
	if m.Guard != guard {
		return nil, digest, fmt.Errorf("%w: it is for guard %q, not %q", ErrRefused, m.Guard, guard)
	}
	return m, s.Digest(), nil
}

// Allow asks whether the thing with this digest is listed.
func (m *Manifest) Allow(kind, name string, digest [32]byte) error {
	listed := false
	for i := range m.Entries {
		if e := &m.Entries[i]; e.Kind == kind && e.Name == name {
			if e.Digest == digest {
				return nil
			}
			listed = true
		}
	}
	if listed {
		return fmt.Errorf("%w: %s %q is another than was approved: its SHA-256 is %x", ErrRefused, kind, name, digest)
	}
	return fmt.Errorf("%w: version %d lists no %s %q", ErrRefused, m.Version, kind, name)
}

// ProgramEntry is the entry of a program's file.
func ProgramEntry(file string) (Entry, error) {
	digest, err := digestOf(file)
	return Entry{Kind: Program, Name: filepath.Base(file), Digest: digest}, err
}

func digestOf(file string) (digest [32]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return digest, err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(f, MaxProgram+1))
	if err == nil && n > MaxProgram {
		err = fmt.Errorf("%s: more than %d bytes", file, MaxProgram)
	}
	return [32]byte(hash.Sum(nil)), err
}

// Arguments is the configuration of a program that has no file of it: its arguments,
// each on a line.
func Arguments(args []string) []byte {
	var b []byte
	for _, arg := range args {
		b = append(append(b, arg...), '\n')
	}
	return b
}
