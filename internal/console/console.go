// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package console serves the files of the administrators' console, which are built into
// the center, and says in headers what a browser may do with them. It knows nothing of
// what the console shows: that is asked of the interface beside it.
package console

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"dukou.dev/dukou/internal/daemon"
)

const (
	page    = "index.html"
	api     = "/api/"
	nonce   = "__NONCE__" // stands in the page where the answer's own is put
	packed  = ".gz"
	nowhere = "There is nothing here. The console is at /, the interface below /api/, and GET /api/openapi.json lists its calls.\n" +
		"这里没有内容。控制台在 /，接口在 /api/ 之下，GET /api/openapi.json 列出全部调用。\n"
	unbuilt = "This program was built without the console. The command line (dukou) and the interface below /api/ do all the same work.\n" +
		"For the console, build with `make build` where Node.js with npm is.\n" +
		"此程序构建时未包含控制台。命令行 dukou 与 /api/ 之下的接口可完成同样的全部工作。\n" +
		"如需控制台，请在装有 Node.js 和 npm 的机器上执行 make build。\n"
)

// Handler serves the console's files, and calls of the interface by its handler. All
// answers, also those of the interface, carry the headers of this package.
func Handler(files fs.FS, calls http.Handler) (http.Handler, error) {
	s, err := load(files)
	if err != nil {
		return nil, fmt.Errorf("the console's files: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer daemon.EndOnPanic(http.ErrAbortHandler)
		setHeaders(w.Header())
		if strings.HasPrefix(r.URL.Path, api) {
			calls.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	}), nil
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		say(w, r, http.StatusMethodNotAllowed, "Only GET and HEAD.\n只支持 GET 和 HEAD。\n")
		return
	}
	if r.URL.Path == "/" || r.URL.Path == "/"+page {
		s.servePage(w, r)
		return
	}
	a, found := s.assets[r.URL.Path]
	if !found {
		say(w, r, http.StatusNotFound, nowhere)
		return
	}
	a.serve(w, r)
}

// servePage answers with the page, in which a new nonce lets its own styles, and no
// others, be set.
func (s *site) servePage(w http.ResponseWriter, r *http.Request) {
	if s.page == nil {
		say(w, r, http.StatusServiceUnavailable, unbuilt)
		return
	}
	own := rand.Text()
	setPageHeaders(w.Header(), own)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	text := bytes.ReplaceAll(s.page, []byte(nonce), []byte(own))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

// serve answers with a file, packed where the browser can unpack it.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	setPageHeaders(h, "")
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", a.keep)
	h.Set("ETag", a.tag)
	content := a.plain
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if unpacks(r.Header.Values("Accept-Encoding")) {
			content = a.packed
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", strings.TrimSuffix(a.tag, `"`)+`-gzip"`)
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// unpacks tells whether a browser takes gzip.
func unpacks(accepted []string) bool {
	for _, part := range strings.Split(strings.Join(accepted, ","), ",") {
		coding, weight, weighted := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") {
			value := strings.TrimPrefix(strings.ToLower(weight), "q=")
			return !weighted || strings.Trim(value, "0.") != ""
		}
	}
	return false
}

// say answers with a plain text.
func say(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text)) // the browser went away
	}
}
