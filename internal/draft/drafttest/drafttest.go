// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package drafttest gives tests of policy at work what they begin with: a folder as the
// files of a draft, other files made of them, and the policy that they make.
package drafttest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// Key is the key of a name.
func Key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Public is the public part of it.
func Public(name string) ed25519.PublicKey { return Key(name).Public().(ed25519.PublicKey) }

// Files are those of a folder, with the key file of an issuer.
func Files(t testing.TB, folder fs.FS, issuer string) []draft.File {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(Public(issuer))
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	files := []draft.File{{Path: issuer + ".key.pub", Text: string(key)}}
	err = fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, path)
		files = append(files, draft.File{Path: path, Text: string(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Edited is files with one text replaced, which must be there.
func Edited(t testing.TB, files []draft.File, path, old, now string) []draft.File {
	t.Helper()
	out := append([]draft.File{}, files...)
	for i := range out {
		if out[i].Path == path && strings.Contains(out[i].Text, old) {
			out[i].Text = strings.Replace(out[i].Text, old, now, 1)
			return out
		}
	}
	t.Fatalf("%s has no %q", path, old)
	return nil
}

// Policy is what files make, as it would be in force without components.
func Policy(t testing.TB, files []draft.File) *policy.Policy {
	t.Helper()
	f, err := draft.NewFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := source.Load(f.FS())
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Draft()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
