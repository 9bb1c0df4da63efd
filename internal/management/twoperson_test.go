// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/management"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

const deskPassword = "Ferry-Across-1"

// desk is a running interface with real accounts, proposals, components and a real
// signer; only what components run with the test says.
type desk struct {
	t         *testing.T
	accounts  *account.Accounts
	proposals *proposal.Proposals
	client    authority.Client
	url       string
	changed   chan struct{} // holds a token when a proposal has changed

	mu        sync.Mutex
	now       time.Time
	says      map[string]control.Effective
	standings []inventory.Standing
	secrets   map[string]string // of authenticators
	bearer    map[string]string // of sessions, by account
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db := storetest.SQLite(t)
	d := &desk{t: t, now: time.Now().Truncate(time.Second), says: map[string]control.Effective{}, secrets: map[string]string{}, bearer: map[string]string{}, changed: make(chan struct{}, 1)}
	journal := d.journal()
	d.signer()
	events := management.NewEvents()
	log := slog.New(slog.DiscardHandler)
	var err error
	d.accounts, err = account.Open(db, account.Config{Name: "Dukou", Key: vault.Key{1}, Record: journal.Append, Tell: events.Tell, Now: d.clock})
	d.must(err)
	parts := inventory.Open(db, inventory.Config{
		Self: "center", Version: "1.0", Standings: d.standing, PolicyEnd: func() time.Time { return time.Time{} },
		Signer:    inventory.Signer{Admitted: d.client.Admitted, Admit: d.client.Admit, Answer: d.client.Answer, Dismiss: d.client.Dismiss},
		Effective: d.effective, Record: journal.Append, Tell: events.Tell, Log: log, Now: d.clock,
	})
	d.proposals, err = proposal.Open(db, proposal.Config{
		Acts: management.ComponentActs(parts), Holders: d.accounts.Holders, Record: journal.Append, Tell: d.tell, Log: log, Now: d.clock,
	})
	d.must(err)
	d.serve(management.New(management.Config{
		Accounts: d.accounts, Proposals: d.proposals, Inventory: parts, Record: journal.Append, Events: events, Version: "1.0", Log: log, Now: d.clock,
	}))
	d.found()
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) tell(string, string) {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) standing() []inventory.Standing {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.standings
}

// connected has the center know of these components.
func (d *desk) connected(list ...inventory.Standing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.standings = list
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) effective(_ context.Context, id string) (control.Effective, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.says[id]
	if !ok {
		return e, errors.New("not connected")
	}
	return e, nil
}

func (d *desk) runs(id, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.says[id] = control.EffectiveOf(control.Program{Component: id, Name: "dukou-front", Version: "1.0"}, "/etc/dukou/front.yaml", []byte(text))
}

func (d *desk) journal() *audit.Journal {
	_, key, err := ed25519.GenerateKey(nil)
	d.must(err)
	signer, err := audit.NewSigner(audit.Origin("center"), key)
	d.must(err)
	j, err := audit.Open(audit.Config{Dir: d.t.TempDir(), Origin: audit.Origin("center"), Signer: signer, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	d.must(err)
	d.run(func(ctx context.Context) error { return errors.Join(j.Run(ctx), j.Close()) })
	return j
}

// run runs a part until the test ends.
func (d *desk) run(part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	d.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Error(err)
		}
	})
}

func (d *desk) signer() {
	keys := d.t.TempDir()
	public, _, err := ed25519.GenerateKey(nil)
	d.must(err)
	d.must(authority.Create(keys, authority.Terms{Guard: "guard", Approvers: []ed25519.PublicKey{public}, Quorum: 1}))
	a, err := authority.Load(keys)
	d.must(err)
	dir, err := os.MkdirTemp("", "desk") // short, for a socket's name
	d.must(err)
	d.t.Cleanup(func() { os.RemoveAll(dir) })
	d.client.Socket = filepath.Join(dir, "s")
	l, err := net.Listen("unix", d.client.Socket)
	d.must(err)
	d.run(func(ctx context.Context) error { return authority.Serve(ctx, l, a, slog.New(slog.DiscardHandler)) })
}

func (d *desk) serve(s *management.Server) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	d.url = "http://" + l.Addr().String()
	d.run(func(ctx context.Context) error { return s.Serve(ctx, l, false) })
}

// found has two accounts of system and of security, and one of audit.
func (d *desk) found() {
	ctx := d.t.Context()
	links, err := d.accounts.FirstLinks(ctx)
	d.must(err)
	names := map[account.Duty]string{account.System: "chen", account.Security: "li", account.Audit: "sun"}
	callers := map[account.Duty]account.Caller{}
	for _, l := range links {
		d.redeem(l.Token, "", names[l.Duty])
		d.signIn(names[l.Duty])
		callers[l.Duty], err = d.accounts.Identify(ctx, d.bearer[names[l.Duty]], "127.0.0.1")
		d.must(err)
	}
	for name, duty := range map[string]account.Duty{"zhou": account.System, "wang": account.Security} {
		_, code, err := d.accounts.Create(ctx, callers[account.System], name, name)
		d.must(err)
		l, err := d.accounts.Grant(ctx, callers[account.Security], name, duty)
		d.must(err)
		d.redeem(l.Token, code, "")
		d.signIn(name)
	}
}

func (d *desk) redeem(token, code, name string) {
	d.t.Helper()
	e, err := d.accounts.Redeem(d.t.Context(), account.Redeem{Token: token, Code: code, Name: name, Person: "Person", Password: deskPassword})
	d.must(err)
	d.secrets[e.Name] = e.Secret
	_, err = d.accounts.ConfirmLink(d.t.Context(), token, d.code(e.Name))
	d.must(err)
}

// code is the next code of an account's authenticator; each is good once.
func (d *desk) code(name string) string {
	d.t.Helper()
	d.pass(30 * time.Second)
	code, err := totp.GenerateCode(d.secrets[name], d.clock())
	d.must(err)
	return code
}

func (d *desk) signIn(name string) {
	d.t.Helper()
	half, err := d.accounts.SignIn(d.t.Context(), account.SignIn{Name: name, Password: deskPassword, Bearer: true, Address: "127.0.0.1"})
	d.must(err)
	whole, err := d.accounts.Factor(d.t.Context(), half.Secret, account.Proof{TOTP: d.code(name)}, "127.0.0.1")
	d.must(err)
	d.bearer[name] = whole.Secret
}

// fresh has an account show its second factor again.
func (d *desk) fresh(names ...string) {
	d.t.Helper()
	for _, name := range names {
		o, err := d.accounts.Refresh(d.t.Context(), d.bearer[name], account.Proof{TOTP: d.code(name)}, "127.0.0.1")
		d.must(err)
		d.bearer[name] = o.Secret
	}
}

// answer is what the interface said.
type answer struct {
	Status int
	Code   string
	ETag   string
	Body   []byte
}

// call calls as an account, or with a bearer of its own; body is JSON, or bytes as they
// are.
func (d *desk) call(who, method, path string, body any, headers ...string) answer {
	d.t.Helper()
	data, raw := body.([]byte)
	kind := "application/octet-stream"
	if !raw && body != nil {
		var err error
		data, err = json.Marshal(body)
		d.must(err)
		kind = "application/json"
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+"/api"+path, bytes.NewReader(data))
	d.must(err)
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	secret, known := d.bearer[who]
	if !known {
		secret = who
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	d.must(err)
	defer response.Body.Close()
	a := answer{Status: response.StatusCode, ETag: response.Header.Get("ETag")}
	a.Body, err = io.ReadAll(response.Body)
	d.must(err)
	if a.Status >= 400 {
		var p struct{ Code string }
		d.must(json.Unmarshal(a.Body, &p))
		a.Code = p.Code
	}
	return a
}

// into is a call that must be answered, with what it was answered.
func into[T any](d *desk, who, method, path string, body any, headers ...string) (v T) {
	d.t.Helper()
	a := d.call(who, method, path, body, headers...)
	if a.Status >= 300 {
		d.t.Fatalf("%s %s by %s: %d %s", method, path, who, a.Status, a.Body)
	}
	d.must(json.Unmarshal(a.Body, &v))
	return v
}

func (d *desk) refused(what, code string, a answer) {
	d.t.Helper()
	if a.Code != code {
		d.t.Errorf("%s: %d %s, want %s", what, a.Status, a.Body, code)
	}
}

// doing has what is approved done.
func (d *desk) doing() {
	d.run(d.proposals.Run)
}

func (d *desk) ended(id string) proposal.Proposal {
	d.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		p := into[proposal.Proposal](d, "sun", "GET", "/proposals/"+id, nil)
		if p.State.Ended() {
			return p
		}
		select {
		case <-deadline:
			d.t.Fatalf("it is %s", p.State)
		case <-d.changed:
		}
	}
}

type inbox struct{ Items []management.InboxItem }

func (d *desk) waits(who string) (kinds []string) {
	d.t.Helper()
	for _, item := range into[inbox](d, who, "GET", "/inbox", nil).Items {
		d.abouts(&item)
		kinds = append(kinds, item.Kind)
	}
	return kinds
}

// abouts holds what an item says in codes against what it says in its title.
func (d *desk) abouts(i *management.InboxItem) {
	d.t.Helper()
	a := &i.About
	want := map[string]string{"component": a.Component + " asks to be admitted", "configuration": "The configuration of " + a.Component + " is not the intended one"}[i.Kind]
	if i.Kind == "proposal" {
		want = "Admit " + a.Proposal.Component + " (" + a.By + ")"
	}
	if a.Code != i.Kind || i.Title != want {
		d.t.Errorf("%q is told as %+v", i.Title, a)
	}
}

func enrolment(t *testing.T, id string) (pki.Request, []byte) {
	t.Helper()
	i, err := pki.Create(filepath.Join(t.TempDir(), id), id, "front", "internet")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(i.Dir(), "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	return i.Request, data
}

// TestAdmitByTwo is a component's admission over the interface, with every way tried in
// which one person might do it alone.
func TestAdmitByTwo(t *testing.T) {
	d := newDesk(t)
	d.doing()
	r, file := enrolment(t, "front-a")
	d.refused("an auditor hands in", "duty-wrong", d.call("sun", "POST", "/component-requests", file))
	in := into[inventory.Request](d, "chen", "POST", "/component-requests", file)
	if got := d.waits("li"); !slices.Equal(got, []string{"component"}) {
		t.Errorf("security has %q to do", got)
	}
	admit, says := "/component-requests/"+in.ID+"/admit", map[string]string{"fingerprint": r.Fingerprint()}
	d.fresh("li")
	d.refused("system admits", "duty-wrong", d.call("chen", "POST", admit, says))
	d.refused("another fingerprint", "invalid", d.call("li", "POST", admit, map[string]string{"fingerprint": strings.Repeat("0", 64)}))
	p := into[proposal.Proposal](d, "li", "POST", admit, says)
	if !strings.Contains(p.Difference, r.Fingerprint()) || p.ProposerName != "li" {
		t.Errorf("%+v", p)
	}
	if want := (proposal.About{Code: "admit-component", Component: "front-a", Fingerprint: r.Fingerprint()}); *p.About != want {
		t.Errorf("it is about %+v, want %+v", p.About, want)
	}
	approve := "/proposals/" + p.ID + "/approve"
	ballot := map[string]any{"digest": p.Digest, "compared": r.Fingerprint()}
	d.fresh("li", "wang", "chen", "sun")
	liAgain := d.bearer["li"]
	d.signIn("li")
	token := d.token("wang")
	for name, c := range map[string]struct{ who, code string }{
		"the proposer": {"li", "own-proposal"}, "another session of the proposer": {liAgain, "own-proposal"}, "a token": {token, "second-factor-wanted"},
		"another duty": {"chen", "duty-wrong"}, "an auditor": {"sun", "duty-wrong"}, "nobody": {"", "signed-out"}, "who makes one up": {"dukou-secret", "signed-out"},
	} {
		d.refused(name, c.code, d.call(c.who, "POST", approve, ballot))
	}
	d.refused("the proposer's token", "second-factor-wanted", d.call(d.token("li"), "POST", admit, says))
	d.refused("another digest", "stale", d.call("wang", "POST", approve, map[string]any{"digest": strings.Repeat("0", 64), "compared": r.Fingerprint()}))
	d.refused("without the fingerprint", "invalid", d.call("wang", "POST", approve, map[string]any{"digest": p.Digest}))
	d.refused("another withdraws", "duty-wrong", d.call("wang", "POST", "/proposals/"+p.ID+"/withdraw", map[string]any{}))
	d.pass(6 * time.Minute)
	d.refused("a factor of long ago", "second-factor-wanted", d.call("wang", "POST", approve, ballot))
	if list, err := d.client.Admitted(t.Context()); err != nil || len(list) != 0 {
		t.Fatalf("admitted: %v, %v", list, err)
	}
	if got := d.waits("wang"); !slices.Equal(got, []string{"component", "proposal"}) {
		t.Errorf("wang has %q to do", got)
	}
	d.fresh("wang")
	if got := into[proposal.Proposal](d, "wang", "POST", approve, ballot); len(got.Votes) != 2 {
		t.Errorf("%+v", got)
	}
	if got := d.ended(p.ID); got.State != proposal.Done {
		t.Fatalf("%+v", got)
	}
	if a := d.call("chen", "GET", "/components/front-a/answer", nil); a.Status != http.StatusOK || len(a.Body) == 0 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if c := into[inventory.Component](d, "sun", "GET", "/components/front-a", nil); !strings.HasPrefix(c.LogKey, "dukou/front-a+") {
		t.Errorf("the key of its log is %q", c.LogKey)
	}
	d.dismiss()
}

// dismiss strikes the component off again, after a proposer who has lost the account.
func (d *desk) dismiss() {
	d.t.Helper()
	why := map[string]string{"reason": "it is replaced"}
	d.fresh("li", "wang")
	p := into[proposal.Proposal](d, "li", "POST", "/components/front-a/dismiss", why)
	if want := (proposal.About{Code: "dismiss-component", Component: "front-a", Fingerprint: p.About.Fingerprint}); *p.About != want || len(p.About.Fingerprint) != 64 {
		d.t.Errorf("it is about %+v, want %+v", p.About, want)
	}
	q := into[proposal.Proposal](d, "wang", "POST", "/components/front-a/dismiss", why)
	chen, err := d.accounts.Identify(d.t.Context(), d.bearer["chen"], "127.0.0.1")
	d.must(err)
	if got := into[proposal.Proposal](d, "li", "POST", "/proposals/"+q.ID+"/refuse", map[string]string{"digest": q.Digest, "reason": "mine is enough"}); got.State != proposal.Refused {
		d.t.Errorf("%+v", got)
	}
	_, err = d.accounts.Disable(d.t.Context(), chen, "wang")
	d.must(err)
	d.refused("a session of before", "signed-out", d.call("wang", "POST", "/proposals/"+p.ID+"/approve", map[string]string{"digest": p.Digest}))
	a := d.call("li", "POST", "/proposals/"+p.ID+"/approve", map[string]string{"digest": p.Digest})
	d.refused("who is alone", "own-proposal", a)
	if !strings.Contains(string(a.Body), "dukou account create") {
		d.t.Errorf("who is alone is told %s", a.Body)
	}
	if got := into[proposal.Proposal](d, "li", "POST", "/proposals/"+p.ID+"/withdraw", map[string]string{}); got.State != proposal.Withdrawn {
		d.t.Errorf("%+v", got)
	}
	if list := into[struct{ Items []proposal.Proposal }](d, "sun", "GET", "/proposals?duty=security&limit=2", nil); len(list.Items) != 2 {
		d.t.Errorf("%+v", list)
	}
}

func (d *desk) token(name string) string {
	d.t.Helper()
	who, err := d.accounts.Identify(d.t.Context(), d.bearer[name], "127.0.0.1")
	d.must(err)
	_, secret, err := d.accounts.NewToken(d.t.Context(), who, "nightly", false, d.clock().Add(24*time.Hour))
	d.must(err)
	return secret
}

// TestConfigurationByTwo is the comparison of a configuration over the interface.
func TestConfigurationByTwo(t *testing.T) {
	d := newDesk(t)
	d.doing()
	const at = "/components/front-a/configuration"
	d.refused("of nobody", "unknown", d.call("chen", "POST", at+"/check", nil))
	d.connected(inventory.Standing{ID: "front-a", State: "unreachable"})
	d.refused("away", "unavailable", d.call("chen", "POST", at+"/check", nil))
	d.connected()
	d.refused("an auditor checks", "duty-wrong", d.call("sun", "POST", at+"/check", nil))
	d.runs("front-a", "rate: 50\n")
	if c := into[inventory.Comparison](d, "chen", "POST", at+"/check", nil); c.State != "unaccepted" {
		t.Fatalf("%+v", c)
	}
	type accepted struct {
		Accepted bool
		Proposal *proposal.Proposal
	}
	d.fresh("chen")
	d.refused("security accepts", "duty-wrong", d.call("li", "POST", at+"/accept", map[string]int{"number": 1}))
	if a := into[accepted](d, "chen", "POST", at+"/accept", map[string]int{"number": 1}); !a.Accepted {
		t.Fatalf("%+v", a)
	}
	archive := d.call("chen", "GET", at+"/archive", nil)
	d.runs("front-a", "rate: 500\n")
	if c := into[inventory.Comparison](d, "li", "POST", at+"/check", nil); c.State != "drift" {
		t.Fatalf("%+v", c)
	}
	if got := d.waits("chen"); !slices.Equal(got, []string{"configuration"}) {
		t.Errorf("system has %q to do", got)
	}
	if x := into[struct{ Difference string }](d, "sun", "GET", at+"/diff", nil); !strings.Contains(x.Difference, "+rate: 500\n") {
		t.Errorf("%q", x.Difference)
	}
	a := into[accepted](d, "chen", "POST", at+"/accept", map[string]int{"number": 2})
	if a.Accepted || a.Proposal == nil || *a.Proposal.About != (proposal.About{Code: "accept-configuration", Component: "front-a", Number: 2}) {
		t.Fatalf("%+v", a)
	}
	d.fresh("chen", "zhou")
	approve, ballot := "/proposals/"+a.Proposal.ID+"/approve", map[string]string{"digest": a.Proposal.Digest}
	d.refused("the proposer", "own-proposal", d.call("chen", "POST", approve, ballot))
	into[proposal.Proposal](d, "zhou", "POST", approve, ballot)
	if p := d.ended(a.Proposal.ID); p.State != proposal.Done {
		t.Fatalf("%+v", p)
	}
	if s := into[inventory.Snapshot](d, "sun", "GET", at, nil); !s.Intended || s.Content.Text != "rate: 500\n" {
		t.Errorf("%+v", s)
	}
	d.refused("security imports", "duty-wrong", d.call("li", "POST", at+"/archive", archive.Body))
	d.refused("no archive", "invalid", d.call("chen", "POST", at+"/archive", []byte("x")))
	if s := into[inventory.Snapshot](d, "chen", "POST", at+"/archive", archive.Body); s.Number != 3 || s.Content.Text != "rate: 50\n" {
		t.Errorf("%+v", s)
	}
	type history struct {
		Items []inventory.Snapshot
		Next  string
	}
	first := into[history](d, "sun", "GET", "/components/front-a/configurations?limit=2", nil)
	rest := into[history](d, "sun", "GET", "/components/front-a/configurations?limit=2&after="+first.Next, nil)
	if len(first.Items) != 2 || len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].Number != 1 {
		t.Errorf("%+v, %+v", first, rest)
	}
	d.schedule()
}

func (d *desk) schedule() {
	d.t.Helper()
	const at = "/configuration-schedule"
	read := d.call("sun", "GET", at, nil)
	hour := map[string]int{"hour": 5}
	d.refused("without If-Match", "precondition-required", d.call("chen", "PUT", at, hour))
	d.refused("what is no etag", "malformed", d.call("chen", "PUT", at, hour, "If-Match", "W/5"))
	d.refused("security sets it", "duty-wrong", d.call("li", "PUT", at, hour, "If-Match", read.ETag))
	into[inventory.Schedule](d, "chen", "PUT", at, hour, "If-Match", read.ETag)
	d.refused("an older revision", "stale", d.call("zhou", "PUT", at, hour, "If-Match", read.ETag))
	if s := into[inventory.Schedule](d, "sun", "GET", at, nil); s.Hour != 5 {
		d.t.Errorf("%+v", s)
	}
}
