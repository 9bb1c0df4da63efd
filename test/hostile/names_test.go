// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// hostileTexts are names and values that mean something else somewhere.
func hostileTexts() []string {
	return []string{
		"../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", ".", "..", "~root", "-rf", "--help", "%2e%2e%2f", "%00", "a\x00b", "a\nb", "a\r\nX-Injected: y",
		"a\tb", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\u202egnp", "\u200bzero", "\ufeffbom", "\u2066x\u2069", "\ue000", "\ufffd", "e\u0301", "\u00e9", "İ", "ſ", "／", "․․／",
		"\xff\xfe", "\xc0\xae", "\xed\xa0\x80", "\xf4\x90\x80\x80", "'; DROP TABLE people;--", "${jndi:ldap://x/a}", "$(reboot)", "`id`", "{{7*7}}", "<script>", "]]>", "%s%n", "CON", "nul.txt",
		strings.Repeat("a", 255), strings.Repeat("a", 5_000), strings.Repeat("\u0301", 500), "", " ", "null", "__proto__", "*", "person-*", "person-00000１",
	}
}

// names puts them wherever an HTTP request has room for one.
func (r *rig) names(t *testing.T) {
	for _, place := range []struct {
		name string
		test func(*testing.T, string)
	}{
		{"path", r.inPath}, {"raw path", r.inRawPath}, {"query name", r.inQueryName}, {"query value", r.inQueryValue},
		{"field name", r.inHeaderName}, {"field value", r.inHeaderValue}, {"JSON name", r.inJSONName}, {"JSON value", r.inJSONValue}, {"free text", r.inFreeText},
		{"method", r.inMethod}, {"key", r.inKey},
	} {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			for _, text := range hostileTexts() {
				place.test(t, text)
				if t.Failed() {
					t.Logf("with %.60q", text)
					return
				}
			}
		})
	}
}

// query asks with a target that holds a hostile text.
func (r *rig) query(t *testing.T, where, text string, target func(person string) string, want outcome) {
	t.Helper()
	person, token := r.person(t)
	raw := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", target(person), token)
	r.send(t, try{class: "names", name: fmt.Sprintf("%s %.40q", where, text), raw: raw, marks: []string{"no such user", person, token}, want: want}, "")
}

func (r *rig) inPath(t *testing.T, text string) {
	r.query(t, "path", text, func(string) string { return "/reports/" + url.PathEscape(text) + "?purpose=self-inquiry" }, refused)
}

func (r *rig) inRawPath(t *testing.T, text string) {
	r.query(t, "raw path", text, func(person string) string { return "/reports/" + text + "/../" + person + "?purpose=self-inquiry" }, refused)
}

func (r *rig) inQueryName(t *testing.T, text string) {
	r.query(t, "query name", text, func(person string) string {
		return "/reports/" + person + "?purpose=self-inquiry&" + url.QueryEscape(text) + "=1"
	}, either)
}

func (r *rig) inQueryValue(t *testing.T, text string) {
	r.query(t, "query value", text, func(person string) string { return "/reports/" + person + "?purpose=" + url.QueryEscape(text) }, refused)
}

func (r *rig) inMethod(t *testing.T, text string) {
	person, token := r.person(t)
	raw := fmt.Sprintf("%s /reports/%s?purpose=self-inquiry HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", text, person, token)
	r.send(t, try{class: "names", name: fmt.Sprintf("method %.40q", text), raw: raw, marks: []string{"no such user", person, token}, want: refused}, "")
}

// login signs in with a raw field and a raw body.
func (r *rig) login(t *testing.T, where, text, field string, body func(user string) string, want outcome) {
	t.Helper()
	user := r.user()
	b := body(user)
	raw := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", demo.APIKey, field, len(b), b)
	r.send(t, try{class: "names", name: fmt.Sprintf("%s %.40q", where, text), raw: raw, marks: []string{user, "no such person", "no such token"}, want: want}, "")
}

func plainBody(user string) string { return signInBody(user, "") }

func (r *rig) inHeaderName(t *testing.T, text string) {
	r.login(t, "field name", text, "X-"+text+": y\r\n", plainBody, either)
}

func (r *rig) inHeaderValue(t *testing.T, text string) {
	r.login(t, "field value", text, "X-Note: "+text+"\r\n", plainBody, either)
}

func (r *rig) inJSONName(t *testing.T, text string) {
	r.login(t, "JSON name", text, "", func(user string) string { return signInBody(user, `,"`+escaped(text)+`":1`) }, either)
}

// inJSONValue has a text where the flow has a pattern.
func (r *rig) inJSONValue(t *testing.T, text string) {
	if text == "null" {
		return // a good name
	}
	r.login(t, "JSON value", text, "", func(user string) string {
		return `{"user":"` + escaped(user+text+"!") + `","password":"a-guess"}`
	}, refused)
}

// escaped is a text as JSON has it; what is not UTF-8 stays as it is.
func escaped(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// inFreeText has a text where the flow allows any: it arrives as it is, or not at all.
func (r *rig) inFreeText(t *testing.T, text string) {
	user := r.user()
	password := text + "-" + user
	body := `{"user":"` + user + `","password":"` + escaped(password) + `"}`
	answer := r.post(t, "/login", body, map[string]string{"X-API-Key": demo.APIKey})
	seen := r.app.about(user)
	if len(seen) == 0 {
		r.wantRefusal(t, "names", fmt.Sprintf("free text %.40q", text), answer, nil)
		return
	}
	quoted := seen[0][strings.LastIndex(seen[0], "\n")+1:]
	var raw string
	var asked struct{ User, Password string }
	if _, err := fmt.Sscanf(quoted, "%q", &raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(raw), &asked); err != nil || len(seen) != 1 || asked.User != user || asked.Password != password {
		t.Errorf("%d requests; the password arrived as %q of %q, %v", len(seen), asked.Password, password, err)
	}
	r.count("names", func(s *sum) { s.one++ })
}

func (r *rig) inKey(t *testing.T, text string) {
	user := r.user()
	b := plainBody(user)
	raw := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", text, len(b), b)
	r.send(t, try{class: "names", name: fmt.Sprintf("key %.40q", text), raw: raw, marks: []string{user}, want: refused}, "")
}

// post asks as an ordinary client does.
func (r *rig) post(t *testing.T, path, body string, header map[string]string) said {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.FrontURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	header["Content-Type"] = "application/json"
	return r.ask(t, q, header)
}

func (r *rig) get(t *testing.T, path string, header map[string]string) said {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.FrontURL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.ask(t, q, header)
}

func (r *rig) ask(t *testing.T, q *http.Request, header map[string]string) said {
	t.Helper()
	for name, value := range header {
		q.Header.Set(name, value)
	}
	q.Close = true
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, 64<<10)
	n, err := readFull(resp.Body, body)
	if err != nil {
		t.Fatal(err)
	}
	return said{resp.StatusCode, body[:n], resp.Header.Get("Dukou-Id")}
}

// wantCode wants a refusal with a code, which the journal will be asked for.
func (r *rig) wantCode(t *testing.T, class, name string, answer said, code fault.Code) {
	t.Helper()
	p, ok := readProblem(answer.body)
	if !ok || p.Error != code || answer.status != fault.HTTPStatus(code) {
		t.Errorf("%s: got %d %s, want %s", name, answer.status, answer.body, code)
		return
	}
	r.wantRefusal(t, class, name, answer, nil)
}
