// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
)

// anybody takes whatever key the other side shows.
func anybody(ed25519.PublicKey) (string, bool) { return "whoever", true }

func (r *rig) identity(t *testing.T, name string) *pki.Identity {
	t.Helper()
	i, err := pki.LoadIdentity(r.Installation.Identity(name))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (r *rig) config(t *testing.T, i *pki.Identity) *tls.Config {
	t.Helper()
	c, err := i.Client(anybody)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stranger is a component that asks for a name that somebody has, and is not admitted.
func stranger(t *testing.T, id, role, zone string) *pki.Identity {
	t.Helper()
	i, err := pki.Create(filepath.Join(t.TempDir(), "id"), id, role, zone)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// components knock at the guard's three doors with keys that open none.
func (r *rig) components(t *testing.T) {
	type visit struct {
		name   string
		config *tls.Config
	}
	key := func(component string) *tls.Config { return r.config(t, r.identity(t, component)) }
	changed := func(component string, change func(*tls.Config)) *tls.Config {
		c := key(component)
		change(c)
		return c
	}
	others := func(neighbour string) []visit {
		return []visit{
			{"a stranger under a neighbour's name", r.config(t, stranger(t, neighbour, "front", "internet"))},
			{"no certificate", changed(neighbour, func(c *tls.Config) { c.Certificates = nil })},
			{"another kind of key", changed(neighbour, func(c *tls.Config) { c.Certificates = []tls.Certificate{elliptical(t)} })},
			{"two certificates", changed(neighbour, func(c *tls.Config) {
				c.Certificates[0].Certificate = append(c.Certificates[0].Certificate, c.Certificates[0].Certificate[0])
			})},
			{"a neighbour's certificate without its key", changed(neighbour, func(c *tls.Config) {
				_, own, err := ed25519.GenerateKey(rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				c.Certificates[0].PrivateKey = own
			})},
			{"TLS 1.2", changed(neighbour, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 })},
			{"a key exchange that a quantum computer reads", changed(neighbour, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} })},
		}
	}
	doors := map[string][]visit{
		demo.GuardOuter: append(others(demo.FrontInternet), visit{"the center", key(demo.Center)}, visit{"the other zone's front", key(demo.FrontIntranet)},
			visit{"the gate", key(demo.GuardGate)}, visit{"the inner process", key(demo.GuardInner)}, visit{"itself", key(demo.GuardOuter)}),
		demo.GuardInner: append(others(demo.FrontIntranet), visit{"the other zone's front", key(demo.FrontInternet)},
			visit{"the outer half", key(demo.GuardOuter)}, visit{"the gate", key(demo.GuardGate)}, visit{"itself", key(demo.GuardInner)}),
		demo.GuardGate: append(others(demo.GuardInner), visit{"the internet front", key(demo.FrontInternet)}, visit{"the intranet front", key(demo.FrontIntranet)},
			visit{"the center", key(demo.Center)}, visit{"the outer half", key(demo.GuardOuter)}, visit{"itself", key(demo.GuardGate)}),
	}
	for door, visits := range doors {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			before := r.refusedPeers(t, door)
			for _, v := range visits {
				if err := knock(r.dial(t, door), v.config); err == nil {
					t.Errorf("%s: was let in", v.name)
				}
				r.count("components", func(s *sum) { s.refused++ })
			}
			for name, bytes := range map[string]string{
				"plain text": "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "the protocol without TLS": "\x00\x00\x00\x01\x01hello", "nothing but an end": "",
				"half a hello": "\x16\x03\x01\x02\x00\x01\x00\x01", "a record too large": "\x16\x03\x03\xff\xff" + strings.Repeat("a", 70_000),
			} {
				nc := r.dial(t, door)
				_ = nc.SetDeadline(time.Now().Add(soon))
				_, _ = io.WriteString(nc, bytes) // it may be cut off before
				_ = nc.(*net.UnixConn).CloseWrite()
				if answer, err := io.ReadAll(nc); err != nil && errors.Is(err, os.ErrDeadlineExceeded) || len(answer) > 64 {
					t.Errorf("%s: answered with %d bytes, %v", name, len(answer), err)
				}
				r.count("components", func(s *sum) { s.refused++ })
			}
			want := before + len(visits) + 5
			within(t, soon, func() error {
				if got := r.refusedPeers(t, door); got < want {
					return fmt.Errorf("%s recorded %d of %d strangers", door, got-before, want-before)
				}
				return nil
			})
			if log := r.logText(t, door); strings.Count(log, "connection refused") < len(visits) || !strings.Contains(log, "has no business") && door == demo.GuardOuter {
				t.Errorf("%s has not said why it refused whom", door)
			}
		})
	}
}

// knock makes a connection and waits until the other side speaks. What was refused it
// learns by an alert or an end.
func knock(nc net.Conn, config *tls.Config) error {
	_ = nc.SetDeadline(time.Now().Add(soon))
	c := tls.Client(nc, config)
	defer c.Close()
	if err := c.Handshake(); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 1))
	return err
}

func elliptical(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// bundles gives the center what is no bundle, or one that too few stand for.
func (r *rig) bundles(t *testing.T) {
	in := *r.Installation
	good, err := in.Bundle(generous(t), 1000)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(version uint64, keys ...ed25519.PrivateKey) []byte {
		in := *r.Installation
		in.Approvers = keys
		data, err := in.Bundle(generous(t), version)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, second := in.Approvers[0], in.Approvers[1]
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	document, err := envelope.Decode(signed(1000, first))
	if err != nil {
		t.Fatal(err)
	}
	twice := *document
	twice.Signatures = append(twice.Signatures, document.Signatures[0])
	for _, b := range []struct {
		name string
		data []byte
		code fault.Code
	}{
		{"signed by one", signed(1000, first), fault.PolicyUnsigned},
		{"signed by nobody", signed(1000), fault.PolicyUnsigned},
		{"signed by one, twice", twice.Encode(), ""},
		{"signed by one and a stranger", signed(1000, first, other), fault.PolicyUnsigned},
		{"a byte changed", flipped, ""},
		{"another under the version in force", signed(1, first, second), fault.PolicyOld},
		{"version 0", signed(0, first, second), ""},
		{"cut off", good[:len(good)-10], fault.PolicyMalformed},
		{"bytes behind", append(bytes.Clone(good), 0), fault.PolicyMalformed},
		{"nothing", nil, "malformed"},
		{"text", []byte("flows: []"), fault.PolicyMalformed},
		{"17 MiB", make([]byte, 17<<20), "too-large"},
	} {
		t.Run(b.name, func(t *testing.T) {
			r.refuseBundle(t, b.data, b.code)
			r.count("bundles", func(s *sum) { s.refused++ })
		})
	}
	r.applyByHand(t, signed(1000, first))
	for _, raw := range []string{"PUT /api/bundles", "POST /api/../api/bundles", "GET /api/", "POST /", "DELETE /api/components"} {
		status, body := r.center(t, raw, nil)
		if status < 300 {
			t.Errorf("%s: %d %s", raw, status, body)
		}
		r.count("bundles", func(s *sum) { s.refused++ })
	}
	list, err := r.Standings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Role != "" && s.Bundle != r.version && s.Role != "center" {
			t.Errorf("%s has bundle %d, want %d", s.ID, s.Bundle, r.version)
		}
	}
}

// center asks the center's management interface, as "METHOD PATH".
func (r *rig) center(t *testing.T, what string, body []byte) (int, []byte) {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", r.Installation.Socket(demo.Center))
	}}
	defer transport.CloseIdleConnections()
	method, path, _ := strings.Cut(what, " ")
	q, err := http.NewRequestWithContext(t.Context(), method, "http://center"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data := make([]byte, 1<<20)
	n, err := readFull(resp.Body, data)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, data[:n]
}

// refusedBundles counts what the center has recorded.
func (r *rig) refusedBundles(t *testing.T) int {
	t.Helper()
	return count(r.journal(t, demo.Center), func(l *audit.Leaf) bool {
		return l.Class == audit.ClassPolicy && l.Verdict == "refuse" && l.Action == "publish"
	})
}

func (r *rig) refuseBundle(t *testing.T, data []byte, code fault.Code) {
	t.Helper()
	before := r.refusedBundles(t)
	status, body := r.center(t, "POST /api/bundles", data)
	var p struct{ Code fault.Code }
	if err := json.Unmarshal(body, &p); err != nil || status < 400 || !fault.Known(p.Code) && p.Code != "too-large" && p.Code != "malformed" || code != "" && p.Code != code {
		t.Errorf("answered with %d %.300s, want %s", status, body, code)
	}
	if !fault.Known(p.Code) {
		return // it is no bundle yet, and recorded as a call that was malformed
	}
	within(t, soon, func() error {
		if r.refusedBundles(t) == before {
			return errors.New("the center has not recorded it")
		}
		return nil
	})
	if !strings.Contains(r.logText(t, demo.Center), "bundle refused") {
		t.Error("the center has no word of it in its log")
	}
}

// applyByHand is what an administrator with one key would try.
func (r *rig) applyByHand(t *testing.T, data []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(os.Getenv(demotest.BinEnv), "dukou"), "policy", "apply", file, "--center", r.Installation.Socket(demo.Center))
	out, err := c.CombinedOutput()
	if err == nil || c.ProcessState.ExitCode() != fault.ExitRefused || !strings.Contains(string(out), string(fault.PolicyUnsigned)) {
		t.Errorf("dukou policy apply: exit status %d, %s", c.ProcessState.ExitCode(), out)
	}
	r.count("bundles", func(s *sum) { s.refused++ })
}
