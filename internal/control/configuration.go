// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
)

// Limits of what a component says of its configuration. All of it is at most the answer
// of the call, 64 KiB.
const (
	maxArguments = 64
	maxArgument  = 1 << 10
	maxText      = 48 << 10
	maxFiles     = 64
	maxPath      = 512
	maxRead      = 4 << 20 // of a file that is looked at
)

// Effective is what a component runs with, as it was when it started: what it does
// goes by that, whatever has become of its files since. It holds no secrets: those are in
// files of their own, of which the digest is told.
type Effective struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Program   string   // "dukou-front"
	Version   string   // of the program
	Arguments []string // of the command line, without the program
	Path      string   // of the configuration file; empty for none
	Text      string   // of that file; empty when it is not text or larger than 48 KiB
	Files     []File   // the configuration file and those that it names, by path
}

// File is a file of a configuration.
type File struct {
	_      struct{} `cbor:",toarray"`
	Path   string
	Size   uint64 // bytes; 0 where it cannot be read
	Digest []byte // SHA-256; empty where it cannot be read or is larger than 4 MiB
	End    int64  // of the first certificate in it that ends, Unix milliseconds; 0 for none
}

// Program is what runs.
type Program struct {
	Component string // its id
	Name      string
	Version   string
	Arguments []string
}

// EffectiveOf describes what a program runs with: its configuration file, with the
// text that was read from it, and other files that this names. name may be empty.
func EffectiveOf(p Program, name string, text []byte, others ...string) Effective {
	c := Effective{Component: p.Component, Program: p.Name, Version: p.Version, Arguments: p.Arguments, Path: name}
	if len(text) <= maxText && utf8.Valid(text) && !bytes.ContainsRune(text, 0) {
		c.Text = string(text)
	}
	if name != "" {
		sum := sha256.Sum256(text)
		c.Files = append(c.Files, File{Path: name, Size: uint64(len(text)), Digest: sum[:]})
	}
	slices.Sort(others)
	for _, other := range slices.Compact(others) {
		if other != "" && other != name && len(c.Files) < maxFiles {
			c.Files = append(c.Files, fileOf(other))
		}
	}
	return c
}

// fileOf looks at a file. One that cannot be read is told of without its digest: that
// whoever needs it fails is not for this to say.
func fileOf(path string) File {
	f := File{Path: path}
	open, err := os.Open(filepath.Clean(path))
	if err != nil {
		return f
	}
	defer open.Close()
	info, err := open.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f
	}
	f.Size = uint64(info.Size())
	if info.Size() > maxRead {
		return f
	}
	data, err := io.ReadAll(io.LimitReader(open, maxRead))
	if err != nil {
		return f
	}
	sum := sha256.Sum256(data)
	f.Digest, f.End = sum[:], endOf(data)
	return f
}

// endOf is when the first of the certificates in a PEM file ends, 0 when there is none.
func endOf(data []byte) (end int64) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return end
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && (end == 0 || c.NotAfter.UnixMilli() < end) {
			end = c.NotAfter.UnixMilli()
		}
	}
}

// ErrEffective says that bytes are not what a component may say of its configuration.
var ErrEffective = errors.New("malformed configuration")

// DecodeEffective reads a configuration strictly, within its limits.
func DecodeEffective(data []byte) (Effective, error) {
	var c Effective
	if len(data) > rules[Configuration].Answer {
		return c, fault.Wrap(fault.ParcelTooLarge, ErrEffective, "%d bytes", len(data))
	}
	if err := canon.Unmarshal(data, &c); err != nil {
		return c, fault.Wrap(fault.ParcelMalformed, errors.Join(ErrEffective, err), "configuration")
	}
	if !c.fits() {
		return c, fault.Wrap(fault.ParcelMalformed, ErrEffective, "beyond its limits")
	}
	return c, nil
}

func (c *Effective) fits() bool {
	plain := func(s string, most int) bool { return len(s) <= most && !strings.ContainsFunc(s, isControl) }
	ok := plain(c.Component, maxName) && plain(c.Program, maxName) && plain(c.Version, maxPath) && plain(c.Path, maxPath) &&
		len(c.Arguments) <= maxArguments && len(c.Files) <= maxFiles && len(c.Text) <= maxText && !strings.ContainsRune(c.Text, 0)
	for _, a := range c.Arguments {
		ok = ok && plain(a, maxArgument)
	}
	for i, f := range c.Files {
		ok = ok && f.Path != "" && plain(f.Path, maxPath) && (len(f.Digest) == 0 || len(f.Digest) == sha256.Size) && f.End >= 0
		ok = ok && !slices.ContainsFunc(c.Files[:i], func(g File) bool { return g.Path == f.Path })
	}
	return ok
}

// isControl tells characters that no name has.
func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// CallEffective asks a component what it runs with.
func CallEffective(ctx context.Context, o Opener, to string) (Effective, error) {
	answer, err := Call(ctx, o, Head{Type: Configuration, To: to}, nil)
	if err != nil {
		return Effective{}, err
	}
	c, err := DecodeEffective(answer)
	if err == nil && c.Component != to {
		err = fault.New(fault.ParcelMalformed, "%s speaks for another", to)
	}
	return c, err
}
