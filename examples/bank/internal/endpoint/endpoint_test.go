// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func TestServe(t *testing.T) {
	socket := "unix:" + filepath.Join(t.TempDir(), "s")
	for _, address := range []string{"127.0.0.1:0", socket, socket} {
		ctx, cancel := context.WithCancel(t.Context())
		l, err := Listen(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, l, http.HandlerFunc(hello)) }()
		upstream := Name(l)
		if address != socket {
			upstream = "http://" + upstream
		}
		base, transport, err := Upstream(upstream)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: transport, Timeout: 5 * time.Second}
		resp, err := client.Get(base.String())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "hello" {
			t.Errorf("%s: %q", address, body)
		}
		if address == socket {
			if _, err := Listen(ctx, socket); err == nil {
				t.Error("a socket in use was taken over")
			}
		}
		client.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestStaleSocketIsReplacedAndFileIsKept(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	again, err := Listen(t.Context(), "unix:"+stale)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()

	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(t.Context(), "unix:"+file); err == nil {
		l.Close()
		t.Error("listened in place of a file")
	}
	if got, _ := os.ReadFile(file); string(got) != "keep" {
		t.Errorf("the file holds %q", got)
	}
}

func TestUpstreamAddressesRefused(t *testing.T) {
	for _, a := range []string{"", "localhost:80", "ftp://h", "http://", "http://h/path", "http://u:p@h", "http://h?q=1", "://"} {
		if _, _, err := Upstream(a); err == nil {
			t.Errorf("%q was taken", a)
		}
	}
}
