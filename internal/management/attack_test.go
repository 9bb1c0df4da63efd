// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
)

// TestFirstHour founds an installation over the interface: nobody is anybody before the
// first links, and nobody is everything after them.
func TestFirstHour(t *testing.T) {
	b := openBank(t, true)
	setup := b.ok("setup", b.call("GET", "/setup", nil))
	if setup.body["initialised"] != false || len(setup.body["missing"].([]any)) != 3 {
		t.Errorf("a new installation: %s", setup.text)
	}
	if asks := setup.body["password"].(map[string]any); asks["minLength"] != 12.0 || asks["maxBytes"] != 256.0 || asks["classes"] != 3.0 || asks["history"] != 5.0 {
		t.Errorf("the rules of a password before anybody signs in: %v", asks)
	}
	b.refused("a first link from the network", b.call("POST", "/links/first/system", nil), "signed-out")
	for duty, name := range map[string]string{"system": "sys", "security": "sec", "audit": "aud"} {
		token := b.ok("first link", b.onHost("POST", "/links/first/"+duty, nil)).get("token")
		look := b.ok("look", b.call("POST", "/links/look", map[string]any{"token": token}))
		if look.get("duty") != duty || look.body["wantsName"] != true {
			t.Errorf("the link of %s: %s", duty, look.text)
		}
		e := b.ok("redeem", b.call("POST", "/links/redeem", map[string]any{"token": token, "name": name, "person": "P " + name, "password": thePassword}))
		if !strings.HasPrefix(e.get("url"), "otpauth://totp/") {
			t.Errorf("for the authenticator: %s", e.get("url"))
		}
		b.secrets[name] = e.get("secret")
		b.ok("confirm", b.call("POST", "/links/confirm", map[string]any{"token": token, "totp": b.code(name)}))
		b.refused("a link that was redeemed", b.call("POST", "/links/look", map[string]any{"token": token}), "unknown")
		b.refused("another first link", b.onHost("POST", "/links/first/"+duty, nil), "conflict")
		who := b.ok("who am I", b.call("GET", "/session", nil, bearer(b.enter(name))))
		if who.get("account", "duty") != duty || who.get("session", "account") != name || who.get("freshUntil") == "" {
			t.Errorf("%s is %s", name, who.text)
		}
	}
	if r := b.ok("setup", b.call("GET", "/setup", nil)); r.body["initialised"] != true {
		t.Errorf("after all three: %s", r.text)
	}
}

// TestFixation plants a secret before somebody signs in, and keeps each secret on the
// way: none is of any use after the step that follows it.
func TestFixation(t *testing.T) {
	b := openBank(t, false)
	planted := "dukou_s_" + strings.Repeat("A", 43)
	signedIn := b.ok("sign in", b.call("POST", "/session", map[string]any{"name": "sys", "password": thePassword}, cookie(planted)))
	if strings.Contains(signedIn.text, "secret") {
		t.Errorf("a browser's secret is in the body: %s", signedIn.text)
	}
	set := signedIn.header.Get("Set-Cookie")
	for _, want := range []string{cookieName + "=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie is %q, without %s", set, want)
		}
	}
	half := secretIn(set)
	if half == planted {
		t.Error("the planted secret was taken")
	}
	b.refused("half open", b.call("GET", "/session", nil, cookie(half)), "second-factor-wanted")
	full := secretIn(b.ok("factor", b.call("POST", "/session/factor", map[string]any{"totp": b.code("sys")}, cookie(half))).header.Get("Set-Cookie"))
	fresh := secretIn(b.ok("fresh", b.call("POST", "/session/fresh", map[string]any{"totp": b.code("sys")}, cookie(full))).header.Get("Set-Cookie"))
	changed := b.ok("password", b.call("POST", "/self/password", map[string]any{"old": thePassword, "password": "Other-Password-1"}, cookie(fresh)))
	last := secretIn(changed.header.Get("Set-Cookie"))
	for i, old := range []string{planted, half, full, fresh} {
		b.refused("secret "+string(rune('1'+i)), b.call("GET", "/session", nil, cookie(old)), "signed-out")
	}
	b.ok("the last one", b.call("GET", "/session", nil, cookie(last)))
	out := b.ok("sign out", b.call("DELETE", "/session", nil, cookie(last)))
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the cookie stays: %q", out.header.Get("Set-Cookie"))
	}
	b.refused("after signing out", b.call("GET", "/session", nil, cookie(last)), "signed-out")
}

// secretIn is the value of a cookie that is set.
func secretIn(set string) string {
	value, _, _ := strings.Cut(strings.TrimPrefix(set, cookieName+"="), ";")
	return value
}

// TestOtherSites has a browser that is signed in be made to call by a page of another
// site.
func TestOtherSites(t *testing.T) {
	b := openBank(t, false)
	secret := b.enter("sys")
	body := map[string]any{"person": "Mallory"}
	for what, how := range map[string]with{
		"cross-site":        header("Sec-Fetch-Site", "cross-site"),
		"another subdomain": header("Sec-Fetch-Site", "same-site"),
		"another origin":    header("Origin", "https://evil.example"),
		"an opaque origin":  header("Origin", "null"),
		"another port":      header("Origin", strings.Replace(b.network, "127.0.0.1:", "127.0.0.1:1", 1)),
		"a form's type of body": func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Content-Type", "text/plain")
		},
	} {
		if r := b.call("POST", "/accounts/mallory", body, cookie(secret), how); r.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, r.status, r.text)
		}
		if r := b.call("POST", "/session", map[string]any{"name": "sys", "password": thePassword}, how); r.status != http.StatusForbidden {
			t.Errorf("%s signs in: %d", what, r.status)
		}
	}
	b.refused("what they tried to make", b.call("GET", "/accounts/mallory", nil, cookie(secret)), "unknown")
	b.ok("the page itself", b.call("POST", "/accounts/mallory", body, cookie(secret), header("Sec-Fetch-Site", "same-origin")))
}

// TestBruteForce guesses passwords and codes, from one address that says it is many.
func TestBruteForce(t *testing.T) {
	b := openBank(t, false)
	secret, code := b.enter("sec"), ""
	for i := range 6 {
		r := b.call("POST", "/session", map[string]any{"name": "sys", "password": "Guess-Number-1"},
			header("X-Forwarded-For", "10.0.0."+string(rune('1'+i))), header("X-Real-Ip", "10.0.1."+string(rune('1'+i))))
		code += r.code() + " "
	}
	if want := strings.Repeat("credentials-wrong ", 5) + "account-locked "; code != want {
		t.Errorf("six guesses: %s", code)
	}
	b.refused("the right password", b.call("POST", "/session", map[string]any{"name": "sys", "password": thePassword}), "account-locked")
	if r := b.ok("show", b.call("GET", "/accounts/sys", nil, bearer(secret))); r.get("lockedUntil") == "" {
		t.Errorf("security does not see the lock: %s", r.text)
	}
	b.refused("unlocked by audit", b.call("POST", "/accounts/sys/unlock", nil, bearer(b.enter("aud"))), "duty-wrong")
	b.ok("unlocked by security", b.call("POST", "/accounts/sys/unlock", nil, bearer(secret)))

	half := b.half("sys")
	for range 5 {
		b.refused("a guessed code", b.call("POST", "/session/factor", map[string]any{"totp": b.wrong("sys")}, bearer(half)), "credentials-wrong")
	}
	b.refused("the right code", b.call("POST", "/session/factor", map[string]any{"totp": b.code("sys")}, bearer(half)), "account-locked")
	b.ok("unlocked on the host", b.onHost("POST", "/accounts/sys/unlock", nil))
	b.enter("sys")
	if n := b.acts("lock-account"); n != 2 {
		t.Errorf("%d locks are recorded", n)
	}
}

// wrong is a code that is not right at any time near now.
func (b *bank) wrong(name string) string {
	b.t.Helper()
	right := map[string]bool{}
	for n := -3; n <= 3; n++ {
		code, err := totp.GenerateCode(b.secrets[name], b.clock().Add(time.Duration(n)*30*time.Second))
		b.must("code", err)
		right[code] = true
	}
	for _, code := range []string{"000000", "000001", "000002", "000003", "000004", "000005", "000006", "000007"} {
		if !right[code] {
			return code
		}
	}
	panic("eight codes cannot all be right")
}

// acts counts the records of an action.
func (b *bank) acts(action string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if e.Action == action {
			n++
		}
	}
	return n
}

// TestReplayedCode shows a code a second time: in another session, and for a high-risk
// act in the same one.
func TestReplayedCode(t *testing.T) {
	b := openBank(t, false)
	one, two := b.half("sys"), b.half("sys")
	code := b.code("sys")
	secret := b.ok("the first time", b.call("POST", "/session/factor", map[string]any{"totp": code}, bearer(one))).get("secret")
	b.refused("in another session", b.call("POST", "/session/factor", map[string]any{"totp": code}, bearer(two)), "credentials-wrong")
	b.refused("again in the same", b.call("POST", "/session/fresh", map[string]any{"totp": code}, bearer(secret)), "credentials-wrong")
	b.later(6 * time.Minute)
	b.refused("a high-risk act, later", b.call("POST", "/accounts/li", map[string]any{"person": "Li"}, bearer(secret)), "second-factor-wanted")
	b.refused("the old code for it", b.call("POST", "/session/fresh", map[string]any{"totp": code}, bearer(secret)), "credentials-wrong")
	secret = b.ok("a new code", b.call("POST", "/session/fresh", map[string]any{"totp": b.code("sys")}, bearer(secret))).get("secret")
	b.ok("the act", b.call("POST", "/accounts/li", map[string]any{"person": "Li"}, bearer(secret)))
}

// TestChangesInMidSession takes away what a session rests on while it is under way: the
// next call is refused.
func TestChangesInMidSession(t *testing.T) {
	b := openBank(t, false)
	sys, sec, aud := b.enter("sys"), b.enter("sec"), b.enter("aud")
	b.ok("it works", b.call("GET", "/accounts", nil, bearer(aud)))
	token := b.ok("token", b.call("POST", "/self/tokens/t", map[string]any{"days": 1}, bearer(aud))).get("secret")
	b.ok("it works", b.call("GET", "/accounts", nil, bearer(token)))
	b.ok("disable", b.call("POST", "/accounts/aud/disable", nil, bearer(sys)))
	b.refused("a session of a disabled account", b.call("GET", "/accounts", nil, bearer(aud)), "signed-out")
	b.refused("a token of it", b.call("GET", "/accounts", nil, bearer(token)), "signed-out")
	b.refused("to sign in to it", b.call("POST", "/session", map[string]any{"name": "aud", "password": thePassword}), "credentials-wrong")

	other := b.enter("sys2")
	id := b.ok("who", b.call("GET", "/session", nil, bearer(other))).get("session", "id")
	b.refused("ended by another account", b.call("DELETE", "/sessions/"+id, nil, bearer(sys)), "unknown")
	b.ok("ended by security", b.call("DELETE", "/sessions/"+id, nil, bearer(sec)))
	b.refused("an ended session", b.call("GET", "/accounts", nil, bearer(other)), "signed-out")

	mine, also := b.enter("sys2"), b.enter("sys2")
	b.ok("password", b.call("POST", "/self/password", map[string]any{"old": thePassword, "password": "Other-Password-1"}, bearer(mine)))
	b.refused("another session of that account", b.call("GET", "/accounts", nil, bearer(also)), "signed-out")

	b.later(31 * time.Minute)
	b.refused("a session that nobody used", b.call("GET", "/accounts", nil, bearer(sec)), "signed-out")
}

// TestAnOpenPageKeepsNothingAlive polls as a page does by itself.
func TestAnOpenPageKeepsNothingAlive(t *testing.T) {
	b := openBank(t, false)
	secret := b.enter("aud")
	for range 2 {
		b.later(14 * time.Minute)
		b.ok("a page asks by itself", b.call("GET", "/session", nil, bearer(secret)))
	}
	b.later(3 * time.Minute)
	b.refused("after thirty minutes without a person", b.call("GET", "/session", nil, bearer(secret)), "signed-out")
}

// TestSelfGrant tries to become more by every path that there is.
func TestSelfGrant(t *testing.T) {
	b := openBank(t, false)
	sys, sec, aud := b.enter("sys"), b.enter("sec"), b.enter("aud")
	b.refused("system grants", b.call("POST", "/accounts/sys/grant/security", nil, bearer(sys)), "duty-wrong")
	b.refused("security creates", b.call("POST", "/accounts/mine", map[string]any{"person": "Me"}, bearer(sec)), "duty-wrong")
	b.refused("security grants itself", b.call("POST", "/accounts/sec/grant/system", nil, bearer(sec)), "own-proposal")
	b.refused("system creates for itself", b.call("POST", "/accounts/mine", map[string]any{"person": "Person sys"}, bearer(sys)), "own-proposal")
	b.refused("a second duty for an account", b.call("POST", "/accounts/aud/grant/system", nil, bearer(sec)), "conflict")
	b.refused("audit grants", b.call("POST", "/accounts/aud/grant/system", nil, bearer(aud)), "duty-wrong")
	code := b.ok("create", b.call("POST", "/accounts/li", map[string]any{"person": "Li"}, bearer(sys))).get("code")
	token := b.ok("grant", b.call("POST", "/accounts/li/grant/system", nil, bearer(sec))).get("token")
	b.refused("security takes the account over itself, with the link alone",
		b.call("POST", "/links/redeem", map[string]any{"token": token, "password": thePassword}), "credentials-wrong")
	e := b.ok("its person, with both", b.call("POST", "/links/redeem", map[string]any{"token": token, "code": code, "password": thePassword}))
	b.secrets["li"] = e.get("secret")
	b.ok("confirm", b.call("POST", "/links/confirm", map[string]any{"token": token, "totp": b.code("li")}))
	if who := b.ok("who", b.call("GET", "/session", nil, bearer(b.enter("li")))); who.get("account", "duty") != "system" {
		t.Errorf("li: %s", who.text)
	}
}

// TestRecoveryTakesTwo tries to recover a duty alone.
func TestRecoveryTakesTwo(t *testing.T) {
	b := openBank(t, false)
	reason := map[string]any{"reason": "left the bank"}
	b.refused("while one of the duty is there", b.call("POST", "/recoveries/audit", reason, bearer(func() string { b.enter("aud"); return b.enter("sys") }())), "conflict")
	b.later(31 * time.Minute)
	sys, sec := b.enter("sys"), b.enter("sec")
	code := b.ok("ask", b.call("POST", "/recoveries/audit", reason, bearer(sys))).get("code")
	b.refused("confirmed by who asked", b.call("POST", "/recoveries/audit/confirm", nil, bearer(sys)), "own-proposal")
	b.refused("by another of the same duty", b.call("POST", "/recoveries/audit/confirm", nil, bearer(b.enter("sys2"))), "own-proposal")
	b.refused("by a token", b.call("POST", "/recoveries/audit/confirm", nil,
		bearer(b.ok("token", b.call("POST", "/self/tokens/t", map[string]any{"days": 1}, bearer(sec))).get("secret"))), "second-factor-wanted")
	token := b.ok("confirm", b.call("POST", "/recoveries/audit/confirm", nil, bearer(sec))).get("token")
	in := map[string]any{"token": token, "name": "aud2", "person": "New", "password": thePassword}
	b.refused("redeemed by who confirmed, alone", b.call("POST", "/links/redeem", in), "credentials-wrong")
	in["code"] = code
	b.secrets["aud2"] = b.ok("redeem", b.call("POST", "/links/redeem", in)).get("secret")
	b.ok("confirm", b.call("POST", "/links/confirm", map[string]any{"token": token, "totp": b.code("aud2")}))
	b.enter("aud2")
	if r := b.ok("the old account", b.call("GET", "/accounts/aud", nil, bearer(sec))); r.get("state") != "disabled" {
		t.Errorf("the lost account: %s", r.text)
	}
}

// TestNamesAreNotTold compares what is answered about names that somebody has with what
// is answered about names that nobody has.
func TestNamesAreNotTold(t *testing.T) {
	b := openBank(t, false)
	answers := map[string]bool{}
	for _, name := range []string{"sys", "nobody", "sec", "zz"} {
		r := b.call("POST", "/session", map[string]any{"name": name, "password": "Guess-Number-1"})
		delete(r.body, "request")
		text := ""
		for _, key := range []string{"type", "title", "code", "detail"} {
			text += r.get(key) + "|"
		}
		answers[text+http.StatusText(r.status)] = true
	}
	if len(answers) != 1 {
		t.Errorf("names are told apart: %v", answers)
	}
}

// TestWeakerRulesTakeTwo lowers what is asked of passwords.
func TestWeakerRulesTakeTwo(t *testing.T) {
	b := openBank(t, false)
	sec := b.enter("sec")
	now := b.ok("read", b.call("GET", "/settings/accounts", nil, bearer(sec)))
	rules := now.body
	b.refused("blindly", b.call("PUT", "/settings/accounts", rules, bearer(sec)), "precondition-required")
	rules["minLength"] = 14
	if r := b.ok("tighten", b.call("PUT", "/settings/accounts", rules, bearer(sec), header("If-Match", now.header.Get("ETag")))); r.body["inForce"] != true {
		t.Errorf("not in force: %s", r.text)
	}
	b.refused("of an older revision", b.call("PUT", "/settings/accounts", rules, bearer(sec), header("If-Match", now.header.Get("ETag"))), "stale")
	now = b.ok("read", b.call("GET", "/settings/accounts", nil, bearer(sec)))
	rules["minLength"] = 10
	r := b.ok("weaken", b.call("PUT", "/settings/accounts", rules, bearer(sec), header("If-Match", now.header.Get("ETag"))))
	if r.body["inForce"] != false || r.get("proposal") == "" {
		t.Errorf("one person has weakened it: %s", r.text)
	}
	length := func() any {
		return b.ok("read", b.call("GET", "/settings/accounts", nil, bearer(sec))).body["minLength"]
	}
	if length() != 14.0 {
		t.Errorf("in force before the second person: %v", length())
	}
	p, err := b.Proposals.Get(t.Context(), r.get("proposal"))
	b.must("the proposal", err)
	b.about(p.ID, proposal.About{Code: "weaken-account-rules"})
	if !strings.Contains(p.Difference, "minLength: 14 -> 10") {
		t.Errorf("what both see: %s", p.Difference)
	}
	act := AccountActs(b.Accounts)[0]
	for range 2 { // once more after a crash
		b.must("check", act.Check(t.Context(), p))
		_, err = act.Do(t.Context(), p)
		b.must("do", err)
	}
	if length() != 10.0 {
		t.Errorf("in force after it: %v", length())
	}
	rules["minLength"] = 16
	b.ok("tighten", b.call("PUT", "/settings/accounts", rules, bearer(sec), header("If-Match", `"2"`)))
	if err := act.Check(t.Context(), p); problem.CodeOf(err) != problem.Stale {
		t.Errorf("a proposal of other rules than those in force: %v", err)
	}
	rules["minLength"] = 7.0
	b.refused("less than eight", b.call("PUT", "/settings/accounts", rules, bearer(sec), header("If-Match", now.header.Get("ETag"))), "invalid")
}

// TestSecretsAreNotRecorded looks for what callers prove themselves with in all records.
func TestSecretsAreNotRecorded(t *testing.T) {
	b := openBank(t, false)
	sys, sec := b.enter("sys"), b.enter("sec")
	code := b.ok("create", b.call("POST", "/accounts/li", map[string]any{"person": "Li"}, bearer(sys))).get("code")
	link := b.ok("grant", b.call("POST", "/accounts/li/grant/audit", nil, bearer(sec))).get("token")
	b.ok("look", b.call("POST", "/links/look", map[string]any{"token": link}))
	e := b.ok("redeem", b.call("POST", "/links/redeem", map[string]any{"token": link, "code": code, "password": thePassword}))
	token := b.ok("token", b.call("POST", "/self/tokens/t", map[string]any{"days": 1}, bearer(sys))).get("secret")
	b.refused("a password in the wrong box", b.call("POST", "/session", map[string]any{"name": "My-Secret-Password-1", "password": "x"}), "credentials-wrong")
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.entries) < 10 {
		t.Fatalf("only %d records", len(b.entries))
	}
	named := false
	for _, entry := range b.entries {
		named = named || entry.Action == "show-factor" && entry.Verdict == "allow" && entry.Subject == "admin/sys"
		text := strings.Join([]string{entry.Subject, entry.Object, entry.Action, entry.Reason, string(entry.Detail)}, "\n")
		for what, secret := range map[string]string{
			"a session's secret": sys, "a code": code, "a link": link, "a password": thePassword, "an authenticator's secret": e.get("secret"),
			"a token": token, "a mistyped password": "My-Secret-Password-1",
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in the record of %s", what, entry.Action)
			}
		}
	}
	if !named {
		t.Error("no record says that sys has signed in")
	}
}

// TestMalformedCallsAreRecorded sends what no call takes: it is refused, and recorded as
// refused, by whom and for what.
func TestMalformedCallsAreRecorded(t *testing.T) {
	b := openBank(t, false)
	sys := b.enter("sys")
	b.refused("a field of another type", b.call("POST", "/accounts/li", map[string]any{"person": 7}, bearer(sys)), "invalid")
	b.refused("a question that is none", b.call("GET", "/accounts?colour=red", nil, bearer(sys)), "invalid")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, action := range []string{"create-account", "list-accounts"} {
		found := false
		for _, entry := range b.entries {
			found = found || entry.Action == action && entry.Verdict == "refuse" && entry.Reason == "invalid" && entry.Subject == "admin/sys"
		}
		if !found {
			t.Errorf("%s: no record says that it was refused", action)
		}
	}
}
