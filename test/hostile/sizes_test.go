// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// oversized is a body, or a head, that is more than it should be.
type oversized struct {
	name string
	head string // fields beside the usual ones
	body func(user string) string
	want outcome
	code fault.Code // of the refusal, empty for any
}

func signInBody(user, more string) string {
	return `{"user":"` + user + `","password":"a-guess"` + more + `}`
}

// heavy are bodies within the flow's size that cost more than they weigh, and others
// beyond it.
func heavy() []oversized {
	with := func(more string) func(string) string {
		return func(user string) string { return signInBody(user, more) }
	}
	bomb := func(size int) func(string) string {
		return func(string) string {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = io.CopyN(w, zeros{}, int64(size)) // never fails
			_ = w.Close()
			return b.String()
		}
	}
	const million = 1 << 20
	return []oversized{
		{"lists 100,000 deep", "", with(`,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), refused, fault.RequestMalformed},
		{"records 5,000 deep", "", with(`,"x":` + strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000)), refused, fault.RequestMalformed},
		{"lists 100,000 deep, never closed", "", with(`,"x":` + strings.Repeat("[", 100_000)), refused, fault.RequestMalformed},
		{"100,000 unknown fields", "", func(user string) string {
			var b strings.Builder
			for i := range 60_000 {
				fmt.Fprintf(&b, `,"f%d":1`, i)
			}
			return signInBody(user, b.String())
		}, one, ""},
		{"a list of 300,000", "", with(`,"x":[` + strings.Repeat("1,", 300_000) + "1]"), refused, fault.RequestMalformed},
		{"an unknown text of 900 kB", "", with(`,"x":"` + strings.Repeat("a", 900_000) + `"`), one, ""},
		{"a password of 900 kB", "", func(user string) string {
			return `{"user":"` + user + `","password":"` + strings.Repeat("a", 900_000) + `"}`
		}, refused, fault.ContentInvalid},
		{"an unknown number of 10,000 digits", "", with(`,"x":` + strings.Repeat("9", 10_000)), one, ""},
		{"an unknown number with an exponent of 10,000 digits", "", with(`,"x":1e` + strings.Repeat("9", 10_000)), one, ""},
		{"a number of 10,000 digits in place of a text", "", func(string) string { return `{"user":` + strings.Repeat("9", 10_000) + `,"password":"a-guess"}` }, refused, fault.ContentInvalid},
		{"a field twice", "", with(`,"user":"somebody-else"`), refused, fault.RequestMalformed},
		{"an unknown field twice", "", with(`,"x":1,"x":2`), refused, fault.RequestMalformed},
		{"a field twice, once escaped", "", with(`,"us\u0065r":"somebody-else"`), refused, fault.RequestMalformed},
		{"a field in capitals", "", with(`,"USER":"somebody-else"`), one, ""},
		{"two texts", "", func(user string) string { return signInBody(user, "") + signInBody("somebody-else", "") }, refused, fault.RequestMalformed},
		{"a byte order mark", "", func(user string) string { return "\ufeff" + signInBody(user, "") }, refused, fault.RequestMalformed},
		{"UTF-16", "", func(user string) string { return "\xff\xfe" + signInBody(user, "") }, refused, fault.RequestMalformed},
		{"half a pair", "", with(`,"x":"\ud800"`), refused, fault.RequestMalformed},
		{"NaN", "", with(`,"x":NaN`), refused, fault.RequestMalformed},
		{"a comment", "", with(`/**/`), refused, fault.RequestMalformed},
		{"nothing", "", func(string) string { return "" }, refused, ""},
		{"null", "", func(string) string { return "null" }, refused, ""},
		{"a list", "", func(string) string { return "[]" }, refused, fault.ContentInvalid},
		{"gzip", "Content-Encoding: gzip\r\n", bomb(100), refused, fault.ContentType},
		{"gzip of 16 MiB", "Content-Encoding: gzip\r\n", bomb(16 << 20), refused, fault.ContentType},
		{"gzip that says it is JSON", "", bomb(1000), refused, fault.RequestMalformed},
		{"beyond the flow's size", "", func(user string) string { return signInBody(user, `,"x":"`+strings.Repeat("a", million)+`"`) }, refused, fault.ContentTooLarge},
		{"a head of 64 KiB", "X: " + strings.Repeat("a", 64<<10) + "\r\n", with(""), refused, ""},
		{"a name of 64 KiB", strings.Repeat("a", 64<<10) + ": x\r\n", with(""), refused, ""},
		{"100,000 fields", strings.Repeat("a: b\r\n", 100_000), with(""), refused, ""},
		{"3,000 fields", strings.Repeat("a: b\r\n", 3_000), with(""), one, ""},
		{"16 KiB of cookies", "Cookie: " + strings.Repeat("a=b; ", 3_200) + "\r\n", with(""), one, ""},
	}
}

// zeros is a source without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// sizes sends more than it should be, of everything.
func (r *rig) sizes(t *testing.T) {
	for _, o := range heavy() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			user := r.user()
			body := o.body(user)
			raw := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", demo.APIKey, o.head, len(body), body)
			r.send(t, try{class: "sizes", name: o.name, raw: raw, marks: []string{user, "no such person", "no such token"}, want: o.want}, o.code)
		})
	}
	t.Run("lengths", r.lengths)
}

// send is converse, with the code that a refusal must have.
func (r *rig) send(t *testing.T, c try, code fault.Code) {
	t.Helper()
	conn := r.dial(t, demo.FrontInternet)
	_ = conn.SetDeadline(time.Now().Add(45 * time.Second))
	written := make(chan error, 1)
	go func() { // the answer may come before all is sent
		_, err := io.WriteString(conn, c.raw)
		if c.end {
			_ = conn.(*net.UnixConn).CloseWrite()
		}
		written <- err
	}()
	answer, _, err := r.listen(bufio.NewReader(conn), c.raw)
	r.judge(t, c, answer, err)
	if p, ok := readProblem(answer.body); ok && code != "" && p.Error != code {
		t.Errorf("refused with %s, want %s", p.Error, code)
	}
	_ = conn.Close()
	<-written
}

// lengths declares other lengths than it sends.
func (r *rig) lengths(t *testing.T) {
	const head = "POST /login HTTP/1.1\r\nHost: h\r\nX-API-Key: " + demo.APIKey + "\r\nContent-Type: application/json\r\n"
	for _, l := range []struct {
		name, raw string
		want      outcome
		end       bool
		code      fault.Code
	}{
		{"1 GiB declared", head + "Content-Length: 1073741824\r\n\r\n{", refused, false, fault.ContentTooLarge},
		{"1 GiB declared by a stranger", "POST /login HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n{", refused, false, fault.CredentialMissing},
		{"chunks without an end", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat(" ", 0x10000)+"\r\n", 40), refused, false, fault.ContentTooLarge},
		{"1-byte chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n \r\n", 200_000) + "0\r\n\r\n", refused, false, ""},
		{"less than declared, then closed", head + "Content-Length: 100\r\n\r\n{\"user\":\"{user}\"", refused, true, fault.RequestMalformed},
		{"more than declared", head + "Content-Length: {len}\r\n\r\n{body}{body}", one, false, ""},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			user := r.user()
			body := signInBody(user, "")
			raw := strings.NewReplacer("{user}", user, "{len}", fmt.Sprint(len(body)), "{body}", body).Replace(l.raw)
			r.send(t, try{class: "sizes", name: l.name, raw: raw, end: l.end, marks: []string{user, "no such person", "no such token"}, want: l.want}, l.code)
		})
	}
}
