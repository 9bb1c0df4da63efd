// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

// thePassword is that of every account of a bank.
const thePassword = "Ferry-Across-1"

// founding is a database with accounts of each duty, made once: passwords are slow to
// hash, and that is not what these tests are about.
type founding struct {
	once    sync.Once
	file    []byte
	secrets map[string]string // of authenticators, by account name
	err     error
}

var founded founding //nolint:gochecknoglobals // made once for the test process

// theBeginning is when the accounts were founded.
func theBeginning() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func (f *founding) make(dir string) error {
	path := filepath.Join(dir, "founding.db")
	db, err := store.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return err
	}
	f.secrets = map[string]string{}
	a, err := account.Open(db, account.Config{Name: "Dukou", Key: vault.Key{1}, Now: theBeginning, Record: func(audit.Entry) audit.Ticket { return audit.Ticket{} }})
	if err != nil {
		return err
	}
	if err := f.people(a); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	f.file, err = os.ReadFile(path)
	return err
}

// people makes sys, sec and aud by first links, and a second one of system and security.
func (f *founding) people(a *account.Accounts) error {
	ctx := context.Background()
	links, err := a.FirstLinks(ctx)
	if err != nil {
		return err
	}
	names := map[account.Duty]string{account.System: "sys", account.Security: "sec", account.Audit: "aud"}
	ids := map[string]account.Caller{}
	for _, l := range links {
		made, err := f.redeem(a, account.Redeem{Token: l.Token, Name: names[l.Duty], Person: "Person " + names[l.Duty]})
		if err != nil {
			return err
		}
		ids[made.Name] = account.Caller{Account: made.ID, Name: made.Name, Duty: made.Duty}
	}
	for name, duty := range map[string]account.Duty{"sys2": account.System, "sec2": account.Security} {
		_, code, err := a.Create(ctx, ids["sys"], name, "Person "+name)
		if err != nil {
			return err
		}
		l, err := a.Grant(ctx, ids["sec"], name, duty)
		if err != nil {
			return err
		}
		if _, err := f.redeem(a, account.Redeem{Token: l.Token, Code: code}); err != nil {
			return err
		}
	}
	return nil
}

func (f *founding) redeem(a *account.Accounts, in account.Redeem) (account.Account, error) {
	in.Password = thePassword
	e, err := a.Redeem(context.Background(), in)
	if err != nil {
		return account.Account{}, err
	}
	f.secrets[e.Name] = e.Secret
	code, err := totp.GenerateCode(e.Secret, theBeginning())
	if err != nil {
		return account.Account{}, err
	}
	return a.ConfirmLink(context.Background(), in.Token, code)
}

// bank is a management interface that serves real listeners: one on the network, and
// the host's own socket. Its accounts are those of the founding.
type bank struct {
	*Server
	t       *testing.T
	db      *store.DB
	network string // where it listens
	socket  string
	server  *http.Client
	host    *http.Client

	mu      sync.Mutex
	now     time.Time
	entries []audit.Entry
	secrets map[string]string
}

// openBank serves a bank; empty says that nobody has redeemed a link yet.
func openBank(t *testing.T, empty bool) *bank {
	t.Helper()
	b := &bank{t: t, now: theBeginning().Add(time.Hour), secrets: map[string]string{}}
	if empty {
		b.db = storetest.SQLite(t)
	} else {
		b.db = foundedDB(t)
		for name, secret := range founded.secrets {
			b.secrets[name] = secret
		}
	}
	record := b.journal()
	accounts, err := account.Open(b.db, account.Config{
		Name: "Dukou", Domain: "console.bank.internal", Origins: []string{"https://console.bank.internal"}, Key: vault.Key{1}, Now: b.clock, Record: record,
	})
	b.must("accounts", err)
	log := slog.New(slog.DiscardHandler)
	proposals, err := proposal.Open(b.db, proposal.Config{
		Acts: AccountActs(accounts), Holders: accounts.Holders, Record: record, Tell: func(string, string) {}, Log: log, Now: b.clock,
	})
	b.must("proposals", err)
	b.Server = New(Config{Accounts: accounts, Proposals: proposals, Record: record, Events: NewEvents(), Version: "test", Log: log, Now: b.clock})
	b.listen(b.Server)
	return b
}

// foundedDB is a copy of the founding's database.
func foundedDB(t *testing.T) *store.DB {
	t.Helper()
	founded.once.Do(func() {
		dir, err := os.MkdirTemp("", "founding")
		if err == nil {
			err = errors.Join(founded.make(dir), os.RemoveAll(dir))
		}
		founded.err = err
	})
	if founded.err != nil {
		t.Fatal(founded.err)
	}
	path := filepath.Join(t.TempDir(), "center.db")
	if err := os.WriteFile(path, founded.file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// journal is a real one, of which the test reads what is recorded.
func (b *bank) journal() func(audit.Entry) audit.Ticket {
	identity, err := pki.Create(filepath.Join(b.t.TempDir(), "id"), "center", "center", "")
	b.must("identity", err)
	j, err := audit.OpenOwn("center", identity.Key(), b.t.TempDir(), time.Now, slog.New(slog.DiscardHandler))
	b.must("journal", err)
	b.runs("journal", j.Run)
	b.t.Cleanup(func() { b.must("close the journal", j.Close()) })
	return func(e audit.Entry) audit.Ticket {
		b.mu.Lock()
		b.entries = append(b.entries, e)
		b.mu.Unlock()
		return j.Append(e)
	}
}

// runs runs a part of the bank until the test ends.
func (b *bank) runs(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			b.t.Errorf("%s: %v", name, err)
		}
	})
}

// listen serves a server on the network and on the host's socket.
func (b *bank) listen(s *Server) {
	network, err := net.Listen("tcp", "127.0.0.1:0")
	b.must("listen", err)
	b.socket = filepath.Join(b.t.TempDir(), "api")
	socket, err := net.Listen("unix", b.socket)
	b.must("listen", err)
	b.runs("network", func(ctx context.Context) error { return s.Serve(ctx, network, false) })
	b.runs("socket", func(ctx context.Context) error { return s.Serve(ctx, socket, true) })
	b.network = "http://" + network.Addr().String()
	path := b.socket
	client := func(dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
		transport := &http.Transport{DialContext: dial}
		b.t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Timeout: time.Minute}
	}
	var d net.Dialer
	b.server = client(nil)
	b.host = client(func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) })
}

func (b *bank) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bank) later(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// code is what an account's authenticator shows next.
func (b *bank) code(name string) string {
	b.t.Helper()
	b.later(30 * time.Second)
	code, err := totp.GenerateCode(b.secrets[name], b.clock())
	b.must("code", err)
	return code
}

func (b *bank) must(what string, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// reply is what a call was answered.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// code is the problem's code, or nothing.
func (r reply) code() string {
	if r.status < 400 {
		return ""
	}
	code, _ := r.body["code"].(string)
	return code
}

// get is a string in the answer, by its path.
func (r reply) get(path ...string) string {
	var v any = r.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

// with changes a request before it is sent.
type with func(*http.Request)

func bearer(secret string) with {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

func cookie(secret string) with {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: secret}) } //nolint:gosec // of a request
}

func header(name, value string) with {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// call makes a call over the network.
func (b *bank) call(method, path string, body any, how ...with) reply {
	b.t.Helper()
	return b.callBy(b.server, b.network, method, path, body, how...)
}

// onHost makes a call over the host's socket.
func (b *bank) onHost(method, path string, body any, how ...with) reply {
	b.t.Helper()
	return b.callBy(b.host, "http://host", method, path, body, how...)
}

func (b *bank) callBy(c *http.Client, where, method, path string, body any, how ...with) reply {
	b.t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		b.must("body", err)
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), method, where+prefix+path, content)
	b.must("request", err)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, change := range how {
		change(request)
	}
	response, err := c.Do(request)
	b.must(method+" "+path, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.must("answer", err)
	r := reply{status: response.StatusCode, header: response.Header, text: string(text)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		_ = json.Unmarshal(text, &r.body) // a list is not looked at so
	}
	return r
}

// ok demands that a call was done.
func (b *bank) ok(what string, r reply) reply {
	b.t.Helper()
	if r.status >= 300 {
		b.t.Fatalf("%s: %d %s", what, r.status, r.text)
	}
	return r
}

// refused demands that a call was refused with a code.
func (b *bank) refused(what string, r reply, code string) {
	b.t.Helper()
	if r.code() != code {
		b.t.Errorf("%s: %d %s, want it refused as %s", what, r.status, r.text, code)
	}
}

// enter signs in from a command line and gives the session's secret.
func (b *bank) enter(name string) string {
	b.t.Helper()
	half := b.half(name)
	r := b.ok("show the factor", b.call("POST", "/session/factor", map[string]any{"totp": b.code(name)}, bearer(half)))
	return r.get("secret")
}

// half signs in as far as the password.
func (b *bank) half(name string) string {
	b.t.Helper()
	r := b.ok("sign in", b.call("POST", "/session", map[string]any{"name": name, "password": thePassword, "bearer": true}))
	return r.get("secret")
}
