// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package golden holds what tests make against files that a person has looked at.
// After a change that is meant: go test PACKAGE -update, and look at what it wrote.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // a flag

// Hold fails a test when the file has other bytes than it got.
func Hold(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := write(path, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was; look at it and run with -update:\n%s", path, got)
	}
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644) //nolint:gosec // a file of the tree, which everybody reads
}

// HoldJSON is Hold for a value, in JSON that people can read.
func HoldJSON(t *testing.T, path string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	Hold(t, path, append(got, '\n'))
}
