// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"dukou.dev/dukou/test/bench/load"
)

// sample is a file larger than every buffer on the way.
func sample(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "from")
	data := make([]byte, 3<<20+1)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantSame copies, and wants the same bytes at the other end.
func wantSame(t *testing.T, from string, run func(ctx context.Context, from, to string) error) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "to")
	if err := errors.Join(run(t.Context(), from, to), Same(from, to)); err != nil {
		t.Error(err)
	}
}

// present skips a test whose program is not installed.
func present(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCopy(t *testing.T) { wantSame(t, sample(t), Copy) }

func TestSameFindsAChange(t *testing.T) {
	from := sample(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if Same(from, other) == nil {
		t.Error("two files that differ are the same")
	}
}

func TestChain(t *testing.T) {
	c, err := StartChain(t.Context(), 3)
	present(t, err)
	defer c.Close()
	from := sample(t)
	wantSame(t, from, c.Copy)
	wantSame(t, from, c.Copy)
}

func TestSSH(t *testing.T) {
	s, err := StartSSH(t.Context(), t.TempDir())
	present(t, err)
	defer s.Close()
	from := sample(t)
	wantSame(t, from, s.Copy)
	wantSame(t, filepath.Dir(from), s.Copy)
	if s.Cipher == "" {
		t.Error("the cipher is not known")
	}
}

func TestNginx(t *testing.T) {
	app := filepath.Join(t.TempDir(), "app")
	a, err := load.Serve(app, []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	one, err := StartNginx(t.Context(), filepath.Join(t.TempDir(), "one"), app)
	present(t, err)
	defer one.Close()
	two, err := StartNginx(t.Context(), filepath.Join(t.TempDir(), "two"), one.Socket)
	present(t, err)
	defer two.Close()
	c, err := load.Dial(t.Context(), two.Socket)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := c.Ask([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
}
