// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://center:8443":  "https://center:8443",
		"https://center:8443/": "https://center:8443",
		"unix:/run/center":     "unix:/run/center",
		"/run/center":          "unix:/run/center",
	} {
		a, err := remote.ParseAddress(text)
		if err != nil || a.String() != want || a.Host() != strings.HasPrefix(want, "unix:") {
			t.Errorf("%q is %v, %v", text, a, err)
		}
	}
	for _, text := range []string{"", "unix:", "http://center", "https://", "https://u:p@center", "https://center/x", "https://center?x"} {
		if a, err := remote.ParseAddress(text); err == nil {
			t.Errorf("%q is %v", text, a)
		}
	}
}

// TestTrust: a certificate is known by its key, by its authority, or not at all.
func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.Header.Get("Authorization"))) //nolint:errcheck // the client sees it
	}))
	defer server.Close()
	cert := server.Certificate()
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	pin, ca := hex.EncodeToString(sum[:]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	for name, c := range map[string]struct {
		trust remote.Trust
		want  string // part of the error; empty for none
	}{
		"pin":            {remote.Trust{Pin: pin}, ""},
		"authority":      {remote.Trust{CA: ca}, ""},
		"both":           {remote.Trust{CA: ca, Pin: pin}, ""},
		"nothing":        {remote.Trust{}, "--pin " + pin},
		"another pin":    {remote.Trust{Pin: strings.Repeat("ab", 32)}, "not the pinned one"},
		"both, one else": {remote.Trust{CA: ca, Pin: strings.Repeat("ab", 32)}, "not the pinned one"},
		"no pin":         {remote.Trust{Pin: "abc"}, "--pin"},
		"no authority":   {remote.Trust{CA: []byte("x")}, "--ca"},
	} {
		address, err := remote.ParseAddress(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		center := &remote.Center{Address: address, Trust: c.trust, Secret: "s3"}
		body, _, err := center.Read(t.Context(), &remote.Request{Method: "GET", Path: "/api/health"})
		center.Close()
		switch {
		case c.want == "" && (err != nil || string(body) != "Bearer s3"):
			t.Errorf("%s: %q, %v", name, body, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestProblems: what the center refuses is a sentence that a terminal shows as it is; a
// redirection is not followed, since the secret would go along.
func TestProblems(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/stale", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPreconditionFailed)
		w.Write([]byte(`{"code":"stale","detail":"changed \u001b[2J","fields":[{"name":"body.a","detail":"x"}]}`)) //nolint:errcheck // the client sees it
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere/", http.StatusFound)
	})
	server := &http.Server{Handler: mux} //nolint:gosec // of a test
	go server.Serve(listener)            //nolint:errcheck // ends with Close
	defer server.Close()
	address, err := remote.ParseAddress("unix:" + filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	center := &remote.Center{Address: address}
	defer center.Close()

	_, err = center.Call(t.Context(), &remote.Request{Method: "GET", Path: "/stale"})
	p, ok := errors.AsType[*remote.Problem](err)
	if !ok || p.Code != "stale" || !strings.Contains(err.Error(), `changed \u001b[2J`) || !strings.Contains(err.Error(), "body.a: x") {
		t.Errorf("stale: %v", err)
	}
	_, err = center.Call(t.Context(), &remote.Request{Method: "GET", Path: "/away"})
	if p, ok := errors.AsType[*remote.Problem](err); !ok || p.Status != http.StatusFound {
		t.Errorf("away: %v", err)
	}
	server.Close()
	_, err = center.Call(t.Context(), &remote.Request{Method: "GET", Path: "/stale"})
	if _, ok := errors.AsType[*remote.UnreachableError](err); !ok {
		t.Errorf("closed: %v", err)
	}
}

func TestSessions(t *testing.T) {
	s := remote.Sessions{Dir: filepath.Join(t.TempDir(), "sessions")}
	if _, found, err := s.Find("unix:/a", ""); found || err != nil {
		t.Fatal(found, err)
	}
	for _, session := range []remote.Session{
		{Center: "unix:/a", Name: "zhang", Secret: "1"},
		{Center: "unix:/a", Name: "../li", Secret: "2", Pin: "p"},
		{Center: "https://b", Name: "zhang", Secret: "3"},
	} {
		if err := s.Save(session); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ center, name, want string }{
		{"unix:/a", "", "2"}, {"unix:/a", "zhang", "1"}, {"https://b", "", "3"}, {"https://b", "li", ""},
	} {
		got, found, err := s.Find(c.center, c.name)
		if err != nil || found != (c.want != "") || got.Secret != c.want {
			t.Errorf("%s of %s: %q, %v, %v", c.name, c.center, got.Secret, found, err)
		}
	}
	if last, err := s.Center(); err != nil || last != "https://b" {
		t.Errorf("last center %q, %v", last, err)
	}
	var files int
	err := filepath.WalkDir(s.Dir, func(path string, d os.DirEntry, err error) error {
		info, _ := d.Info()
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if strings.HasSuffix(path, ".json") {
			files++
			os.Chmod(path, 0o640) //nolint:errcheck // Find tells
		}
		return err
	})
	if err != nil || files != 3 {
		t.Errorf("%d sessions, %v", files, err)
	}
	if _, _, err := s.Find("unix:/a", "zhang"); err == nil {
		t.Error("a session that others can read is used")
	}
	if err := s.Remove("unix:/a", "zhang"); err != nil {
		t.Error(err)
	}
	if _, found, err := s.Find("unix:/a", "zhang"); found || err != nil {
		t.Error(found, err)
	}
}
