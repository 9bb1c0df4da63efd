// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/problem"
)

// Limits of an archive.
const (
	MaxArchive  = 256 << 10 // bytes, compressed
	maxUnpacked = 512 << 10
	maxMembers  = 8
)

// The members of an archive. The sums are in the form of sha256sum.
const (
	memberReadme    = "README.txt"
	memberCanonical = "configuration.cbor" // docs/formats/control.md: all that the others are made from
	memberFile      = "configuration-file"
	memberArguments = "arguments.txt"
	memberExpected  = "expected.sha256" // of the files on the host
	memberSums      = "SHA256SUMS"      // of the members before
)

// Export is an archive (tar, gzip) of a component's intended configuration, or of
// snapshot number if that is not 0, for the operator of its host to put back: there is no
// way to change it from here. The same snapshot is always the same bytes.
func (v *Inventory) Export(ctx context.Context, component string, number int64) ([]byte, error) {
	if number == 0 {
		s, err := v.state(ctx, v.db, component)
		if err != nil {
			return nil, err
		}
		if number = s.Intended; number == 0 {
			return nil, problem.New(problem.Conflict, "no configuration of %q was accepted yet: name one by number", component)
		}
	}
	e, _, err := v.effective(ctx, v.db, component, number)
	if err != nil {
		return nil, err
	}
	return pack(e)
}

// member is a file of an archive.
type member struct {
	name string
	data []byte
}

// membersFor are the files of a configuration's archive, the sums last.
func membersFor(e control.Effective) []member {
	members := []member{
		{memberReadme, []byte(readme(e))},
		{memberCanonical, canon.Must(e)},
		{memberArguments, []byte(lines(e.Arguments))},
		{memberExpected, []byte(expected(e))},
	}
	if e.Path != "" {
		members = append(members, member{memberFile, []byte(e.Text)})
	}
	var sums bytes.Buffer
	for _, m := range members {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(m.data), m.name)
	}
	return append(members, member{memberSums, sums.Bytes()})
}

// pack makes an archive.
func pack(e control.Effective) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, m := range membersFor(e) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Mode: 0o600, Size: int64(len(m.data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), zip.Close())
	return out.Bytes(), err
}

func lines(list []string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(s + "\n")
	}
	return b.String()
}

func readme(e control.Effective) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The configuration of %s (%s, version %s).\n\n", e.Component, e.Program, e.Version)
	b.WriteString("1. sha256sum -c SHA256SUMS          in this folder: the archive is whole\n")
	if e.Path != "" {
		fmt.Fprintf(&b, "2. put the file configuration-file at %s\n", e.Path)
		if e.Text == "" {
			b.WriteString("   (it is not in this archive, since it is too large or no text: take it from the host's own backup)\n")
		}
	}
	b.WriteString("3. start the program with the arguments of arguments.txt, one in each line\n" +
		"4. sha256sum -c expected.sha256     on the host: every file that it uses is the intended one\n" +
		"5. restart the component, then compare: dukou component configuration check " + e.Component + "\n")
	return b.String()
}

// expected are the sums of the files that the component used, on its host.
func expected(e control.Effective) string {
	var b strings.Builder
	for _, f := range e.Files {
		if len(f.Digest) > 0 {
			fmt.Fprintf(&b, "%s  %s\n", hex.EncodeToString(f.Digest), f.Path)
		}
	}
	return b.String()
}

// Import keeps the configuration in an archive as a snapshot, so that it can be
// compared with and accepted: one of another center, or of this one before it lost its
// database.
func (v *Inventory) Import(ctx context.Context, component string, archive []byte) (Snapshot, error) {
	e, err := unpack(archive)
	if err != nil {
		return Snapshot{}, problem.Wrap(problem.Invalid, err, "this is no whole archive of a configuration")
	}
	if e.Component != component {
		return Snapshot{}, problem.New(problem.Invalid, "the archive is of %q", e.Component)
	}
	var number int64
	err = v.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		number, err = v.keep(ctx, tx, e, fromArchive, v.Now())
		return err
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("keep an imported configuration: %w", err)
	}
	v.Tell(topic, component)
	return v.Snapshot(ctx, component, number)
}

var errArchive = errors.New("not an archive of this form")

// unpack reads an archive strictly: it must be, byte for byte once unpacked, the one
// that is made of the configuration in it.
func unpack(archive []byte) (control.Effective, error) {
	var e control.Effective
	if len(archive) > MaxArchive {
		return e, fmt.Errorf("%w: %d bytes", errArchive, len(archive))
	}
	members, err := membersOf(archive)
	if err != nil {
		return e, err
	}
	if e, err = control.DecodeEffective(members[memberCanonical]); err != nil {
		return e, err
	}
	want := membersFor(e)
	for _, m := range want {
		if got, ok := members[m.name]; !ok || !bytes.Equal(got, m.data) {
			return e, fmt.Errorf("%w: %s is not that of the configuration", errArchive, m.name)
		}
	}
	if len(members) != len(want) {
		return e, fmt.Errorf("%w: %d members", errArchive, len(members))
	}
	return e, nil
}

func membersOf(archive []byte) (map[string][]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errArchive, err)
	}
	members := map[string][]byte{}
	r := tar.NewReader(io.LimitReader(zip, maxUnpacked))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errArchive, err)
		}
		if _, twice := members[h.Name]; twice || h.Typeflag != tar.TypeReg || len(members) == maxMembers {
			return nil, fmt.Errorf("%w: member %q", errArchive, h.Name)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errArchive, err)
		}
		members[h.Name] = data
	}
}
