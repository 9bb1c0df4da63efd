// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/export"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// certificates writes a CA, a receiver's and a client's certificate into a directory.
func certificates(t *testing.T, dir string) (server tls.Certificate, pool *x509.CertPool) {
	t.Helper()
	ca, caKey := certificate(t, dir, "ca", nil, nil)
	certificate(t, dir, "client", ca, caKey)
	certificate(t, dir, "server", ca, caKey)
	certificate(t, dir, "stranger", nil, nil)
	server, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(ca)
	return server, pool
}

func certificate(t *testing.T, dir, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// receiver is a syslog receiver with mutual TLS, which reads with another's parser.
type receiver struct {
	t        *testing.T
	address  string
	got      chan *rfc5424.SyslogMessage
	listener net.Listener
	all      sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func receive(t *testing.T, address string, framing export.Framing, server tls.Certificate, pool *x509.CertPool) *receiver {
	t.Helper()
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, address: l.Addr().String(), got: make(chan *rfc5424.SyslogMessage, 10_000), listener: l}
	r.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			r.all.Go(func() { r.read(c, framing) })
		}
	})
	t.Cleanup(r.kill)
	return r
}

func (r *receiver) read(c net.Conn, framing export.Framing) {
	defer c.Close()
	take := syslog.WithListener(func(result *syslog.Result) {
		if m, ok := result.Message.(*rfc5424.SyslogMessage); ok && result.Error == nil {
			r.got <- m
		}
	})
	if framing == export.Newline {
		lines := bufio.NewScanner(c) // the library's reader keeps the last line back
		for lines.Scan() {
			if m, err := rfc5424.NewParser().Parse(lines.Bytes()); err == nil {
				r.got <- m.(*rfc5424.SyslogMessage) //nolint:forcetypeassert // of its parser
			}
		}
	} else {
		octetcounting.NewParser(take, syslog.WithMaxMessageLength(export.MaxMessage)).Parse(c)
	}
}

// kill ends the receiver and all its connections at once.
func (r *receiver) kill() {
	r.listener.Close()
	r.mu.Lock()
	for _, c := range r.conns {
		c.Close()
	}
	r.mu.Unlock()
	r.all.Wait()
}

// events are the ids of the events that come, until n different ones have come.
func (r *receiver) events(n int) map[string]int {
	r.t.Helper()
	seen := map[string]int{}
	timeout := time.After(patience)
	for len(seen) < n {
		select {
		case m := <-r.got:
			seen[idOf(r.t, m)]++
		case <-timeout:
			r.t.Fatalf("%d events came of %d", len(seen), n)
		}
	}
	return seen
}

func idOf(t *testing.T, m *rfc5424.SyslogMessage) string {
	t.Helper()
	if m.Message == nil || m.Appname == nil || *m.Appname != "dukou" || m.Facility == nil || *m.Facility != 13 {
		t.Errorf("message %+v", m)
		return ""
	}
	if line, found := strings.CutPrefix(*m.Message, "CEF:0|"); found {
		_, values, _ := readCEF("CEF:0|" + line)
		return values["externalId"]
	}
	var e struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(*m.Message), &e); err != nil {
		t.Errorf("%v in %q", err, *m.Message)
	}
	return e.Metadata.UID
}

// journal is a real journal in which tests append.
func journal(t *testing.T) *audit.Journal {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner("dukou/center", key)
	if err != nil {
		t.Fatal(err)
	}
	j, err := audit.Open(audit.Config{Dir: t.TempDir(), Origin: "dukou/center", Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func appendTo(t *testing.T, j *audit.Journal, class audit.Class, n int) {
	t.Helper()
	var last audit.Ticket
	for range n {
		last = j.Append(audit.Entry{Class: class, Subject: "admin/王", Action: "grant-duty", Object: "a=b|c\nd", Verdict: "allow"})
	}
	if err := last.Wait(); err != nil {
		t.Fatal(err)
	}
}

func exports(db *store.DB, j *audit.Journal, dir string) *export.Exports {
	return exportsThat(db, j, dir, func(audit.Entry) audit.Ticket { return audit.Ticket{} })
}

func exportsThat(db *store.DB, j *audit.Journal, dir string, record func(audit.Entry) audit.Ticket) *export.Exports {
	return export.Open(db, export.Config{
		Record: record,
		Logs:   func() []export.Log { return []export.Log{{Origin: "dukou/center", Next: j.Next()}} },
		Read:   func(_ string, from uint64, most int) ([]audit.Record, error) { return j.Read(from, most) },
		Dir:    dir, Version: "1.2.3", Tell: func(string, string) {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		MayLeave: func(audit.Class, string, int64) bool { return true },
	})
}

func settings(address string) export.Settings {
	return export.Settings{
		Name: "siem", Address: address, ServerName: "localhost", Form: export.OCSF, Framing: export.Octets,
		CA: "ca.pem", Certificate: "client.pem", Key: "client.key",
	}
}

// run runs the exports until the returned function is called.
func run(t *testing.T, x *export.Exports) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits until a target is as wanted.
func eventually(t *testing.T, x *export.Exports, id string, is func(export.Target) bool) export.Target {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		target, err := x.Get(ctx, id)
		if err != nil {
			t.Fatalf("%+v: %v", target, err)
		}
		if is(target) {
			return target
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it stays %+v", target)
		}
	}
}

// TestNothingIsLost: a receiver that dies while it receives, and the center that is
// restarted: every entry arrives, in both forms and framings, and what is not there yet
// is told as backlog.
func TestNothingIsLost(t *testing.T) {
	for form, framing := range map[export.Form]export.Framing{export.OCSF: export.Octets, export.CEF: export.Newline} {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) { nothingIsLost(t, db, form, framing) })
		})
	}
}

func nothingIsLost(t *testing.T, db *store.DB, form export.Form, framing export.Framing) {
	dir := t.TempDir()
	server, pool := certificates(t, dir)
	j := journal(t)
	appendTo(t, j, audit.ClassAdmin, 600)
	failures := make(chan audit.Entry, 100)
	x := exportsThat(db, j, dir, func(e audit.Entry) audit.Ticket {
		failures <- e
		return audit.Ticket{}
	})
	first := receive(t, "127.0.0.1:0", framing, server, pool)
	s := settings(first.address)
	s.Name, s.Form, s.Framing = string(form), form, framing
	target, err := x.Add(t.Context(), s, true)
	if err != nil || target.Backlog != 600 {
		t.Fatalf("%+v, %v", target, err)
	}
	stop := run(t, x)
	seen := first.events(100)
	first.kill()
	for len(first.got) > 0 {
		seen[idOf(t, <-first.got)]++
	}
	eventually(t, x, target.ID, func(t export.Target) bool { return t.Failure != "" })
	stop()
	if len(failures) != 1 || (<-failures).Reason != "export-failed" {
		t.Errorf("%d failures are recorded", len(failures))
	}
	appendTo(t, j, audit.ClassAdmin, 50)

	again := exports(db, j, dir) // the center is started anew
	stop = run(t, again)
	second := receive(t, first.address, framing, server, pool)
	rest := map[string]int{}
	for len(union(seen, rest)) < int(j.Next()) {
		for id := range second.events(1) {
			rest[id]++
		}
	}
	end := eventually(t, again, target.ID, func(t export.Target) bool { return t.Backlog == 0 && !t.LastSent.IsZero() })
	if end.Dropped != 0 || end.Last == "" || !end.Connected {
		t.Errorf("%+v", end)
	}
	stop()
	second.kill()
}

func union(a, b map[string]int) map[string]int {
	all := map[string]int{}
	for id := range a {
		all[id]++
	}
	for id := range b {
		all[id]++
	}
	return all
}

// TestChosen: a receiver that is added for what comes from now on gets that, of its
// classes, and nothing else; what is skipped is counted.
func TestChosen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, pool := certificates(t, dir)
	j := journal(t)
	appendTo(t, j, audit.ClassAdmin, 5)
	x := exports(storetest.SQLite(t), j, dir)
	r := receive(t, "127.0.0.1:0", export.Octets, server, pool)
	s := settings(r.address)
	s.Classes = []audit.Class{audit.ClassHealth}
	target, err := x.Add(t.Context(), s, false)
	if err != nil || target.Backlog != 0 {
		t.Fatalf("%+v, %v", target, err)
	}
	if _, err := x.Add(t.Context(), s, false); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("two of one name: %v", err)
	}
	appendTo(t, j, audit.ClassAdmin, 5)
	if n, err := x.Skip(t.Context(), target.ID); err != nil || n != 5 {
		t.Errorf("skipped %d, %v", n, err)
	}
	appendTo(t, j, audit.ClassAdmin, 3)
	appendTo(t, j, audit.ClassHealth, 2)
	run(t, x)
	seen := r.events(2)
	if seen["dukou/center/13"] != 1 || seen["dukou/center/14"] != 1 {
		t.Errorf("%v", seen)
	}
	end := eventually(t, x, target.ID, func(t export.Target) bool { return t.Backlog == 0 && t.Sent > 0 })
	if end.Sent != 2 || end.Dropped != 5 {
		t.Errorf("%+v", end)
	}
	if _, err := x.Skip(t.Context(), "none"); problem.CodeOf(err) != problem.Unknown {
		t.Error(err)
	}
}

// TestTry: a test says exactly what it sent, and why it could not.
func TestTry(t *testing.T) {
	dir := t.TempDir()
	server, pool := certificates(t, dir)
	x := exports(storetest.SQLite(t), journal(t), dir)
	r := receive(t, "127.0.0.1:0", export.Octets, server, pool)
	target, err := x.Add(t.Context(), settings(r.address), false)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := x.Test(t.Context(), target.ID)
	if err != nil || !tried.Sent || tried.Failure != "" || !strings.Contains(tried.TLS, "TLS 1.3") || !strings.Contains(tried.Peer, "server") {
		t.Fatalf("%+v, %v", tried, err)
	}
	m, err := rfc5424.NewParser().Parse([]byte(tried.Bytes[strings.Index(tried.Bytes, " ")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-r.got:
		if *got.Message != *m.(*rfc5424.SyslogMessage).Message || !strings.Contains(*got.Message, "试验") {
			t.Errorf("%q arrived, %q was told", *got.Message, tried.Bytes)
		}
	case <-time.After(patience):
		t.Error("nothing arrived")
	}
	for name, spoil := range map[string]func(*export.Settings){
		"another CA":           func(s *export.Settings) { s.CA = "stranger.pem" },
		"another name":         func(s *export.Settings) { s.ServerName = "siem.bank" },
		"no file":              func(s *export.Settings) { s.CA = "none.pem" },
		"no client":            func(s *export.Settings) { s.Certificate, s.Key = "", "" },
		"a client nobody made": func(s *export.Settings) { s.Certificate, s.Key = "stranger.pem", "stranger.key" },
		"nobody there":         func(s *export.Settings) { s.Address = "127.0.0.1:1" },
	} {
		s := settings(r.address)
		spoil(&s)
		target, err = x.Change(t.Context(), target.ID, target.Revision, s, true)
		if err != nil {
			t.Fatal(err)
		}
		if tried, err := x.Test(t.Context(), target.ID); err != nil || tried.Sent || tried.Failure == "" || tried.Bytes == "" {
			t.Errorf("%s: %+v, %v", name, tried, err)
		}
	}
	if _, err := x.Change(t.Context(), target.ID, target.Revision-1, settings(r.address), true); problem.CodeOf(err) != problem.Stale {
		t.Error(err)
	}
}

// TestSettingsRefused: what leads out of the directory, or nowhere.
func TestSettingsRefused(t *testing.T) {
	x := exports(storetest.SQLite(t), journal(t), t.TempDir())
	for name, spoil := range map[string]func(*export.Settings){
		"path":     func(s *export.Settings) { s.CA = "../ca.pem" },
		"absolute": func(s *export.Settings) { s.Key = "/etc/shadow" },
		"hidden":   func(s *export.Settings) { s.CA = ".ca" },
		"no port":  func(s *export.Settings) { s.Address = "host" },
		"port 0":   func(s *export.Settings) { s.Address = "host:0" },
		"no host":  func(s *export.Settings) { s.Address = ":6514" },
		"form":     func(s *export.Settings) { s.Form = export.Excel },
		"framing":  func(s *export.Settings) { s.Framing = "" },
		"class":    func(s *export.Settings) { s.Classes = []audit.Class{"x"} },
		"name":     func(s *export.Settings) { s.Name = "A b" },
		"half":     func(s *export.Settings) { s.Key = "" },
	} {
		s := settings("host:6514")
		spoil(&s)
		if _, err := x.Add(t.Context(), s, true); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
