// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package portal is a small web site on which a person signs in and sees their own
// credit report. It asks an upstream that speaks the bureau's API and keeps nothing
// but sessions, in memory. It runs no script in the browser.
package portal

import (
	"embed"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

const (
	maxForm     = 4 << 10 // bytes
	maxUser     = 64      // bytes, as in the API
	maxPassword = 128     // bytes, as in the API

	cookieName = "session"

	// Sign-ins a second over all callers, and how many may come at once.
	signInRate  = 20
	signInBurst = 40
)

//go:embed pages static
var assets embed.FS

// Portal is the site. It is safe for concurrent use.
type Portal struct {
	upstream *Upstream
	sessions *sessions
	views    *views
	signIns  *rate.Limiter
	log      *slog.Logger
}

// New makes a site over an upstream; now is the clock that ends sessions.
func New(upstream *Upstream, now func() time.Time, log *slog.Logger) (*Portal, error) {
	v, err := newViews(log)
	if err != nil {
		return nil, err
	}
	return &Portal{
		upstream: upstream,
		sessions: newSessions(now),
		views:    v,
		signIns:  rate.NewLimiter(signInRate, signInBurst),
		log:      log,
	}, nil
}

// Handler is the whole site. What changes something is refused when another site's
// page sends it, beside the cookie being SameSite=Strict.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.home)
	mux.HandleFunc("POST /sign-in", p.signIn)
	mux.HandleFunc("POST /sign-out", p.signOut)
	mux.HandleFunc("GET /report", p.report)
	mux.HandleFunc("GET /healthz", health)
	mux.Handle("GET /static/", static())
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		p.views.problem(w, &Refusal{Status: http.StatusNotFound})
	})
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.views.problem(w, &Refusal{Status: http.StatusForbidden, Code: "cross-origin"})
	}))
	return secured(guard.Handler(mux))
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func static() http.Handler {
	files := http.FileServerFS(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/static/style.css", "/static/icon.svg":
			w.Header().Set("Cache-Control", "max-age=3600")
			files.ServeHTTP(w, r)
		default: // no listing of the directory
			http.Error(w, "not found", http.StatusNotFound)
		}
	})
}

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte("ok\n"))
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.session(r); ok {
		http.Redirect(w, r, "/report", http.StatusSeeOther)
		return
	}
	p.views.signIn(w, http.StatusOK, signInView{})
}

func (p *Portal) signIn(w http.ResponseWriter, r *http.Request) {
	if !p.signIns.Allow() {
		p.views.problem(w, &Refusal{Status: http.StatusTooManyRequests})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.views.problem(w, &Refusal{Status: http.StatusBadRequest})
		return
	}
	user, password := r.PostForm.Get("user"), r.PostForm.Get("password")
	if user == "" || password == "" || len(user) > maxUser || len(password) > maxPassword {
		p.views.signIn(w, http.StatusUnauthorized, signInView{Failed: true})
		return
	}
	who, err := p.upstream.login(r.Context(), user, password)
	if refusal := asRefusal(err); refusal != nil {
		p.log.InfoContext(r.Context(), "sign-in failed", "error", err)
		if refusal.wrongCredentials() {
			p.views.signIn(w, http.StatusUnauthorized, signInView{Failed: true, User: user})
			return
		}
		p.views.problem(w, refusal)
		return
	}
	p.start(w, r, who)
}

// start begins a session under a new id, in place of the one that there was.
func (p *Portal) start(w http.ResponseWriter, r *http.Request, who identity) {
	if old, err := r.Cookie(cookieName); err == nil {
		p.sessions.end(old.Value)
	}
	id, ok := p.sessions.start(who)
	if !ok {
		p.views.problem(w, &Refusal{Status: http.StatusServiceUnavailable, Code: "too-many-sessions"})
		return
	}
	setCookie(w, id, int(maxSession/time.Second))
	http.Redirect(w, r, "/report", http.StatusSeeOther)
}

func (p *Portal) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		p.sessions.end(c.Value)
	}
	setCookie(w, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (p *Portal) report(w http.ResponseWriter, r *http.Request) {
	who, ok := p.session(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	got, err := p.upstream.report(r.Context(), who)
	if refusal := asRefusal(err); refusal != nil {
		p.log.InfoContext(r.Context(), "no report", "person", who.Person, "error", err)
		if refusal.Status == http.StatusUnauthorized { // the token does not hold any more
			p.signOut(w, r)
			return
		}
		refusal.SignedIn = true
		p.views.problem(w, refusal)
		return
	}
	p.views.report(w, got)
}

func (p *Portal) session(r *http.Request) (identity, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return identity{}, false
	}
	return p.sessions.find(c.Value)
}

// setCookie does not say Secure: the portal itself speaks plain HTTP, and a browser
// would drop the cookie. What puts TLS in front adds it.
func setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
