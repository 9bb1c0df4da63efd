// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/policy"
)

func TestMain(m *testing.M) {
	if os.Getenv("DUKOU_TEST_PANIC") != "" {
		panicInHandler()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// TestConformance holds the adapter to the contract, over each kind of connection.
func TestConformance(t *testing.T) {
	for _, c := range []wiring{
		{name: "tcp", entry: "tcp", exit: "tcp"},
		{name: "unix", entry: "unix", exit: "unix"},
		{name: "tls and http2", entry: "tcp", exit: "tcp", tls: true, http2: true},
		{name: "h2c", entry: "tcp", exit: "unix", http2: true},
	} {
		t.Run(c.name, func(t *testing.T) { fronttest.Run(t, c.adapter()) })
	}
}

// wiring is one way to connect client, entry, exit and application.
type wiring struct {
	name        string
	entry, exit string // networks
	tls         bool
	http2       bool
}

func (c wiring) adapter() fronttest.Adapter {
	return fronttest.Adapter{Flow: suiteFlow, Application: c.application, Entry: c.start}
}

// suiteFlow has two forms: without a note by GET, with one by POST.
func suiteFlow(f *policy.Flow) {
	text := func(v string) policy.Schema { return policy.Schema{Type: policy.Text, Max: 64, Enum: []string{v}} }
	field := func(name string, s policy.Schema) policy.Field {
		return policy.Field{Name: name, Required: true, Schema: s}
	}
	record := func(fields ...policy.Field) policy.Schema { return policy.Schema{Type: policy.Record, Fields: fields} }
	answers := func(form string) []policy.AnswerForm {
		return []policy.AnswerForm{{Status: 200, Schema: record(
			field("form", text(form)), field("status", policy.Schema{Type: policy.Integer, Min: 200, Max: 200}),
			field("header", record(field("x-level", fronttest.Level()))),
			field("body", record(field("text", fronttest.Note()))),
		)}}
	}
	path := field("path", record(field("item", fronttest.Item())))
	f.Protocol = "http"
	f.Forms = []policy.Form{
		{Name: "plain", Request: record(field("form", text("plain")), path), Answers: answers("plain")},
		{Name: "noted", Request: record(field("form", text("noted")), path, field("body", record(field("note", fronttest.Note())))), Answers: answers("noted")},
	}
	f.Routes = []policy.Route{{Form: "plain", Method: "GET", Path: "/items/{item}"}, {Form: "noted", Method: "POST", Path: "/items/{item}"}}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// address is a listening address of a network.
func address(t *testing.T, network string) string {
	if network == "unix" {
		return filepath.Join(t.TempDir(), "s")
	}
	return "127.0.0.1:0"
}

// start runs an entry and makes a client of it.
func (c wiring) start(t *testing.T, crossing front.Crossing) fronttest.Client {
	l := http.Listener{Network: c.entry, Address: address(t, c.entry)}
	if c.tls {
		l.Certificate, l.Key = certificate(t, "localhost")
	}
	at := startEntry(t, crossing, l)
	client := &nethttp.Client{Transport: c.transport(t, at, l.Certificate), Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	base := "http://localhost"
	if c.tls {
		base = "https://localhost"
	}
	return func(ctx context.Context, q fronttest.Question) (fronttest.Outcome, error) {
		return ask(ctx, client, base, q)
	}
}

// startEntry runs an entry with one listener until the test ends and gives its address.
func startEntry(t testing.TB, crossing front.Crossing, l http.Listener) net.Addr {
	e, err := http.NewEntry(http.EntryConfig{
		Crossing: crossing, Front: fronttest.Front, Listeners: map[string]http.Listener{fronttest.Listener: l}, Log: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("entry: %v", err)
		}
	})
	select {
	case <-e.Ready():
	case err := <-done:
		done <- nil
		t.Fatalf("entry: %v", err)
	}
	return e.Addr(fronttest.Listener)
}

func (c wiring) transport(t *testing.T, at net.Addr, ca string) *nethttp.Transport {
	var p nethttp.Protocols
	p.SetHTTP1(!c.http2)
	p.SetHTTP2(c.http2 && c.tls)
	p.SetUnencryptedHTTP2(c.http2 && !c.tls)
	tr := &nethttp.Transport{Protocols: &p, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, at.Network(), at.String())
	}}
	if c.tls {
		tr.TLSClientConfig = &tls.Config{RootCAs: poolOf(t, ca), ServerName: "localhost", MinVersion: tls.VersionTLS13}
	}
	return tr
}

// ask is a client's question by HTTP.
func ask(ctx context.Context, client *nethttp.Client, base string, q fronttest.Question) (fronttest.Outcome, error) {
	target := base + "/items/" + url.PathEscape(q.Item)
	method, body := "GET", io.Reader(nil)
	if q.Extra {
		target += "?extra=1"
	}
	if q.Note != "" {
		fields := map[string]any{"note": q.Note}
		if q.Extra {
			fields["extra"] = []any{map[string]any{"deep": 1.5e3}, nil}
		}
		data, err := json.Marshal(fields)
		if err != nil {
			return fronttest.Outcome{}, err
		}
		method, body = "POST", bytes.NewReader(data)
	}
	r, err := nethttp.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return fronttest.Outcome{}, err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if q.Key != "" {
		r.Header.Set("X-API-Key", q.Key)
	}
	if q.User != "" {
		r.SetBasicAuth(q.User, q.Password)
	}
	if q.Extra {
		r.Header.Set("X-Extra", "1")
	}
	resp, err := client.Do(r)
	if err != nil {
		return fronttest.Outcome{}, err
	}
	return outcome(resp)
}

func outcome(resp *nethttp.Response) (fronttest.Outcome, error) {
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Error   fault.Code
		ID      string
		Message string
		Text    string
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fronttest.Outcome{}, err
	}
	if err := json.Unmarshal(data, &got); err != nil {
		return fronttest.Outcome{}, fmt.Errorf("%d %q: %w", resp.StatusCode, data, err)
	}
	o := fronttest.Outcome{Code: got.Error, ID: resp.Header.Get("Dukou-Id"), Text: got.Text}
	if got.Error == "" && resp.StatusCode != 200 || got.Error != "" && (got.ID != o.ID || got.Message == "" || resp.StatusCode != fault.HTTPStatus(got.Error)) {
		return o, fmt.Errorf("status %d, id %q, body %s", resp.StatusCode, o.ID, data)
	}
	if level := resp.Header.Get("X-Level"); level != "" {
		o.Level = int64(level[0] - '0')
	}
	if resp.Header.Get("Server") != "" || resp.Header.Get("X-Secret") != "" || resp.Header.Get("Content-Type") != "application/json" {
		return o, fmt.Errorf("header %v", resp.Header)
	}
	return o, nil
}

// application is a web server as it stands behind an exit.
type application struct {
	server  *nethttp.Server
	exit    *http.Exit
	r       *fronttest.Recorder
	done    chan struct{}
	address net.Addr
}

func (c wiring) application(t *testing.T, r *fronttest.Recorder) fronttest.Application {
	return newApplication(t, r, c.exit, c.tls)
}

func newApplication(t testing.TB, r *fronttest.Recorder, network string, secure bool) *application {
	a := &application{r: r, done: make(chan struct{})}
	var where string
	if network == "unix" {
		where = filepath.Join(t.TempDir(), "app")
	} else {
		where = "127.0.0.1:0"
	}
	ln, err := net.Listen(network, where)
	if err != nil {
		t.Fatal(err)
	}
	a.address = ln.Addr()
	a.server = &nethttp.Server{Handler: a, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	target := http.Target{Address: "http://" + ln.Addr().String()}
	cert, key := "", ""
	switch {
	case network == "unix":
		target.Address = "unix:" + where
	case secure:
		cert, key = certificate(t, "127.0.0.1")
		target = http.Target{Address: "https://" + ln.Addr().String(), CA: cert}
	}
	go func() {
		defer close(a.done)
		if cert != "" {
			_ = a.server.ServeTLS(ln, cert, key)
		} else {
			_ = a.server.Serve(ln)
		}
	}()
	if a.exit, err = http.NewExit(http.ExitConfig{Targets: map[string]http.Target{fronttest.Target: target}, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.exit.Close()
		a.Stop()
	})
	return a
}

func (a *application) Exit() front.Exit { return a.exit }

func (a *application) Stop() {
	_ = a.server.Close()
	<-a.done
}

func (a *application) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	seen := fronttest.Seen{
		Item: strings.TrimPrefix(r.URL.Path, "/items/"), Subject: r.Header.Get("X-Subject"), ID: r.Header.Get("X-Dukou-Id"),
		Extra: r.URL.RawQuery != "" || r.Header.Get("X-Extra") != "" || bytes.Contains(data, []byte("extra")) || r.Header.Get("X-Api-Key") != "",
	}
	var body struct{ Note string }
	if len(data) > 0 && json.Unmarshal(data, &body) != nil {
		seen.Extra = true
	}
	seen.Note = body.Note
	a.behave(w, r, a.r.Take(seen), seen)
}

func (a *application) behave(w nethttp.ResponseWriter, r *nethttp.Request, b fronttest.Behaviour, seen fronttest.Seen) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Server", "inner/1.0")
	w.Header().Set("X-Secret", "inner")
	w.Header().Set("X-Level", "2")
	text, err := json.Marshal(map[string]any{"text": seen.Item + ":" + seen.Note})
	if err != nil {
		panic(err)
	}
	switch b {
	case fronttest.Secret:
		w.Header().Set("X-Level", "5")
		_, _ = w.Write(text)
	case fronttest.Hang:
		<-r.Context().Done()
	case fronttest.Strange:
		_, _ = w.Write([]byte(`{"text": 5}`))
	case fronttest.Excess:
		_, _ = fmt.Fprintf(w, `{"text": %q}`, strings.Repeat("x", 1<<20))
	case fronttest.Garbage:
		hijack(w, "\x16\x03\x01\x00 this is not HTTP\r\n\r\n")
	case fronttest.Close:
		hijack(w, "")
	case fronttest.CloseMid:
		hijack(w, "HTTP/1.1 200 OK\r\nX-Level: 2\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"+string(text))
	case fronttest.CloseFor:
		hijack(w, fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Level: 2\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
	default:
		_, _ = w.Write(text)
	}
}

// hijack writes bytes onto the connection and closes it.
func hijack(w nethttp.ResponseWriter, raw string) {
	conn, _, err := w.(nethttp.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(raw))
	_ = conn.Close()
}
