// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// once runs a command that ends and returns what it says.
func once(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := once(t, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

// start runs a server until the test ends and returns the address that it listens on.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, w, io.Discard)
		w.CloseWithError(errors.Join(err, io.EOF))
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%v: %v", args, err)
		}
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening "))
}

// await waits until a file is there.
func await(t *testing.T, path string) {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-w.Events:
		case <-deadline:
			t.Fatalf("%s did not appear", path)
		}
	}
}

// TestWholeBank runs what the README shows: keys, both servers, a sign-in, a batch.
func TestWholeBank(t *testing.T) {
	dir := t.TempDir()
	key, batch, apiKey := filepath.Join(dir, "key"), filepath.Join(dir, "batch"), filepath.Join(dir, "api-key")
	if err := os.WriteFile(apiKey, []byte("k1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "token-key", "--out", key)
	upstream := start(t, "bureau", "--listen", "unix:"+filepath.Join(dir, "s"), "--batch", batch, "--token-key", key, "--people", "200")
	site := "http://" + start(t, "portal", "--listen", "127.0.0.1:0", "--upstream", upstream, "--api-key-file", apiKey, "--host", "bureau.example")

	for line := range strings.Lines(must(t, "people", "--people", "200")) {
		f := strings.Fields(line)
		if f[0] == "USER" {
			continue
		}
		if text := signIn(t, site, f[0], f[1]); !strings.Contains(text, f[4]) {
			t.Errorf("%s does not see the own report: %s", f[0], text)
		}
	}

	request, answer := filepath.Join(batch, "requests", "r.csv"), filepath.Join(batch, "answers", "r.answer.csv")
	must(t, "request-file", "--out", request, "--people", "150")
	await(t, answer)
	done := filepath.Join(batch, "done", "r.csv")
	said := must(t, "check-answer", "--request", done, "--answer", answer, "--people", "200")
	if !strings.HasPrefix(said, "right: 150 rows, ") || strings.Contains(said, " 0 refused") {
		t.Errorf("check-answer said %q", said)
	}
	if said, err := once(t, "check-answer", "--request", done, "--answer", answer, "--people", "200", "--seed", "2"); err == nil {
		t.Errorf("right for other people as well: %q", said)
	}
}

func signIn(t *testing.T, site, user, password string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := http.Client{Jar: jar, Transport: transport, Timeout: 10 * time.Second}
	resp, err := client.PostForm(site+"/sign-in", url.Values{"user": {user}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPeople(t *testing.T) {
	out := must(t, "people", "person-000123")
	if !strings.Contains(out, "person-000123  demo-") || strings.Count(out, "\n") != 2 {
		t.Errorf("%s", out)
	}
	if _, err := once(t, "people", "person-999999"); err == nil {
		t.Error("somebody who is not there was shown")
	}
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	must(t, "token-key", "--out", key)
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"nothing"},
		{"bureau"},
		{"token-key", "--out", key},
		{"bureau", "--listen", "127.0.0.1:0", "--batch", dir, "--token-key", empty},
		{"bureau", "--listen", "127.0.0.1:0", "--batch", dir, "--token-key", key + ".pub"},
		{"bureau", "--listen", "127.0.0.1:0", "--batch", dir, "--token-key", key, "--people", "0"},
		{"bureau", "--listen", "unix:" + empty, "--batch", dir, "--token-key", key},
		{"portal", "--listen", "127.0.0.1:0", "--upstream", "nowhere"},
		{"portal", "--listen", "127.0.0.1:0", "--upstream", "unix:s", "--api-key-file", empty},
		{"request-file", "--out", filepath.Join(dir, "no", "r.csv")},
		{"request-file", "--out", filepath.Join(dir, "r.csv"), "--people", "-1"},
		{"check-answer", "--request", empty, "--answer", empty},
	} {
		if out, err := once(t, args...); err == nil {
			t.Errorf("%v: no error, but %q", args, out)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".request-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
