// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"context"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
)

// BenchmarkRoundTrip compares a request to the application itself with one through
// entry, two decisions and exit. Client and application are in the same process.
func BenchmarkRoundTrip(b *testing.B) {
	r := &fronttest.Recorder{}
	app := newApplication(b, r, "tcp", false)
	at := app.address
	p := mustCompile(b, fronttest.Bundle(1, fronttest.Permit, suiteFlow))
	crossing := fronttest.NewCrossing(p, app.Exit(), fronttest.Account{Subject: "outside/asker", APIKey: "key-of-the-asker"})
	through := startEntry(b, crossing, http.Listener{Network: "tcp", Address: "127.0.0.1:0"})
	for _, c := range []struct {
		name   string
		at     net.Addr
		method string
	}{{"direct/GET", at, "GET"}, {"through/GET", through, "GET"}, {"direct/POST", at, "POST"}, {"through/POST", through, "POST"}} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, r, c.at, c.method) })
		b.Run(c.name+"/parallel", func(b *testing.B) { benchmarkParallel(b, r, c.at, c.method) })
	}
}

func benchmark(b *testing.B, r *fronttest.Recorder, at net.Addr, method string) {
	client := benchClient(b)
	r.Set(fronttest.Answer)
	for b.Loop() {
		benchAsk(b, client, at, method)
	}
	r.Set(fronttest.Answer)
}

func benchmarkParallel(b *testing.B, r *fronttest.Recorder, at net.Addr, method string) {
	client := benchClient(b)
	r.Set(fronttest.Answer)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			benchAsk(b, client, at, method)
		}
	})
	r.Set(fronttest.Answer)
}

func benchClient(b *testing.B) *nethttp.Client {
	tr := &nethttp.Transport{MaxIdleConnsPerHost: 64}
	b.Cleanup(tr.CloseIdleConnections)
	return &nethttp.Client{Transport: tr}
}

func benchAsk(b *testing.B, client *nethttp.Client, at net.Addr, method string) {
	var body io.Reader
	if method == "POST" {
		body = strings.NewReader(`{"note":"` + strings.Repeat("n", 1000) + `"}`)
	}
	q, err := nethttp.NewRequestWithContext(context.Background(), method, "http://"+at.String()+"/items/a", body)
	if err != nil {
		b.Fatal(err)
	}
	q.Header.Set("X-API-Key", "key-of-the-asker")
	q.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(q)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != 200 {
		b.Fatal(resp.StatusCode, err)
	}
}

// immediate answers at once, without an application.
type immediate struct{ front.Exit }

func (immediate) Ask(_ context.Context, c front.Call) (map[string]any, error) {
	return map[string]any{
		"form": c.Content["form"], "status": int64(200), "header": map[string]any{"x-level": int64(1)}, "body": map[string]any{"text": "x"},
	}, nil
}

// BenchmarkDecide is the share of the two decisions and encodings in a round trip.
func BenchmarkDecide(b *testing.B) {
	p := mustCompile(b, fronttest.Bundle(1, fronttest.Permit, suiteFlow))
	c := fronttest.NewCrossing(p, immediate{}, fronttest.Account{Subject: "outside/asker", APIKey: "key-of-the-asker"})
	f := p.Flow("suite")
	s, err := c.Authenticate(context.Background(), f, front.Credentials{APIKey: "key-of-the-asker"})
	if err != nil {
		b.Fatal(err)
	}
	q := front.Request{Flow: f, Subject: s, Content: map[string]any{"form": "plain", "path": map[string]any{"item": "a"}}}
	for b.Loop() {
		if _, err := c.Ask(context.Background(), q); err != nil {
			b.Fatal(err)
		}
	}
}
