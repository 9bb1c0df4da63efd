// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy/source"
)

// bundle is a draft of the example's policy as a bundle of a version.
func bundle(t *testing.T, version uint64) *envelope.Signed {
	t.Helper()
	s, err := source.Load(os.DirFS("../../examples/bank/policy"))
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bundle(source.Options{Version: version, Now: time.Now(), Issuers: map[string]ed25519.PublicKey{"credit-bureau": key}})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := envelope.Seal(envelope.Bundle, b)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestLookAt: nothing is signed but the bundle that the proposal names, and it is shown.
func TestLookAt(t *testing.T) {
	one, other := bundle(t, 7), bundle(t, 8)
	sum := one.Digest()
	digest := hex.EncodeToString(sum[:])
	var shown bytes.Buffer
	s, err := lookAt(&shown, "bundle", one.Encode(), digest, 7)
	if err != nil || s.Digest() != sum || !strings.Contains(shown.String(), digest) || !strings.Contains(shown.String(), "credit-query") {
		t.Fatalf("%v\n%s", err, shown.String())
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Sign(envelope.Bundle, key); err != nil {
		t.Fatal(err)
	}
	if s, err := lookAt(&shown, "bundle", one.Encode(), digest, 7); err != nil || len(s.Signatures) != 0 {
		t.Errorf("a signature that the center sent along: %v", err)
	}
	for name, c := range map[string]struct {
		data    []byte
		version uint64
	}{
		"another bundle":  {other.Encode(), 8},
		"another version": {one.Encode(), 8},
		"no bundle":       {[]byte("bundle"), 7},
		"nothing":         {nil, 7},
	} {
		if _, err := lookAt(&shown, "bundle", c.data, digest, c.version); err == nil {
			t.Errorf("%s would be signed", name)
		}
	}
}

// TestSignWants: without a key, or for another payload, nothing is asked of the center.
func TestSignWants(t *testing.T) {
	for name, c := range map[string]struct{ payload, key string }{
		"no key":          {`{"publication":"x"}`, ""},
		"another payload": {`{"request":"x"}`, "key"},
		"no payload":      {``, "key"},
	} {
		if _, err := signPublication(nil, []byte(c.payload), c.key); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// TestFolder: what is pulled is what was pushed, and never anything outside of the folder.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	files := []draftFile{{"flows/a.yaml", "flows: []\n"}, {"zones.yaml", "zones: []\n"}}
	if err := writeFolder(filepath.Join(dir, "work"), files); err != nil {
		t.Fatal(err)
	}
	if err := notePulled(filepath.Join(dir, "work"), "d1", "3"); err != nil {
		t.Fatal(err)
	}
	got, err := readFolder(filepath.Join(dir, "work"))
	if err != nil || len(got) != 2 || got[0] != files[0] || got[1] != files[1] {
		t.Errorf("%v, %v", got, err)
	}
	if r := pulledRevision(filepath.Join(dir, "work"), "d1"); r != "3" {
		t.Errorf("revision %q", r)
	}
	if r := pulledRevision(filepath.Join(dir, "work"), "d2"); r != "" {
		t.Errorf("revision %q of another draft", r)
	}
	if err := writeFolder(filepath.Join(dir, "work"), files); err == nil {
		t.Error("a folder with files is written to")
	}
	for _, path := range []string{"../x", "/etc/x", ".", ".ssh/key", "a/../../x", "a/.b", ""} {
		if err := writeFolder(filepath.Join(dir, "evil"), []draftFile{{path, "x"}}); err == nil {
			t.Errorf("%q is written", path)
		}
		os.RemoveAll(filepath.Join(dir, "evil")) //nolint:errcheck // the next one tells
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) != 1 {
		t.Errorf("%v, %v", there, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "work", "image"), []byte{0xff, 0xfe}, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFolder(filepath.Join(dir, "work")); err == nil {
		t.Error("a file that is no text is sent")
	}
}
