// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package bureau

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/examples/bank/internal/endpoint"
	"dukou.dev/dukou/examples/bank/internal/people"
)

var update = flag.Bool("update", false, "write the golden report")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is a bureau that serves on a real socket.
type office struct {
	t       *testing.T
	book    *people.Book
	base    string
	client  *http.Client
	elapsed *atomic.Int64 // added to the clock, nanoseconds
}

func open(t *testing.T, listen string) *office {
	t.Helper()
	book, err := people.New(200, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elapsed := new(atomic.Int64)
	now := func() time.Time { return time.Now().Add(time.Duration(elapsed.Load())) }
	b := New(Config{Book: book, Key: key, Now: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	l, err := endpoint.Listen(ctx, listen)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- endpoint.Serve(ctx, l, b.Handler()) }()
	address := endpoint.Name(l)
	if !strings.HasPrefix(address, "unix:") {
		address = "http://" + address
	}
	base, transport, err := endpoint.Upstream(address)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &office{t, book, base.String(), client, elapsed}
}

// ask sends a request with pairs of header names and values.
func (o *office) ask(method, path, body string, header ...string) (*http.Response, string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.base+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := o.client.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return resp, string(text)
}

func (o *office) signIn(user, password string) loginAnswer {
	o.t.Helper()
	body, _ := json.Marshal(loginRequest{user, password})
	resp, text := o.ask("POST", "/login", string(body), "Content-Type", "application/json")
	var a loginAnswer
	if err := json.Unmarshal([]byte(text), &a); err != nil || resp.StatusCode != 200 {
		o.t.Fatalf("%s signs in: %d %s", user, resp.StatusCode, text)
	}
	return a
}

func TestSignInAndReadOwnReport(t *testing.T) {
	for name, listen := range map[string]string{
		"tcp": "127.0.0.1:0", "unix": "unix:" + filepath.Join(t.TempDir(), "s"),
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t, listen)
			generated := o.book.At(150)
			for _, user := range []struct{ login, password, id string }{
				{"zhangwei", "ferry-zhangwei-2026", "person-000001"},
				{generated.Login, o.book.Password(generated), "person-000151"},
			} {
				a := o.signIn(user.login, user.password)
				left := time.Until(time.Unix(a.Expires, 0))
				if a.Person.ID != user.id || a.Person.Name != o.book.ByID(user.id).Name || left < 14*time.Minute || left > 15*time.Minute {
					t.Errorf("%s: %+v, %v left", user.login, a.Person, left)
				}
				resp, text := o.ask("GET", "/reports/"+user.id+"?purpose=self-inquiry", "", "Authorization", "Bearer "+a.Token)
				var got report
				if err := json.Unmarshal([]byte(text), &got); err != nil || resp.StatusCode != 200 || got.Person.ID != user.id {
					t.Errorf("%s: %d %s", user.login, resp.StatusCode, text)
				}
			}
		})
	}
}

func TestWhoMayReadWhat(t *testing.T) {
	o := open(t, "127.0.0.1:0")
	own := "Bearer " + o.signIn("zhangwei", "ferry-zhangwei-2026").Token
	const report1, report2 = "/reports/person-000001?purpose=self-inquiry", "/reports/person-000002?purpose=loan-review"
	cases := []struct {
		name, path string
		header     []string
		status     int
		code       string
	}{
		{"nobody", report1, nil, 401, codeNoSubject},
		{"own", report1, []string{"Authorization", own}, 200, ""},
		{"somebody else's", report2, []string{"Authorization", own}, 403, codeNotPerson},
		{"somebody else's, named system", report2, []string{"Authorization", own, "X-Subject", "front"}, 403, codeNotPerson},
		{"one who is not there, with own token", "/reports/person-999999?purpose=self-inquiry", []string{"Authorization", own}, 403, codeNotPerson},
		{"system", report2, []string{"X-Subject", "intranet/partner@a.b"}, 200, ""},
		{"system, no such person", "/reports/person-999999?purpose=loan-review", []string{"X-Subject", "front"}, 404, codeNoPerson},
		{"system without form", report2, []string{"X-Subject", "a b"}, 401, codeNoSubject},
		{"system without name", report2, []string{"X-Subject", ""}, 401, codeNoSubject},
		{"two systems", report2, []string{"X-Subject", "a", "X-Subject", "b"}, 401, codeNoSubject},
		{"two tokens", report1, []string{"Authorization", own, "Authorization", own}, 401, codeNoSubject},
		{"no bearer", report1, []string{"Authorization", "Basic eDp5"}, 401, codeToken},
		{"broken token does not fall back to the system", report1, []string{"Authorization", own + "x", "X-Subject", "front"}, 401, codeToken},
		{"no purpose", "/reports/person-000001", []string{"Authorization", own}, 400, codePurpose},
		{"other purpose", "/reports/person-000001?purpose=curiosity", []string{"Authorization", own}, 400, codePurpose},
		{"two purposes", report1 + "&purpose=loan-review", []string{"Authorization", own}, 400, codePurpose},
		{"no such path", "/reports", nil, 404, codeNotFound},
		{"root", "/", nil, 404, codeNotFound},
	}
	for _, c := range cases {
		resp, text := o.ask("GET", c.path, "", c.header...)
		var e struct{ Error string }
		if err := json.Unmarshal([]byte(text), &e); err != nil || resp.StatusCode != c.status || e.Error != c.code {
			t.Errorf("%s: %d %q, want %d %s", c.name, resp.StatusCode, text, c.status, c.code)
		}
		if (resp.Header.Get("X-Report-Level") != "") != (c.status == 200) {
			t.Errorf("%s: level %q with status %d", c.name, resp.Header.Get("X-Report-Level"), resp.StatusCode)
		}
	}
	o.elapsed.Store(int64(15 * time.Minute))
	if resp, text := o.ask("GET", report1, "", "Authorization", own); resp.StatusCode != 401 {
		t.Errorf("a token past its end: %d %s", resp.StatusCode, text)
	}
}

func TestSignInRefused(t *testing.T) {
	o := open(t, "127.0.0.1:0")
	long := strings.Repeat("x", 129)
	cases := []struct {
		name, body string
		status     int
		code       string
	}{
		{"wrong password", `{"user":"zhangwei","password":"wrong"}`, 401, codeCredentials},
		{"wrong derived password", `{"user":"person-000150","password":"wrong"}`, 401, codeCredentials},
		{"unknown", `{"user":"nobody","password":"wrong"}`, 401, codeCredentials},
		{"id of one who has a name", `{"user":"person-000001","password":"ferry-zhangwei-2026"}`, 401, codeCredentials},
		{"no password", `{"user":"zhangwei"}`, 400, codeBadRequest},
		{"empty", ``, 400, codeBadRequest},
		{"array", `[]`, 400, codeBadRequest},
		{"unknown field", `{"user":"zhangwei","password":"x","admin":true}`, 400, codeBadRequest},
		{"two values", `{"user":"zhangwei","password":"x"} {}`, 400, codeBadRequest},
		{"long password", `{"user":"zhangwei","password":"` + long + `"}`, 400, codeBadRequest},
		{"large", `{"user":"` + strings.Repeat("x", maxBody) + `"}`, 413, codeTooLarge},
	}
	for _, c := range cases {
		resp, text := o.ask("POST", "/login", c.body)
		if want := `{"error":"` + c.code + `"}` + "\n"; resp.StatusCode != c.status || text != want {
			t.Errorf("%s: %d %q, want %d %q", c.name, resp.StatusCode, text, c.status, want)
		}
	}
	for path, method := range map[string]string{"/login": "GET", "/reports/person-000001": "POST", "/healthz": "PUT"} {
		if resp, text := o.ask(method, path, ""); resp.StatusCode != 405 || resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
		}
	}
}

// TestManySignInsAtOnce holds the bound on hashing against more callers than it has room for.
func TestManySignInsAtOnce(t *testing.T) {
	o := open(t, "127.0.0.1:0")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			resp, text := o.ask("POST", "/login", `{"user":"wangfang","password":"ferry-wangfang-2026"}`)
			if resp.StatusCode != 200 {
				t.Errorf("%d %s", resp.StatusCode, text)
			}
		})
	}
	wg.Wait()
}

func TestGoldenReport(t *testing.T) {
	const golden = "testdata/person-000001.json"
	o := open(t, "127.0.0.1:0")
	resp, text := o.ask("GET", "/reports/person-000001?purpose=self-inquiry", "", "X-Subject", "front")
	if resp.Header.Get("X-Report-Level") != "3" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", resp.Header)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(text)) {
		t.Errorf("the report changed (-update writes it anew):\n%s", text)
	}
}

// TestReportsKeepTheirForm holds every report against what README.md promises to those
// who write policies.
func TestReportsKeepTheirForm(t *testing.T) {
	o := open(t, "127.0.0.1:0")
	reportID := regexp.MustCompile(`^CR-[0-9A-F]{16}$`)
	largest := 0
	for i := range o.book.Len() {
		p := o.book.At(i)
		resp, text := o.ask("GET", "/reports/"+p.ID+"?purpose=loan-review", "", "X-Subject", "front")
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		var r report
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if !reportID.MatchString(r.ReportID) || len(r.Generated) != 25 || strings.Contains(text, "null") ||
			resp.Header.Get("X-Report-Level") != string(rune('0'+r.Level)) || r.Person.IDNumber != p.IDNumber {
			t.Fatalf("%s: %s", p.ID, text)
		}
		largest = max(largest, len(text))
	}
	t.Logf("largest report: %d bytes", largest)
	if largest > 8<<10 {
		t.Errorf("a report has %d bytes", largest)
	}
}

func TestEverybodyIsThereForWhoReachesIt(t *testing.T) {
	o := open(t, "127.0.0.1:0")
	_, text := o.ask("GET", "/internal/people", "")
	if strings.Count(text, "\n") != o.book.Len() || !strings.Contains(text, o.book.At(0).Address) {
		t.Errorf("%d lines", strings.Count(text, "\n"))
	}
}

// FuzzLoginBody feeds the decoder of sign-in requests.
func FuzzLoginBody(f *testing.F) {
	f.Add([]byte(`{"user":"zhangwei","password":"x"}`))
	f.Add([]byte(`{"user":"zhangwei","password":"x"}{}`))
	f.Add([]byte(`{"user":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var q loginRequest
		if decode(bytes.NewReader(body), &q) == nil && !json.Valid(body) {
			t.Errorf("read from what is no JSON: %q", body)
		}
	})
}
