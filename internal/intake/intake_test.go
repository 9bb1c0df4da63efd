// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package intake_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/intake"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const patience = 20 * time.Second

// rig is an intake with a real journal and a real listener.
type rig struct {
	*intake.Intake
	t       *testing.T
	dir     string
	journal *audit.Journal
	address string
}

func open(t *testing.T, db *store.DB) *rig {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner("dukou/center", key)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: t.TempDir()}
	if r.journal, err = audit.Open(audit.Config{Dir: r.dir, Origin: "dukou/center", Signer: signer}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	r.Intake = intake.Open(db, intake.Config{
		Record: r.journal.Append, Listener: l, Certificate: certificate(t, "center"),
		Tell: func(string, string) {}, Now: func() time.Time { return time.Unix(1_795_334_400, 0) }, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, r.journal.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var pairs []string
	for i := 0; i < len(text); i += 2 {
		pairs = append(pairs, text[i:i+2])
	}
	return strings.Join(pairs, ":") // as openssl prints it
}

func (r *rig) dial(c tls.Certificate) net.Conn {
	r.t.Helper()
	d := tls.Dialer{Config: &tls.Config{Certificates: []tls.Certificate{c}, InsecureSkipVerify: true}} //nolint:gosec // the test's own listener
	nc, err := d.DialContext(r.t.Context(), "tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { nc.Close() })
	return nc
}

// entry is a foreign entry with its detail.
type entry struct {
	audit.Leaf
	intake.Detail
}

// entries waits until a log has n foreign entries and gives them.
func (r *rig) entries(n int) []entry {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := r.journal.Flush(); err != nil {
			r.t.Fatal(err)
		}
		var all []entry
		if err := reader.Show(r.dir, reader.Filter{Class: audit.ClassForeign}, func(e reader.Entry) error {
			one := entry{Leaf: e.Leaf}
			all = append(all, one)
			return cbor.Unmarshal(e.Content.Detail, &all[len(all)-1].Detail)
		}); err != nil {
			r.t.Fatal(err)
		}
		if len(all) >= n {
			return all
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("%d entries of %d", len(all), n)
		}
	}
}

// ended fails unless the other end ends a connection.
func (r *rig) ended(c net.Conn) {
	r.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Errorf("the connection is not ended: %v", err)
	}
}

// TestSyslog: both forms in both framings become foreign entries of the sender, whose
// words are kept as they came.
func TestSyslog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := open(t, db)
		own := certificate(t, "core")
		made, token, err := r.Add(t.Context(), intake.Settings{Name: "core", Zone: "intranet", Kind: intake.Syslog, Fingerprint: fingerprint(own)})
		if err != nil || token != "" || made.Rate != intake.UsualRate {
			t.Fatalf("%+v, %q, %v", made, token, err)
		}
		first := `<86>1 2026-11-22T16:00:00.5+08:00 host-1 sshd 42 LOGIN [x@1 a="b"] 用户 登录失败`
		second := "<34>Oct 11 22:14:15 mymachine su: 'su root' failed\nfor lonvick"
		third := "<13>" + strings.Repeat("x", intake.MaxText+100)
		c := r.dial(own)
		for _, m := range []string{first, second, third} {
			if _, err := fmt.Fprintf(c, "%d %s", len(m), m); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.WriteString(c, "<14>one line\n\x00\r\n<14>1 - - - - - - last"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		all := r.entries(5)
		for i, want := range []struct{ action, reason, format, host, object string }{
			{"sshd", "info", "rfc5424", "host-1", "用户 登录失败"},
			{"su", "crit", "rfc3164", "mymachine", "'su root' failed for lonvick"},
			{"", "", "text", "", "<13>xxx"}, {"", "", "text", "", "<14>one line"}, {"", "info", "rfc5424", "", "last"},
		} {
			e := all[i]
			if e.Leaf.Subject != "source/core" || e.Detail.Zone != "intranet" || e.Detail.From != "127.0.0.1" || e.Leaf.Verdict != "info" ||
				!strings.HasPrefix(e.Leaf.Object, want.object) || e.Detail.Host != want.host && want.host != "" {
				t.Errorf("entry %d: %+v", i, e)
			}
			if want.format != "text" && (e.Leaf.Action != want.action || e.Leaf.Reason != want.reason || e.Detail.Format != want.format) {
				t.Errorf("entry %d: %+v", i, e)
			}
		}
		if all[0].Detail.Text != first || all[0].Detail.Time != 1_795_334_400_500 || all[1].Detail.Text != second || !all[2].Detail.Cut || len(all[2].Detail.Text) != intake.MaxText {
			t.Errorf("%+v", all)
		}
		if got, err := r.Get(t.Context(), made.ID); err != nil || got.Taken != 5 || got.Last.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestStrangers: nobody gets in without a registered certificate, and who was registered
// gets out when that changes.
func TestStrangers(t *testing.T) {
	r := open(t, storetest.SQLite(t))
	own, other := certificate(t, "core"), certificate(t, "other")
	made, _, err := r.Add(t.Context(), intake.Settings{Name: "core", Zone: "intranet", Kind: intake.Syslog, Fingerprint: fingerprint(own)})
	if err != nil {
		t.Fatal(err)
	}
	r.ended(r.dial(other))
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test's own listener
	if c, err := d.DialContext(t.Context(), "tcp", r.address); err == nil {
		r.ended(c)
		c.Close()
	}
	c := r.dial(own)
	if _, err := io.WriteString(c, "<14>here\n"); err != nil {
		t.Fatal(err)
	}
	r.entries(1)
	if made, err = r.Change(t.Context(), made.ID, made.Revision, made.Settings, false); err != nil || made.On {
		t.Fatal(err)
	}
	r.ended(c)
	r.ended(r.dial(own))
	strangers := 0
	if err := reader.Show(r.dir, reader.Filter{Class: audit.ClassHealth}, func(e reader.Entry) error {
		if e.Leaf.Reason == "source-unknown" {
			strangers++
		}
		return nil
	}); err != nil || strangers != 1 { // once a minute
		t.Errorf("%d strangers recorded, %v", strangers, err)
	}
}

// TestFloods: what is not syslog ends its connection, and a connection too many is ended.
func TestFloods(t *testing.T) {
	r := open(t, storetest.SQLite(t))
	own := certificate(t, "core")
	if _, _, err := r.Add(t.Context(), intake.Settings{Name: "core", Zone: "intranet", Kind: intake.Syslog, Fingerprint: fingerprint(own)}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"99999999999 x", "2000000 x", "12x<14>", strings.Repeat("<14>", 600_000)} {
		c := r.dial(own)
		_, _ = io.WriteString(c, bad) // it may be ended before all is written
		r.ended(c)
	}
	var held []net.Conn
	for range 8 {
		c := r.dial(own)
		if _, err := io.WriteString(c, "<14>here\n"); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	r.entries(len(held))
	r.ended(r.dial(own))
}

// TestLines: lines of JSON are taken all or not at all, from who has the token.
func TestLines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		r := open(t, db)
		made, token, err := r.Add(ctx, intake.Settings{Name: "loans", Zone: "intranet", Kind: intake.JSON, Rate: 10})
		if err != nil || len(token) != 64 {
			t.Fatal(err)
		}
		body := []byte(`{"time":"2026-11-22T16:00:00.5+08:00","level":"warn","event":"approve","message":"loan \u0007 granted","host":"l1"}` + "\r\n\n" + `{"a":{"b":[1]}}`)
		for _, c := range []struct {
			name, token string
			body        string
			code        problem.Code
		}{
			{"loans", "wrong", string(body), problem.Credentials}, {"loans", "", string(body), problem.Credentials}, {"other", token, string(body), problem.Credentials},
			{"loans", token, `{"a":1}` + "\n[]", problem.Invalid}, {"loans", token, "", problem.Invalid}, {"loans", token, "null", problem.Invalid},
			{"loans", token, `{"a":"` + strings.Repeat("x", intake.MaxText) + `"}`, problem.Invalid},
			{"loans", token, strings.Repeat("{}\n", intake.MaxLines+1), problem.TooLarge},
		} {
			if _, err := r.Lines(ctx, c.name, c.token, "10.0.0.1", []byte(c.body)); err == nil || problem.CodeOf(err) != c.code {
				t.Errorf("%.40q: %v, want %s", c.body, err, c.code)
			}
		}
		if n, err := r.Lines(ctx, "loans", token, "10.0.0.1", body); err != nil || n != 2 {
			t.Fatal(n, err)
		}
		all := r.entries(2)
		if e := all[0]; len(all) != 2 || e.Leaf.Subject != "source/loans" || e.Leaf.Action != "approve" || e.Leaf.Reason != "warn" || e.Leaf.Object != "loan   granted" || e.Detail.Time != 1_795_334_400_500 || e.Detail.From != "10.0.0.1" {
			t.Errorf("%+v", e)
		}
		if _, err := r.Lines(ctx, "loans", token, "10.0.0.1", []byte(strings.Repeat("{}\n", intake.MaxLines))); problem.CodeOf(err) != problem.TooMany {
			t.Errorf("a thousand more: %v", err)
		}
		again, err := r.Renew(ctx, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Lines(ctx, "loans", token, "10.0.0.1", []byte("{}")); problem.CodeOf(err) != problem.Credentials {
			t.Errorf("the old token: %v", err)
		}
		if _, err := r.Lines(ctx, "loans", again, "10.0.0.1", []byte("{}")); err != nil {
			t.Error(err)
		}
		if err := r.Remove(ctx, made.ID); err != nil {
			t.Error(err)
		}
		if _, err := r.Lines(ctx, "loans", again, "10.0.0.1", []byte("{}")); problem.CodeOf(err) != problem.Credentials {
			t.Errorf("after its source was removed: %v", err)
		}
	})
}

func TestSettingsRefused(t *testing.T) {
	r := open(t, storetest.SQLite(t))
	good := intake.Settings{Name: "core", Zone: "intranet", Kind: intake.Syslog, Fingerprint: strings.Repeat("ab", 32)}
	for name, spoil := range map[string]func(*intake.Settings){
		"name": func(s *intake.Settings) { s.Name = "a/b" }, "zone": func(s *intake.Settings) { s.Zone = "" },
		"kind": func(s *intake.Settings) { s.Kind = "x" }, "fingerprint": func(s *intake.Settings) { s.Fingerprint = "ab" },
		"rate": func(s *intake.Settings) { s.Rate = intake.MaxRate + 1 }, "both": func(s *intake.Settings) { s.Kind = intake.JSON },
	} {
		s := good
		spoil(&s)
		if _, _, err := r.Add(t.Context(), s); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	made, _, err := r.Add(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	good.Name = "twin"
	if _, _, err := r.Add(t.Context(), good); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("two with one certificate: %v", err)
	}
	if _, err := r.Change(t.Context(), made.ID, made.Revision+1, made.Settings, true); problem.CodeOf(err) != problem.Stale {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "journal")); err != nil {
		t.Error(err)
	}
}
