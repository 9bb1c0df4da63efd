// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/daemon"
)

// panicking panics as its path says.
func panicking(w http.ResponseWriter, r *http.Request) {
	defer daemon.EndOnPanic(http.ErrAbortHandler)
	switch r.URL.Path {
	case "/break-off":
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "/fail":
		panic("nobody foresaw this")
	}
}

func ask(t *testing.T, url string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.ReadAll(answer.Body)
	return err
}

// TestEndOnPanic: an answer that its handler breaks off ends nothing else; what nobody
// foresaw ends the process.
func TestEndOnPanic(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(panicking))
	defer s.Close()
	if os.Getenv("DUKOU_TEST_PANIC") != "" {
		_ = ask(t, s.URL+"/fail")
		t.Fatal("the process went on")
	}
	if err := ask(t, s.URL+"/break-off"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken answer: %v", err)
	}
	if err := ask(t, s.URL+"/"); err != nil {
		t.Errorf("the next one: %v", err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEndOnPanic$")
	c.Env = append(os.Environ(), "DUKOU_TEST_PANIC=1")
	text, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "nobody foresaw this") || strings.Contains(string(text), "the process went on") {
		t.Errorf("%v\n%s", err, text)
	}
}
