// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/examples/bank/internal/bureau"
	"dukou.dev/dukou/examples/bank/internal/endpoint"
	"dukou.dev/dukou/examples/bank/internal/people"
	"dukou.dev/dukou/examples/bank/internal/portal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the time plus what the test adds.
type clock struct{ added atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.added.Load())) }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// serve answers on a real listener until the test ends and returns its upstream address.
func serve(t *testing.T, listen string, h http.Handler) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l, err := endpoint.Listen(ctx, listen)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- endpoint.Serve(ctx, l, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if name := endpoint.Name(l); strings.HasPrefix(name, "unix:") {
		return name
	}
	return "http://" + endpoint.Name(l)
}

func startBureau(t *testing.T, c *clock, wrap func(http.Handler) http.Handler) (string, *people.Book) {
	t.Helper()
	book, err := people.New(50, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	office := bureau.New(bureau.Config{Book: book, Key: key, Now: c.now, Log: quiet()})
	return serve(t, "unix:"+filepath.Join(t.TempDir(), "bureau"), wrap(office.Handler())), book
}

func unwrapped(h http.Handler) http.Handler { return h }

// browser is a reader with cookies who follows redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func openPortal(t *testing.T, c *clock, upstream string) *browser {
	t.Helper()
	base, transport, err := endpoint.Upstream(upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	site, err := portal.New(portal.NewUpstream(portal.UpstreamConfig{
		Base: base, Transport: transport, Host: "reports.example", APIKey: "key-of-the-portal",
	}), c.now, quiet())
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := &http.Transport{}
	b := &browser{t, serve(t, "127.0.0.1:0", site.Handler()), &http.Client{Jar: jar, Transport: own, Timeout: 10 * time.Second}}
	t.Cleanup(own.CloseIdleConnections)
	return b
}

func (b *browser) do(req *http.Request, err error) (*http.Response, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(text)
}

func (b *browser) get(path string) (*http.Response, string) {
	b.t.Helper()
	return b.do(http.NewRequestWithContext(b.t.Context(), "GET", b.base+path, nil))
}

func (b *browser) post(path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), "POST", b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.do(req, nil)
}

func (b *browser) cookie() *http.Cookie {
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		return c
	}
	return nil
}

func as(user, password string) url.Values {
	return url.Values{"user": {user}, "password": {password}}
}

func zhangwei() url.Values { return as("zhangwei", "ferry-zhangwei-2026") }

func TestPersonSeesOwnReport(t *testing.T) {
	var c clock
	upstream, book := startBureau(t, &c, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != "reports.example" || r.Header.Get("X-API-Key") != "key-of-the-portal" {
				t.Errorf("%s %s: host %q, key %q", r.Method, r.URL, r.Host, r.Header.Get("X-API-Key"))
			}
			h.ServeHTTP(w, r)
		})
	})
	b := openPortal(t, &c, upstream)
	if resp, text := b.get("/report"); resp.Request.URL.Path != "/" || !strings.Contains(text, "登录") {
		t.Errorf("not signed in, but at %s: %s", resp.Request.URL, text)
	}
	resp, text := b.post("/sign-in", zhangwei())
	p := book.At(0)
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/report" {
		t.Fatalf("%d at %s: %s", resp.StatusCode, resp.Request.URL, text)
	}
	for _, want := range append([]string{p.Name, p.IDNumber[:6] + "********" + p.IDNumber[14:]}, banksOf(p)...) {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(text, p.IDNumber) || strings.Contains(text, p.Phone) {
		t.Error("the page shows a whole identity number or phone")
	}
	if resp, _ := b.get("/"); resp.Request.URL.Path != "/report" {
		t.Errorf("signed in, but at %s", resp.Request.URL)
	}
	held := b.cookie().Value
	if resp, _ := b.post("/sign-out", nil); resp.Request.URL.Path != "/" || b.cookie() != nil {
		t.Errorf("signed out, but at %s with %v", resp.Request.URL, b.cookie())
	}
	u, _ := url.Parse(b.base)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: held}})
	if resp, _ := b.get("/report"); resp.Request.URL.Path != "/" {
		t.Error("the session lived on after signing out")
	}
}

func banksOf(p *people.Person) []string {
	var all []string
	for _, a := range p.Accounts {
		all = append(all, a.Bank, a.ID)
	}
	return all
}

func TestSignInFailures(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	for name, form := range map[string]url.Values{
		"wrong password": as("zhangwei", "x"),
		"unknown":        as(`"><b>`, "x"),
		"nothing":        {},
		"long":           as("zhangwei", strings.Repeat("x", 129)),
	} {
		resp, text := b.post("/sign-in", form)
		if resp.StatusCode != 401 || !strings.Contains(text, "<html") || b.cookie() != nil {
			t.Errorf("%s: %d, cookie %v", name, resp.StatusCode, b.cookie())
		}
		if strings.Contains(text, "<b>") {
			t.Errorf("%s: markup of the caller on the page", name)
		}
	}
	if resp, _ := b.post("/sign-in", url.Values{"user": {strings.Repeat("x", 5000)}}); resp.StatusCode != 400 {
		t.Errorf("large form: %d", resp.StatusCode)
	}
}

func TestSessionEndsWithTheToken(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	b.post("/sign-in", zhangwei())
	c.added.Store(int64(16 * time.Minute))
	if resp, _ := b.get("/report"); resp.Request.URL.Path != "/" {
		t.Errorf("still at %s", resp.Request.URL)
	}
}

func TestSignInChangesTheSession(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	b.post("/sign-in", zhangwei())
	first := b.cookie().Value
	_, text := b.post("/sign-in", as("wangfang", "ferry-wangfang-2026"))
	if b.cookie().Value == first || !strings.Contains(text, "王芳") {
		t.Error("the session kept its id or its person")
	}
}

func TestOtherSitesFormsAreRefused(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "http://elsewhere.example"},
		{"Origin", "null"},
	} {
		for _, path := range []string{"/sign-in", "/sign-out"} {
			if resp, _ := b.post(path, zhangwei(), header...); resp.StatusCode != 403 || b.cookie() != nil {
				t.Errorf("%s with %v: %d", path, header, resp.StatusCode)
			}
		}
	}
	if resp, _ := b.post("/sign-in", zhangwei(), "Origin", b.base, "Sec-Fetch-Site", "same-origin"); resp.StatusCode != 200 {
		t.Errorf("own form: %d", resp.StatusCode)
	}
}

func TestHeadersAndCookie(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, _ := b.post("/sign-in", zhangwei())
	set := resp.Header.Get("Set-Cookie")
	if !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || !strings.Contains(set, "Path=/") || len(b.cookie().Value) < 43 {
		t.Errorf("cookie: %s", set)
	}
	for _, path := range []string{"/", "/report", "/nowhere", "/static/style.css", "/static/icon.svg", "/static/"} {
		resp, text := b.get(path)
		h := resp.Header
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "style=") || strings.Contains(text, `href="/static/icon.svg">icon`) {
			t.Errorf("%s: script, inline style or a listing", path)
		}
	}
	if resp, text := b.get("/healthz"); resp.StatusCode != 200 || text != "ok\n" {
		t.Errorf("healthz: %d %q", resp.StatusCode, text)
	}
}

// TestRefusalsInPlainWords answers reports as what stands between may answer them.
func TestRefusalsInPlainWords(t *testing.T) {
	var c clock
	cases := map[string]struct {
		status     int
		body       string
		wantStatus int
		want       []string
		wantNot    string
	}{
		"refused":          {403, `{"error":"level-too-high","id":"00ff12ab","message":"the <report> may not leave"}`, 403, []string{"不能在这里提供", "may not be given out", "00ff12ab", "level-too-high", "the &lt;report&gt; may not leave"}, "<report>"},
		"hostile fields":   {403, `{"error":"<b>","id":"<i>","message":"` + strings.Repeat("m", 301) + `"}`, 403, []string{"不能在这里提供"}, "mmm"},
		"no JSON":          {403, `<html><b>`, 403, []string{"不能在这里提供"}, "<b>"},
		"broken off":       {502, `{"error":"no-answer","id":"abc1"}`, 502, []string{"没有得到完整的答复", "not sent again", "abc1"}, "<b>"},
		"unavailable":      {503, `{"error":"busy","id":"abc2"}`, 503, []string{"暂时无法受理", "abc2"}, "<b>"},
		"late":             {504, `{"error":"timeout","id":"abc3"}`, 504, []string{"没有按时得到答复", "abc3"}, "<b>"},
		"too many":         {429, `{"error":"rate"}`, 429, []string{"请求太多"}, "<b>"},
		"not there":        {404, `{"error":"no-such-person"}`, 404, []string{"没有找到"}, "<b>"},
		"elsewhere":        {302, ``, 502, []string{"没有得到完整的答复"}, "<b>"},
		"no report at all": {200, `[]`, 502, []string{"没有得到完整的答复"}, "<b>"},
		"too large":        {200, `{"report_id":"` + strings.Repeat("x", 70_000) + `"}`, 502, []string{"没有得到完整的答复"}, "xxx"},
		"too many rows":    {200, `{"accounts":[{}` + strings.Repeat(",{}", 100) + `]}`, 502, []string{"没有得到完整的答复"}, "<b>"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			upstream, _ := startBureau(t, &c, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/login" {
						h.ServeHTTP(w, r)
						return
					}
					w.Header().Set("Location", "/login")
					w.WriteHeader(k.status)
					_, _ = io.WriteString(w, k.body)
				})
			})
			b := openPortal(t, &c, upstream)
			resp, text := b.post("/sign-in", zhangwei())
			if resp.StatusCode != k.wantStatus || strings.Contains(text, k.wantNot) {
				t.Errorf("status %d, want %d:\n%s", resp.StatusCode, k.wantStatus, text)
			}
			for _, w := range k.want {
				if !strings.Contains(text, w) {
					t.Errorf("the page does not say %q:\n%s", w, text)
				}
			}
		})
	}
}

func TestUpstreamAway(t *testing.T) {
	var c clock
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	b := openPortal(t, &c, "http://"+address)
	if resp, text := b.post("/sign-in", zhangwei()); resp.StatusCode != 502 || !strings.Contains(text, "没有得到完整的答复") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

// TestOwnKeyRefused: a 401 about the portal is not shown as a wrong password.
func TestOwnKeyRefused(t *testing.T) {
	var c clock
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error":"unknown-key","id":"0a"}`)
	}))
	defer s.Close()
	b := openPortal(t, &c, s.URL)
	if resp, text := b.post("/sign-in", zhangwei()); resp.StatusCode != 502 || !strings.Contains(text, "unknown-key") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

func TestSignInsAreLimited(t *testing.T) {
	var c clock
	upstream, _ := startBureau(t, &c, unwrapped)
	b := openPortal(t, &c, upstream)
	for range 200 {
		if resp, _ := b.post("/sign-in", as("person-000050", "x")); resp.StatusCode == 429 {
			return
		}
	}
	t.Error("200 sign-ins at once and none was put off")
}
