// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dukou.dev/dukou/internal/account"
)

// someone is one kind of caller, with what the table must make of them. A verdict of ""
// is that the table lets them call.
type someone struct {
	name    string
	onHost  bool
	how     []with
	verdict func(Route) string
}

// TestEveryRouteForEveryCaller makes each call of the table as each kind of caller, and
// holds what the server answers to the table. What a call does is not done here: the
// rows stand as they are, and their handlers do nothing.
func TestEveryRouteForEveryCaller(t *testing.T) {
	b := openBank(t, false)
	callers := b.callers()
	b.listen(b.idle())
	calls := 0
	for _, r := range b.Routes() {
		path := filled(r.Path)
		for _, who := range callers {
			call := b.call
			if who.onHost {
				call = b.onHost
			}
			got, want := call(r.Method, path, nil, who.how...), who.verdict(r)
			calls++
			if got.code() != want || want == "" && got.status >= 300 {
				t.Errorf("%s %s (%s) by %s: %d %q, want %q", r.Method, r.Path, r.ID, who.name, got.status, got.code(), want)
			}
			if status := map[string]int{"signed-out": 401, "second-factor-wanted": 401, "duty-wrong": 403, "only-on-host": 403, "password-expired": 403}[want]; want != "" && got.status != status {
				t.Errorf("%s by %s: status %d for %s", r.ID, who.name, got.status, want)
			}
		}
	}
	if calls < len(callers)*20 {
		t.Errorf("only %d calls were made", calls)
	}
}

// idle is a server of the same table, whose handlers do nothing.
func (b *bank) idle() *Server {
	s := &Server{Config: b.Config, mux: http.NewServeMux()}
	config := huma.DefaultConfig("idle", "test")
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	api := humago.New(s.mux, config)
	for _, r := range b.Routes() {
		nothing := route(r, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
		nothing.register(s, api, nothing)
	}
	return s
}

// filled is a path with something well-formed in its parameters.
func filled(path string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "0123456789abcdef0123456789abcdef")
}

// callers are all kinds of callers, with their rule in words of their own: the table
// must not judge itself.
func (b *bank) callers() []someone {
	stale := b.enter("sys")
	b.later(6 * time.Minute)
	_, err := b.db.ExecContext(b.t.Context(), `UPDATE accounts SET password_at = $1 WHERE name = $2`, b.clock().AddDate(-1, 0, 0).UnixMilli(), "sec2")
	b.must("let a password expire", err)
	expired := b.enter("sec2")
	ended := b.enter("sys2")
	b.ok("sign out", b.call("DELETE", "/session", nil, bearer(ended)))
	fresh := map[account.Duty]string{account.System: b.enter("sys"), account.Security: b.enter("sec"), account.Audit: b.enter("aud")}
	list := []someone{
		{"nobody", false, nil, refuseAll("signed-out")},
		{"somebody with a made-up secret", false, []with{bearer("dukou_s_" + strings.Repeat("A", 43))}, refuseAll("signed-out")},
		{"a session that has ended", false, []with{cookie(ended)}, refuseAll("signed-out")},
		{"a half-open session", false, []with{bearer(b.half("sys2"))}, refuseAll("second-factor-wanted")},
		{"a session whose password has expired", false, []with{cookie(expired)}, refuseAll("password-expired")},
		{"the host", true, nil, byHost},
		{"a made-up secret on the host", true, []with{bearer("x")}, refuseAll("signed-out")},
		{"system, whose factor was shown long ago", false, []with{bearer(stale)}, byDuty(account.System, func(r Route) string {
			if r.Fresh {
				return "second-factor-wanted"
			}
			return ""
		})},
	}
	for duty, secret := range fresh {
		may := byDuty(duty, func(Route) string { return "" })
		list = append(list, someone{string(duty) + " by cookie", false, []with{cookie(secret)}, may},
			someone{string(duty) + " by bearer, on the host", true, []with{bearer(secret)}, may})
		for _, readOnly := range []bool{true, false} {
			made := b.ok("token", b.call("POST", "/self/tokens/"+map[bool]string{true: "reads", false: "all"}[readOnly], map[string]any{"days": 1, "readOnly": readOnly}, bearer(secret)))
			list = append(list, someone{string(duty) + " by token, read-only " + map[bool]string{true: "yes", false: "no"}[readOnly], false,
				[]with{bearer(made.get("secret"))}, byDuty(duty, byToken(readOnly))})
		}
	}
	return list
}

// refuseAll is the verdict on who is nobody: only what is for anyone.
func refuseAll(code string) func(Route) string {
	return func(r Route) string {
		if r.May.Anyone {
			return ""
		}
		return code
	}
}

func byHost(r Route) string {
	if r.May.Anyone || r.May.Host {
		return ""
	}
	return "signed-out"
}

func byDuty(d account.Duty, then func(Route) string) func(Route) string {
	return func(r Route) string {
		switch {
		case r.May.Anyone:
			return ""
		case slices.Contains(r.May.Duties, d):
			return then(r)
		case r.May.Host && len(r.May.Duties) == 0:
			return "only-on-host"
		default:
			return "duty-wrong"
		}
	}
}

func byToken(readOnly bool) func(Route) string {
	return func(r Route) string {
		switch {
		case readOnly && r.Method != http.MethodGet && !slices.Contains(changeNothing(), r.ID):
			return "duty-wrong"
		case r.Fresh:
			return "second-factor-wanted"
		default:
			return ""
		}
	}
}

// changeNothing are the calls that have a body and yet only ask.
func changeNothing() []string { return []string{"try-draft"} }

// TestTable holds the table to what must be true of it, whoever adds a row.
func TestTable(t *testing.T) {
	b := openBank(t, true)
	ids, verbs, places := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range b.Routes() {
		if r.ID == "" || r.Summary == "" || r.Group == "" || ids[r.ID] {
			t.Errorf("%s %s: an id of its own, a summary and a group are wanted: %q", r.Method, r.Path, r.ID)
		}
		if place := r.Method + " " + r.Path; places[place] {
			t.Errorf("%s twice", place)
		} else {
			places[place] = true
		}
		if r.Verb != "" && verbs[r.Verb] {
			t.Errorf("%s: the verb %q twice", r.ID, r.Verb)
		}
		ids[r.ID], verbs[r.Verb] = true, true
		if !r.May.Anyone && !r.May.Host && len(r.May.Duties) == 0 {
			t.Errorf("%s: nobody may call it", r.ID)
		}
		if r.Quiet && r.Method != http.MethodGet {
			t.Errorf("%s: a change is recorded always", r.ID)
		}
		if r.Typed != slices.Contains(changeNothing(), r.ID) {
			t.Errorf("%s: it has a body and changes nothing: %t", r.ID, r.Typed)
		}
		if r.Live && r.Method != http.MethodGet {
			t.Errorf("%s: a page changes nothing by itself", r.ID)
		}
		if r.Fresh && r.May.Anyone {
			t.Errorf("%s: anyone has no second factor", r.ID)
		}
	}
}

// openToAnyone is all that may be called without any identity: to say what this is, and
// to become somebody.
func openToAnyone() []string {
	return []string{
		"get-health", "get-description", "get-setup", "look-at-link", "redeem-link", "confirm-link",
		"sign-in", "show-factor", "challenge-passkey", "change-password",
		"submit-part", // of a partner's center, by its signature
		"take-in",     // who sends shows a token of its own
	}
}

// auditChanges are the groups and calls in which audit changes something: what is its
// own. All else it only sees.
func auditChanges(r Route) bool {
	own := []string{"self", "session", "findings", "reports", "searches"}
	calls := []string{"ask-recovery", "confirm-recovery", "withdraw-recovery"}
	return slices.Contains(own, r.Group) || slices.Contains(calls, r.ID)
}

// TestDutiesAreSeparated holds the table to the separation of duties.
func TestDutiesAreSeparated(t *testing.T) {
	b := openBank(t, true)
	is := func(r Route, d account.Duty) bool { return slices.Contains(r.May.Duties, d) }
	for _, r := range b.Routes() {
		if r.May.Anyone != slices.Contains(openToAnyone(), r.ID) {
			t.Errorf("%s: anyone may call it: %t", r.ID, r.May.Anyone)
		}
		if r.May.Anyone || r.Method == http.MethodGet {
			continue
		}
		if is(r, account.Audit) && !auditChanges(r) {
			t.Errorf("%s: audit changes something (group %s)", r.ID, r.Group)
		}
		if is(r, account.System) && (r.Group == "policy" || r.ID == "grant-duty" || r.ID == "set-account-rules") {
			t.Errorf("%s: system touches policy or rights", r.ID)
		}
		if is(r, account.Security) && (r.ID == "create-account" || r.ID == "disable-account" || r.ID == "rename-account") {
			t.Errorf("%s: security keeps accounts", r.ID)
		}
		if r.May.Host && is(r, account.System) && is(r, account.Security) && is(r, account.Audit) {
			t.Errorf("%s: a change that everybody and the host may make", r.ID)
		}
	}
}
