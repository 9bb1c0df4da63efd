// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package measured is where the tests that measure write what they found.
package measured

import (
	"io"
	"os"
	"testing"
)

// Out is the test's own output, and the end of a file as well where one is named.
func Out(t *testing.T, path string) io.Writer {
	t.Helper()
	if path == "" {
		return os.Stdout
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // it is made to be read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return io.MultiWriter(os.Stdout, f)
}
