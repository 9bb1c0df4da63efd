// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"path/filepath"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// send puts one request and gives the answer with its body.
func send(t *testing.T, at net.Addr, method, path string, header nethttp.Header) (*nethttp.Response, string) {
	t.Helper()
	r, err := nethttp.NewRequestWithContext(t.Context(), method, "http://"+at.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	tr := &nethttp.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&nethttp.Client{Transport: tr}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(data)
}

func TestStatuses(t *testing.T) {
	b := fronttest.Bundle(1, fronttest.Permit, suiteFlow)
	b.Flows[0].Accept = []label.Assurance{label.ByPassword, label.ByAPIKey, label.ByToken, label.ByCertificate}
	b.Issuers = []policy.Issuer{{Name: "i", Key: make([]byte, 32)}}
	b.Flows[0].Issuer = "i"
	crossing := fronttest.NewCrossing(mustCompile(t, b), nil)
	at := startEntry(t, crossing, http.Listener{Network: "tcp", Address: "127.0.0.1:0"})
	for _, c := range []struct {
		method, path string
		status       int
		code         fault.Code
		name, value  string // a header field
	}{
		{"GET", "/other", 404, fault.RouteUnknown, "Allow", ""},
		{"GET", "/", 404, fault.RouteUnknown, "Allow", ""},
		{"GET", "/items", 404, fault.RouteUnknown, "Allow", ""},
		{"DELETE", "/items/a", 405, fault.RouteUnknown, "Allow", "GET, POST"},
		{"get", "/items/a", 405, fault.RouteUnknown, "Allow", "GET, POST"},
		{"GET", "/items/a", 401, fault.CredentialMissing, "Www-Authenticate", `Basic realm="dukou", charset="UTF-8"`},
		{"GET", "/items/a%2fb", 400, fault.RequestMalformed, "Connection", ""},
	} {
		resp, body := send(t, at, c.method, c.path, nethttp.Header{})
		var p struct{ Error, ID, Message string }
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if resp.StatusCode != c.status || p.Error != string(c.code) || len(p.ID) != 32 || p.ID != resp.Header.Get("Dukou-Id") || !strings.HasSuffix(p.Message, ".") {
			t.Errorf("%s %s: status %d, %s", c.method, c.path, resp.StatusCode, body)
		}
		if got := resp.Header.Get(c.name); got != c.value {
			t.Errorf("%s %s: %s %q, want %q", c.method, c.path, c.name, got, c.value)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Server": "", "Content-Type": "application/json",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s %s: %s %q, want %q", c.method, c.path, name, got, want)
			}
		}
	}
	if resp, _ := send(t, at, "GET", "/items/a", nethttp.Header{}); len(resp.Header["Www-Authenticate"]) != 4 {
		t.Errorf("challenges %q", resp.Header["Www-Authenticate"])
	}
	socket := nethttp.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	if _, body := send(t, at, "GET", "/items/a", socket); !strings.Contains(body, string(fault.UpgradeRefused)) {
		t.Errorf("an upgrade: %s", body)
	}
	crossing.Apply(nil)
	if resp, body := send(t, at, "GET", "/items/a", nethttp.Header{}); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "policy-missing") {
		t.Errorf("without a bundle: %d %s", resp.StatusCode, body)
	}
}

// TestStaleSocket shows that the socket of a killed process does not keep an entry
// from starting, and that one in use does.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	crossing := fronttest.NewCrossing(mustCompile(t, fronttest.Bundle(1, fronttest.Permit, suiteFlow)), nil)
	config := http.EntryConfig{
		Crossing: crossing, Front: fronttest.Front, Log: quiet(), Listeners: map[string]http.Listener{"l": {Network: "unix", Address: path}},
	}
	if _, err := http.NewEntry(config); err == nil {
		t.Error("an address in use was taken")
	}
	ln.SetUnlinkOnClose(false)
	_ = ln.Close()
	e, err := http.NewEntry(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	<-e.Ready()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// slow is an exit whose application answers when it is told to.
type slow struct {
	immediate
	asked  chan struct{}
	answer chan struct{}
}

func (s slow) Ask(ctx context.Context, c front.Call) (map[string]any, error) {
	s.asked <- struct{}{}
	select {
	case <-s.answer:
		return s.immediate.Ask(ctx, c)
	case <-ctx.Done():
		return nil, fault.Wrap(fault.TargetTimeout, ctx.Err(), "slow")
	}
}

// TestBusyAndDrain shows that a request over the bound is refused at once, and that
// an entry which is told to stop answers what is under way.
func TestBusyAndDrain(t *testing.T) {
	b := fronttest.Bundle(1, fronttest.Permit, suiteFlow)
	b.Flows[0].Limits.TimeoutMillis = 20_000
	exit := slow{asked: make(chan struct{}), answer: make(chan struct{})}
	crossing := fronttest.NewCrossing(mustCompile(t, b), exit, fronttest.Account{Subject: "outside/asker", APIKey: "k"})
	e, err := http.NewEntry(http.EntryConfig{
		Crossing: crossing, Front: fronttest.Front, Log: quiet(), Requests: 1,
		Listeners: map[string]http.Listener{fronttest.Listener: {Network: "tcp", Address: "127.0.0.1:0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended, first := make(chan error, 1), make(chan int, 1)
	go func() { ended <- e.Run(ctx) }()
	<-e.Ready()
	at := e.Addr(fronttest.Listener)
	go func() {
		resp, _ := send(t, at, "GET", "/items/a", nethttp.Header{"X-Api-Key": {"k"}})
		first <- resp.StatusCode
	}()
	<-exit.asked
	if resp, body := send(t, at, "GET", "/items/a", nethttp.Header{"X-Api-Key": {"k"}}); resp.StatusCode != 503 || !strings.Contains(body, "too-busy") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("over the bound: %d %s", resp.StatusCode, body)
	}
	stop()
	for {
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			break // the listener is closed, and the first request under way still
		}
		_ = conn.Close()
	}
	close(exit.answer)
	if status := <-first; status != 200 {
		t.Errorf("the request under way got %d", status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestContinue shows that a client which waits for "100 Continue" gets it, and gets
// a refusal in its place where the body is too large to be read.
func TestContinue(t *testing.T) {
	at, r := gate(t, "refuse")
	for _, c := range []struct {
		length int
		status int
	}{{len(note), 200}, {1 << 20, 413}} {
		r.Set(fronttest.Answer)
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "%sExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", post, c.length)
		in := bufio.NewReader(conn)
		resp, err := nethttp.ReadResponse(in, nil)
		if err == nil && resp.StatusCode == 100 {
			_, _ = io.WriteString(conn, note)
			resp, err = nethttp.ReadResponse(in, nil)
		}
		if err != nil || resp.StatusCode != c.status {
			t.Errorf("length %d: %v, %v", c.length, resp, err)
		}
		_ = conn.Close()
	}
}
