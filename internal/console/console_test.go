// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"dukou.dev/dukou/internal/console"
	"dukou.dev/dukou/web"
)

const script = "console.log('渡口')\n"

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func built(t *testing.T) fs.FS {
	t.Helper()
	return fstest.MapFS{
		".gitkeep":              {},
		".vite/manifest.json":   {Data: []byte("{}")},
		"index.html":            {Data: []byte(`<meta name="csp-nonce" content="__NONCE__"><style nonce="__NONCE__"></style>`)},
		"icon.svg":              {Data: []byte("<svg/>")},
		"assets/app-1a2b.js":    {Data: []byte(script)},
		"assets/app-1a2b.js.gz": {Data: gzipped(t, script)},
		"assets/app-3c4d.css":   {Data: []byte("a{}")},
	}
}

// calls stands for the interface.
func calls() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
	})
}

func newHandler(t *testing.T, files fs.FS) http.Handler {
	t.Helper()
	h, err := console.Handler(files, calls())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask puts one request, whose headers are pairs of name and value.
func ask(t *testing.T, h http.Handler, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestNonce: each page has a nonce of its own, the one of its header, wherever the page
// wants it.
func TestNonce(t *testing.T) {
	h := newHandler(t, built(t))
	inHeader := regexp.MustCompile(`style-src 'self' 'nonce-([A-Z2-7]{26})'`)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/index.html", "/?x=1"} {
		r := ask(t, h, http.MethodGet, path)
		found := inHeader.FindStringSubmatch(r.Header.Get("Content-Security-Policy"))
		if r.StatusCode != http.StatusOK || found == nil {
			t.Fatalf("%s: status %d, %q", path, r.StatusCode, r.Header)
		}
		own := found[1]
		if seen[own] {
			t.Errorf("%s: a nonce is used twice", path)
		}
		seen[own] = true
		if text := body(t, r); strings.Count(text, `"`+own+`"`) != 2 || strings.Contains(text, "__NONCE__") {
			t.Errorf("%s: %s", path, text)
		}
		if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %q", path, r.Header)
		}
	}
}

// TestHeaders: every answer carries them, those of the interface and refusals too.
func TestHeaders(t *testing.T) {
	h := newHandler(t, built(t))
	for _, c := range []struct {
		method, path string
		status       int
		scripts      bool
	}{
		{http.MethodGet, "/", 200, true},
		{http.MethodGet, "/assets/app-1a2b.js", 200, true},
		{http.MethodGet, "/no/such", 404, false},
		{http.MethodPost, "/", 405, false},
		{http.MethodDelete, "/api/session", 418, false},
		{http.MethodGet, "/api/", 418, false},
	} {
		r := ask(t, h, c.method, c.path)
		if r.StatusCode != c.status {
			t.Errorf("%s %s: status %d, want %d", c.method, c.path, r.StatusCode, c.status)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q", c.method, c.path, name, got)
			}
		}
		checkPolicy(t, r, c.scripts)
	}
}

// checkPolicy: nothing unsafe, no other host, nobody frames it, and scripts only where
// there are some.
func checkPolicy(t *testing.T, r *http.Response, scripts bool) {
	t.Helper()
	policy := r.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%q lacks %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("%q", policy)
	}
	if strings.Contains(policy, "script-src 'self';") != scripts {
		t.Errorf("%q, with scripts: %t", policy, scripts)
	}
}

// TestNothingElse: only what was built is there, however a path is written.
func TestNothingElse(t *testing.T) {
	h := newHandler(t, built(t))
	for _, path := range []string{
		"/.gitkeep", "/.vite/manifest.json", "/assets", "/assets/", "/assets/app-1a2b.js.gz", "/assets/../index.html", "/../index.html",
		"//index.html", "/./index.html", "/index.html/", "/assets//app-1a2b.js", "/ASSETS/app-1a2b.js", "/index.html\x00", "\\index.html",
		"/%2e%2e/index.html", "/api", "/apix", "/login", "", "*", "/assets/app-1a2b.js/x", "../../../etc/passwd",
	} {
		r := ask(t, h, http.MethodGet, path)
		if text := body(t, r); r.StatusCode != http.StatusNotFound || !strings.Contains(text, "/api/openapi.json") {
			t.Errorf("%q: status %d: %s", path, r.StatusCode, text)
		}
		if kind := r.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
			t.Errorf("%q: %s", path, kind)
		}
	}
}

func TestMethods(t *testing.T) {
	h := newHandler(t, built(t))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "BREW"} {
		for _, path := range []string{"/", "/assets/app-1a2b.js", "/nothing"} {
			if r := ask(t, h, method, path); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, %q", method, path, r.StatusCode, r.Header)
			}
		}
	}
	for path, status := range map[string]int{"/": 200, "/assets/app-1a2b.js": 200, "/nothing": 404} {
		if r := ask(t, h, http.MethodHead, path); r.StatusCode != status || body(t, r) != "" {
			t.Errorf("HEAD %s: status %d, and a body", path, r.StatusCode)
		}
	}
	if r := ask(t, h, http.MethodPost, "/api/session"); body(t, r) != "POST /api/session" {
		t.Errorf("a call did not reach the interface: status %d", r.StatusCode)
	}
}

func TestAssets(t *testing.T) {
	h := newHandler(t, built(t))
	for path, want := range map[string][2]string{
		"/assets/app-1a2b.js":  {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"/assets/app-3c4d.css": {"text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		"/icon.svg":            {"image/svg+xml", "no-cache"},
	} {
		r := ask(t, h, http.MethodGet, path)
		if r.Header.Get("Content-Type") != want[0] || r.Header.Get("Cache-Control") != want[1] {
			t.Errorf("%s: %q", path, r.Header)
		}
		again := ask(t, h, http.MethodGet, path, "If-None-Match", r.Header.Get("ETag"))
		if r.Header.Get("ETag") == "" || again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s: asked again, status %d", path, again.StatusCode)
		}
	}
}

// TestPacked: who can unpack is given the packed file, under a tag of its own.
func TestPacked(t *testing.T) {
	h := newHandler(t, built(t))
	tags := map[string]bool{}
	for accept, packed := range map[string]bool{
		"": false, "gzip": true, "gzip, deflate, br, zstd": true, "br,GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0, br": false,
		"identity": false, "x-gzip-like": false, "br": false,
	} {
		r := ask(t, h, http.MethodGet, "/assets/app-1a2b.js", "Accept-Encoding", accept)
		if (r.Header.Get("Content-Encoding") == "gzip") != packed || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q", accept, r.Header)
		}
		tags[r.Header.Get("ETag")] = true
		text := body(t, r)
		if packed {
			z, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			text = string(plain)
		}
		if text != script {
			t.Errorf("%q: %q", accept, text)
		}
	}
	if len(tags) != 2 {
		t.Errorf("tags %v, want one for each of the two forms", tags)
	}
	if r := ask(t, h, http.MethodGet, "/icon.svg", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a file that was not packed is said to be")
	}
}

// TestUnbuilt: a program without the console says so, and serves the interface.
func TestUnbuilt(t *testing.T) {
	h := newHandler(t, fstest.MapFS{".gitkeep": {}})
	r := ask(t, h, http.MethodGet, "/")
	if text := body(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "make build") || !strings.Contains(text, "未包含控制台") {
		t.Errorf("status %d: %s", r.StatusCode, text)
	}
	checkPolicy(t, r, false)
	if r := ask(t, h, http.MethodGet, "/api/health"); r.StatusCode != http.StatusTeapot {
		t.Errorf("the interface: status %d", r.StatusCode)
	}
}

// TestBuiltIn serves what is built into this program, with the console or without.
func TestBuiltIn(t *testing.T) {
	h := newHandler(t, web.Files())
	r := ask(t, h, http.MethodGet, "/")
	switch r.StatusCode {
	case http.StatusOK:
		text := body(t, r)
		refs := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(text, -1)
		if len(refs) == 0 || strings.Contains(text, "__NONCE__") || !strings.Contains(text, "csp-nonce") {
			t.Errorf("the page: %s", text)
		}
		for _, ref := range refs {
			if r := ask(t, h, http.MethodGet, "/"+ref[1]); r.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d", ref[1], r.StatusCode)
			}
		}
	case http.StatusServiceUnavailable:
		t.Skip("this test was built without the console (make console builds it)")
	default:
		t.Errorf("status %d", r.StatusCode)
	}
}
