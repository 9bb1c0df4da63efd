// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// script is an application that answers the n-th request, over all connections, in
// raw bytes; it waits where they have "LATER" and closes the connection where they
// end with "CLOSE".
type script struct {
	mu          sync.Mutex
	answers     []string
	requests    []*nethttp.Request
	connections int
	later       chan struct{} // told to go on after "LATER"
	next        chan struct{} // told when that is written
}

func (s *script) serve(t *testing.T) *http.Exit {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.later, s.next = make(chan struct{}), make(chan struct{})
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
			open.Go(func() { s.converse(conn) })
		}
	})
	x := newExit(t, http.Target{Address: "http://" + ln.Addr().String(), Host: "bureau.example"})
	t.Cleanup(func() {
		_ = x.Close()
		_ = ln.Close()
		open.Wait()
	})
	return x
}

func (s *script) converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for {
		r, err := nethttp.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		s.mu.Lock()
		answer := s.answers[min(len(s.requests), len(s.answers)-1)]
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		text, last := strings.CutSuffix(answer, "CLOSE")
		text, rest, later := strings.Cut(text, "LATER")
		_, _ = io.WriteString(conn, text)
		if later {
			<-s.later
			_, _ = io.WriteString(conn, rest)
			if last {
				_ = conn.Close()
			}
			s.next <- struct{}{}
		}
		if last {
			return
		}
	}
}

func newExit(t *testing.T, target http.Target) *http.Exit {
	t.Helper()
	x, err := http.NewExit(http.ExitConfig{Targets: map[string]http.Target{fronttest.Target: target}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func call(t *testing.T, item string) front.Call {
	t.Helper()
	b := fronttest.Bundle(1, fronttest.Permit, suiteFlow)
	b.Flows[0].Limits.TimeoutMillis = 20_000 // a busy machine does not decide
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return front.Call{
		ID: parcel.NewID(), Flow: p.Flow("suite"), Proxy: "inside/proxy-asker", Subject: "outside/asker", Token: "a.b.c",
		Content: parcel.Record{"form": "plain", "path": parcel.Record{"item": item}},
	}
}

const good = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Level: 2\r\n"

func body(text string) string {
	json := fmt.Sprintf(`{"text":%q}`, text)
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(json), json)
}

func TestAnswers(t *testing.T) {
	bomb := strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 1000)
	for _, c := range []struct {
		name, answer string
		code         fault.Code
	}{
		{"with a length", good + body("x"), ""},
		{"in chunks", good + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tex\r\n7\r\nt\":\"x\"}\r\n0\r\n\r\n", ""},
		{"until the end", good + "\r\n{\"text\":\"x\"}CLOSE", ""},
		{"by HTTP/1.0", strings.Replace(good, "1.1", "1.0", 1) + body("x") + "CLOSE", ""},
		{"after interim ones", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + good + body("x"), ""},
		{"unknown field", good + "Content-Length: 18\r\n\r\n{\"text\":\"x\",\"y\":1}", fault.ContentInvalid},
		{"field twice", good + "Content-Length: 23\r\n\r\n{\"text\":\"x\",\"text\":\"y\"}", fault.TargetFailed},
		{"another type", strings.Replace(good, "json", "xml", 1) + body("x"), fault.ContentInvalid},
		{"compressed", good + "Content-Encoding: gzip\r\n" + body("x"), fault.ContentInvalid},
		{"header field twice", good + "X-Level: 1\r\n" + body("x"), fault.ContentInvalid},
		{"header field missing", strings.Replace(good, "X-Level: 2\r\n", "", 1) + body("x"), fault.ContentInvalid},
		{"no body", good + "Content-Length: 0\r\n\r\n", fault.TargetFailed},
		{"body cut", good + "Content-Length: 50\r\n\r\n{\"text\":\"x\"}CLOSE", fault.TargetFailed},
		{"chunks cut", good + "Transfer-Encoding: chunked\r\n\r\nc\r\n{\"text\":\"x\"}\r\nCLOSE", fault.TargetFailed},
		{"cut without a length", good + "\r\n{\"text\":\"xCLOSE", fault.TargetFailed},
		{"head cut", "HTTP/1.1 200 OK\r\nContent-TyCLOSE", fault.TargetFailed},
		{"two lengths", good + "Content-Length: 5\r\n" + body("x"), fault.TargetFailed},
		{"head without an end", "HTTP/1.1 200 OK\r\n" + bomb, fault.ContentInvalid},
		{"interim ones without an end", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100), fault.TargetFailed},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", fault.TargetFailed},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: /items/other\r\nContent-Length: 0\r\n\r\n", fault.TargetFailed},
		{"status not of the form", "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", fault.TargetFailed},
		{"body larger than its bound", good + body(strings.Repeat("x", 10_000)), fault.ContentInvalid},
		{"HTTP/0.9", "{\"text\":\"x\"}CLOSE", fault.TargetFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &script{answers: []string{c.answer}}
			x := s.serve(t)
			got, err := x.Ask(t.Context(), call(t, "a"))
			if c.code != "" && fault.CodeOf(err) != c.code || c.code == "" && err != nil {
				t.Errorf("%v, %v, want code %q", got, err, c.code)
			}
			if c.code == "" && got["body"].(parcel.Record)["text"] != "x" {
				t.Errorf("%v", got)
			}
			if len(s.requests) != 1 {
				t.Errorf("asked %d times", len(s.requests))
			}
		})
	}
}

func TestQuestion(t *testing.T) {
	s := &script{answers: []string{good + body("x")}}
	x := s.serve(t)
	c := call(t, "a-1")
	for range 3 {
		if _, err := x.Ask(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	r := s.requests[0]
	want := nethttp.Header{
		"Accept": {"application/json"}, "Authorization": {"Bearer a.b.c"}, "User-Agent": {"dukou"},
		"X-Dukou-Id": {c.ID.String()}, "X-Subject": {"inside/proxy-asker"},
	}
	if r.Method != "GET" || r.RequestURI != "/items/a-1" || r.Host != "bureau.example" || fmt.Sprint(r.Header) != fmt.Sprint(want) {
		t.Errorf("%s %s to %s with %v", r.Method, r.RequestURI, r.Host, r.Header)
	}
	if s.connections != 1 {
		t.Errorf("%d connections for 3 questions one after the other", s.connections)
	}
}

// TestUnasked shows that an answer to nothing is never taken for the next one's.
func TestUnasked(t *testing.T) {
	for name, extra := range map[string]string{
		"at once": good + body("poison"), "a byte": "\n", "later": "LATER" + good + body("poison"), "end later": "LATERCLOSE",
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: []string{good + body("first") + extra, good + body("second")}}
			x := s.serve(t)
			for _, want := range []string{"first", "second"} {
				got, err := x.Ask(t.Context(), call(t, "a"))
				if err != nil || got["body"].(parcel.Record)["text"] != want {
					t.Errorf("%v, %v, want %q", got, err, want)
				}
				if want == "first" && strings.Contains(extra, "LATER") {
					s.later <- struct{}{}
					<-s.next
				}
			}
			if s.connections != 2 {
				t.Errorf("%d connections", s.connections)
			}
		})
	}
}

// TestContentOfACapturedSide asks what a judge would not let through.
func TestContentOfACapturedSide(t *testing.T) {
	s := &script{answers: []string{good + body("x")}}
	x := s.serve(t)
	calls := map[string]front.Call{}
	for _, item := range []string{"..", ".", "", "a/b", "a\\b", "a%2fb", "A", "a\r\nX: y", "a?b", strings.Repeat("a", 33)} {
		calls["item "+item] = call(t, item)
	}
	c := call(t, "a")
	c.Content["form"] = "other"
	calls["form"] = c
	c = call(t, "a")
	c.Content["query"] = parcel.Record{"x": "y"}
	calls["extra"] = c
	c = call(t, "a")
	c.Proxy = "inside/x\r\nX-Admin: 1"
	calls["subject"] = c
	c = call(t, "a")
	c.Token = "a\nb"
	calls["token"] = c
	for name, c := range calls {
		if got, err := x.Ask(t.Context(), c); fault.CodeOf(err) != fault.ContentInvalid {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	// With a form that permits them, dot segments and separators are refused still.
	for _, item := range []string{"..", ".", "a/b", "a\\b", "a\x00"} {
		c := call(t, item)
		c.Flow.Forms[0].Request.Fields[1].Schema.Fields[0].Schema = policy.Schema{Type: policy.Text, Max: 40}
		if got, err := x.Ask(t.Context(), c); fault.CodeOf(err) != fault.ContentInvalid {
			t.Errorf("%q: %v, %v", item, got, err)
		}
	}
	if len(s.requests) != 0 {
		t.Errorf("the application was asked %d times", len(s.requests))
	}
}

func TestTargets(t *testing.T) {
	for _, address := range []string{"", "bureau:80", "http://bureau", "http://bureau:80/path", "http://u@bureau:80", "ftp://bureau:21", "unix:", "http://bureau:80?x"} {
		if _, err := http.NewExit(http.ExitConfig{Targets: map[string]http.Target{"x": {Address: address}}, Log: quiet()}); err == nil {
			t.Errorf("address %q is taken", address)
		}
	}
	x := newExit(t, http.Target{Address: "http://127.0.0.1:1"})
	c := call(t, "a")
	c.Flow.Target = "another"
	if _, err := x.Ask(t.Context(), c); fault.CodeOf(err) != fault.TargetUnavailable {
		t.Errorf("unknown target: %v", err)
	}
}

// TestIdentityOfTheTarget shows that an application that cannot prove its key is
// not asked.
func TestIdentityOfTheTarget(t *testing.T) {
	cert, key := certificate(t, "127.0.0.1")
	other, _ := certificate(t, "127.0.0.1")
	wrongName, wrongKey := certificate(t, "elsewhere")
	for _, c := range []struct {
		name      string
		cert, key string
		target    http.Target
		good      bool
	}{
		{"by authority", cert, key, http.Target{CA: cert}, true},
		{"by pin", wrongName, wrongKey, http.Target{Pin: pinOf(t, wrongName)}, true},
		{"by both", cert, key, http.Target{CA: cert, Pin: pinOf(t, cert)}, true},
		{"another authority", cert, key, http.Target{CA: other}, false},
		{"no authority", cert, key, http.Target{}, false},
		{"another name", wrongName, wrongKey, http.Target{CA: wrongName}, false},
		{"another pin", cert, key, http.Target{Pin: pinOf(t, other)}, false},
		{"authority, but another pin", cert, key, http.Target{CA: cert, Pin: pinOf(t, other)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := make(chan struct{}, 10)
			app := &nethttp.Server{
				ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
				Handler: nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
					asked <- struct{}{}
					w.Header().Set("X-Level", "1")
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, `{"text":"x"}`)
				}),
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() { defer close(done); _ = app.ServeTLS(ln, c.cert, c.key) }()
			c.target.Address = "https://" + ln.Addr().String()
			x := newExit(t, c.target)
			t.Cleanup(func() { _ = x.Close(); _ = app.Close(); <-done })
			_, err = x.Ask(t.Context(), call(t, "a"))
			if c.good && err != nil || !c.good && (fault.CodeOf(err) != fault.TargetUnavailable || len(asked) > 0) {
				t.Errorf("%v, asked %d times", err, len(asked))
			}
		})
	}
}

func pinOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// TestClientCertificate shows that a verified chain reaches the crossing, and that
// a certificate of another authority ends the connection.
func TestClientCertificate(t *testing.T) {
	cert, key := certificate(t, "localhost")
	client, clientKey := certificate(t, "client")
	other, otherKey := certificate(t, "client")
	c := &credentialTrap{Crossing: fronttest.NewCrossing(mustCompile(t, fronttest.Bundle(1, fronttest.Permit, suiteFlow)), nil)}
	at := startEntry(t, c, http.Listener{Network: "tcp", Address: "127.0.0.1:0", Certificate: cert, Key: key, ClientCA: client})
	for _, k := range []struct {
		cert, key string
		came      int // certificates, -1 for no connection
	}{{client, clientKey, 1}, {"", "", 0}, {other, otherKey, -1}} {
		conf := &tls.Config{RootCAs: poolOf(t, cert), ServerName: "localhost", MinVersion: tls.VersionTLS13}
		if k.cert != "" {
			pair, err := tls.LoadX509KeyPair(k.cert, k.key)
			if err != nil {
				t.Fatal(err)
			}
			// Sent whatever authorities the server names.
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		c.came = nil
		tr := &nethttp.Transport{TLSClientConfig: conf}
		resp, err := (&nethttp.Client{Transport: tr}).Get("https://" + at.String() + "/items/a")
		if (err != nil) != (k.came < 0) {
			t.Errorf("%v, want %d certificates", err, k.came)
		}
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		tr.CloseIdleConnections()
		if len(c.came) != 1 || len(c.came[0].Certificates) != k.came {
			t.Errorf("came %+v, want %d certificates", c.came, k.came)
		}
	}
}

func mustCompile(t testing.TB, b policy.Bundle) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// credentialTrap keeps what came to prove a subject.
type credentialTrap struct {
	front.Crossing
	came []front.Credentials
}

func (c *credentialTrap) Authenticate(ctx context.Context, f *policy.Flow, given front.Credentials) (front.Subject, error) {
	c.came = append(slices.Clone(c.came), given)
	return c.Crossing.Authenticate(ctx, f, given)
}
