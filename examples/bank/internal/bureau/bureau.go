// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package bureau is the HTTP side of the example credit bureau: signing in, reports,
// and one careless internal path. README.md of the example fixes its shapes.
package bureau

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"dukou.dev/dukou/examples/bank/internal/people"
	"dukou.dev/dukou/examples/bank/internal/token"
)

// maxBody is the largest request body in bytes.
const maxBody = 4 << 10

// Codes of errors. They are part of the API.
const (
	codeBadRequest  = "bad-request"
	codeTooLarge    = "too-large"
	codeCredentials = "invalid-credentials"
	codeToken       = "invalid-token"
	codeNoSubject   = "no-subject"
	codeNotPerson   = "not-the-person"
	codeNoPerson    = "no-such-person"
	codePurpose     = "bad-purpose"
	codeNotFound    = "not-found"
	codeMethod      = "method-not-allowed"
	codeUnavailable = "unavailable"
)

// Config is what a bureau is made of. All of it must be set.
type Config struct {
	Book *people.Book
	Key  ed25519.PrivateKey // signs tokens
	Now  func() time.Time
	Log  *slog.Logger
}

// Bureau answers the API. It is safe for concurrent use.
type Bureau struct {
	book      *people.Book
	tokens    *token.Keeper
	passwords *passwords
	subject   *regexp.Regexp
	log       *slog.Logger
}

// New makes a bureau. It hashes the demo users' passwords, which takes a moment.
func New(c Config) *Bureau {
	return &Bureau{
		book:      c.Book,
		tokens:    token.NewKeeper(c.Key, c.Now),
		passwords: newPasswords(c.Book),
		subject:   regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$`),
		log:       c.Log,
	}
}

// Handler is the whole API.
func (b *Bureau) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", b.only(http.MethodGet, b.health))
	mux.HandleFunc("/login", b.only(http.MethodPost, b.login))
	mux.HandleFunc("/reports/{person}", b.only(http.MethodGet, b.report))
	mux.HandleFunc("/internal/people", b.only(http.MethodGet, b.everybody))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		b.fail(w, http.StatusNotFound, codeNotFound)
	})
	return mux
}

func (b *Bureau) only(method string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			b.fail(w, http.StatusMethodNotAllowed, codeMethod)
			return
		}
		h(w, r)
	}
}

func (b *Bureau) health(w http.ResponseWriter, _ *http.Request) {
	b.answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

type loginRequest struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

type loginAnswer struct {
	Token   string      `json:"token"`
	Expires int64       `json:"expires"` // Unix seconds
	Person  loginPerson `json:"person"`
}

type loginPerson struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (b *Bureau) login(w http.ResponseWriter, r *http.Request) {
	var ask loginRequest
	if err := decode(http.MaxBytesReader(w, r.Body, maxBody), &ask); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			b.fail(w, http.StatusRequestEntityTooLarge, codeTooLarge)
			return
		}
		b.fail(w, http.StatusBadRequest, codeBadRequest)
		return
	}
	if !ask.inBounds() {
		b.fail(w, http.StatusBadRequest, codeBadRequest)
		return
	}
	p := b.book.ByLogin(ask.User)
	right, err := b.passwords.right(r.Context(), p, ask.Password)
	if err != nil {
		b.log.WarnContext(r.Context(), "sign-in not checked", "error", err)
		b.fail(w, http.StatusServiceUnavailable, codeUnavailable)
		return
	}
	if !right {
		b.log.InfoContext(r.Context(), "sign-in refused", "user", ask.User)
		b.fail(w, http.StatusUnauthorized, codeCredentials)
		return
	}
	b.signIn(w, r, p)
}

func (b *Bureau) signIn(w http.ResponseWriter, r *http.Request, p *people.Person) {
	signed, expires, err := b.tokens.Issue(p.ID)
	if err != nil {
		b.log.ErrorContext(r.Context(), "sign-in failed", "person", p.ID, "error", err)
		b.fail(w, http.StatusServiceUnavailable, codeUnavailable)
		return
	}
	b.log.InfoContext(r.Context(), "signed in", "person", p.ID)
	b.answer(w, http.StatusOK, loginAnswer{signed, expires.Unix(), loginPerson{p.ID, p.Name}})
}

func (q loginRequest) inBounds() bool {
	return len(q.User) >= 1 && len(q.User) <= 64 && len(q.Password) >= 1 && len(q.Password) <= 128
}

// decode reads exactly one JSON value with no unknown field.
func decode(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	_, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = errors.New("more than one value")
	}
	return err
}

// everybody is the careless path: all that is known, to anybody who asks.
func (b *Bureau) everybody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range b.book.Len() {
		if err := e.Encode(b.book.At(i)); err != nil {
			b.log.InfoContext(r.Context(), "the reader of everybody went away", "error", err)
			return
		}
	}
}

func (b *Bureau) fail(w http.ResponseWriter, status int, code string) {
	b.answer(w, status, map[string]string{"error": code})
}

func (b *Bureau) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		b.log.Info("the caller went away", "error", err)
	}
}
