// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/daemon"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRun: the first part that ends takes the others with it, and Run waits for all.
func TestRun(t *testing.T) {
	broken := errors.New("broken")
	var ended atomic.Int32
	waits := func(ctx context.Context) error {
		<-ctx.Done()
		ended.Add(1)
		return ctx.Err()
	}
	for name, test := range map[string]struct {
		part func(context.Context) error
		want string
	}{
		"fails":       {func(context.Context) error { return broken }, "part: broken"},
		"just ends":   {func(context.Context) error { return nil }, "part: ended by itself"},
		"others fail": {func(ctx context.Context) error { <-ctx.Done(); return errors.New("later") }, "first: broken"},
	} {
		ended.Store(0)
		tasks := []daemon.Task{{Name: "a", Run: waits}, {Name: "part", Run: test.part}, {Name: "b", Run: waits}}
		if name == "others fail" {
			tasks = append(tasks, daemon.Task{Name: "first", Run: func(context.Context) error { return broken }})
		}
		err := daemon.Run(context.Background(), tasks...)
		if err == nil || err.Error() != test.want || ended.Load() != 2 {
			t.Errorf("%s: %v, %d ended", name, err, ended.Load())
		}
	}
}

// TestStop: being told to stop is no error, whatever the parts say then.
func TestStop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{}, 2)
	task := daemon.Task{Name: "a", Run: func(ctx context.Context) error {
		started <- struct{}{}
		<-ctx.Done()
		return errors.New("stopped in the middle")
	}}
	done := make(chan error, 1)
	go func() { done <- daemon.Run(ctx, task, task) }()
	<-started
	<-started
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	for address, want := range map[string]string{
		"unix:/a/b": "unix /a/b", "127.0.0.1:80": "tcp 127.0.0.1:80", "[::1]:80": "tcp [::1]:80", ":80": "tcp :80",
		"": "", "unix:": "", "127.0.0.1": "", "/a/b": "", "http://x:1": "",
	} {
		network, rest, err := daemon.Split(address)
		if got := strings.TrimSpace(network + " " + rest); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", address, got, err)
		}
	}
}

// TestListen: a socket file that a killed process left is replaced, any other file is
// not; only the owner may connect.
func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 2 { // the second finds the file of the first
		l, err := daemon.Listen("unix:" + path)
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		dial, err := daemon.Dialer("unix:" + path)
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err == nil {
				err = c.Close()
			}
			accepted <- err
		}()
		c, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(<-accepted, c.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
	}
	checkPrivate(t, path)
	if _, err := daemon.Listen("unix:" + plainFile(t)); err == nil {
		t.Error("a file that is no socket was replaced")
	}
	if _, err := daemon.Listen("nowhere"); err == nil {
		t.Error("listens nowhere")
	}
	if _, err := daemon.Dialer("nowhere"); err == nil {
		t.Error("dials nowhere")
	}
	l, err := daemon.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestListenForAGroup: in a directory that hands its group on, that group may connect.
func TestListenForAGroup(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := daemon.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func checkPrivate(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func plainFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
