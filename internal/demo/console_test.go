// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

// TestConsole reaches the console as a browser on the host does, by the one name that its
// certificate and the checks of origin go by; also after the center was killed.
func TestConsole(t *testing.T) {
	for _, isolation := range []cell.Isolation{cell.Netns, cell.None} {
		t.Run(string(isolation), func(t *testing.T) {
			if isolation == cell.Netns {
				demotest.Isolated(t)
			}
			d := demotest.Start(t, demo.Options{Isolation: isolation})
			client := browser(t, d)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			look(ctx, t, d, client)
			if err := d.Restart(demo.Center); err != nil {
				t.Fatal(err)
			}
			if err := d.WaitReady(ctx); err != nil {
				t.Fatal(err)
			}
			look(ctx, t, d, client)
		})
	}
}

// browser trusts the certificate of the demonstration, and nothing else.
func browser(t *testing.T, d *demo.Demo) *http.Client {
	t.Helper()
	text, err := os.ReadFile(d.Installation.ConsoleCertificate())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// look wants the page, or the text of a program without one, and the interface; calls
// from another site are refused, and so is the host's authority.
func look(ctx context.Context, t *testing.T, d *demo.Demo, client *http.Client) {
	t.Helper()
	mark, err := d.Installation.ConsoleFingerprint()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, origin string
		status               int
	}{
		{http.MethodGet, "/api/health", "", 200},
		{http.MethodGet, "/nothing", "", 404},
		{http.MethodPost, "/api/session", d.ConsoleURL(), 401},
		{http.MethodPost, "/api/session", "https://elsewhere.example", 403},
		{http.MethodGet, "/api/standings", "", 401}, // what the host may ask without an account
	} {
		r, text := call(ctx, t, client, c.method, d.ConsoleURL()+c.path, c.origin)
		if r.StatusCode != c.status || r.ProtoMajor != 2 {
			t.Errorf("%s %s from %q: %s %s: %s", c.method, c.path, c.origin, r.Proto, r.Status, text)
		}
		shown := strings.ReplaceAll(mark, ":", "")
		if got := fmt.Sprintf("%X", sha256.Sum256(r.TLS.PeerCertificates[0].Raw)); got != shown {
			t.Errorf("the certificate is %s, %s is told", got, shown)
		}
	}
	r, text := call(ctx, t, client, http.MethodGet, d.ConsoleURL()+"/", "")
	if built := r.StatusCode == 200 && strings.Contains(text, "csp-nonce"); !built && r.StatusCode != 503 {
		t.Errorf("the page: %s: %s", r.Status, text)
	}
}

func call(ctx context.Context, t *testing.T, client *http.Client, method, url, origin string) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(`{"name":"nobody","password":"guessed"}`)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.Header.Set("Content-Type", "application/json"); origin != "" {
		r.Header.Set("Origin", origin)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}
