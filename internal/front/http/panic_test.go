// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/policy"
)

// broken panics where a bundle is asked for.
type broken struct{ front.Crossing }

func (broken) Policy() *policy.Policy { panic("a defect") }

// panicInHandler runs an entry whose handler panics and asks it once.
func panicInHandler() {
	e, err := http.NewEntry(http.EntryConfig{
		Crossing: broken{}, Front: fronttest.Front, Log: quiet(),
		Listeners: map[string]http.Listener{"l": {Network: "tcp", Address: "127.0.0.1:0"}},
	})
	if err != nil {
		os.Exit(0)
	}
	go func() { _ = e.Run(context.Background()) }()
	<-e.Ready()
	conn, err := net.Dial("tcp", e.Addr("l").String())
	if err == nil {
		_, _ = conn.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1))
	}
}

// TestPanicEndsTheProcess shows that net/http does not go on after a defect.
func TestPanicEndsTheProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "DUKOU_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: a defect") || !strings.Contains(string(out), "serve.go") {
		t.Errorf("%v: %s", err, out)
	}
}
