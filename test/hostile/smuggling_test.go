// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// outcome is what must become of a try.
type outcome uint8

const (
	refused outcome = iota // nothing reaches the application
	one                    // exactly one request does, the same as a good one
	either
)

// payload is bytes of which two parsers might make different requests. {post} and {get}
// are the heads of two good ones without their empty line, {body} is the body of the
// first, {len} and {hex} its length, {hunk} its chunks, {next} a whole request that
// must reach nobody unless the payload says so.
type payload struct {
	name, raw string
	want      outcome
}

const chunked = "Transfer-Encoding: chunked\r\n"

func payloads() []payload {
	return append(append(lengths(), chunks()...), append(heads(), requestLines()...)...)
}

// lengths are about where a message ends.
func lengths() []payload {
	list := []payload{
		{"good, with a body", "{post}Content-Length: {len}\r\n\r\n{body}", one},
		{"good, without", "{get}\r\n", one},
		{"CL.TE", "{post}Content-Length: 3\r\n" + chunked + "\r\n{hunk}{next}", one},
		{"TE.CL", "{post}" + chunked + "Content-Length: 3\r\n\r\n{hunk}{next}", one},
		{"CL.TE, ends at once", "{get}Content-Length: 200\r\n" + chunked + "\r\n0\r\n\r\n{next}", one},
		{"TE alone, more behind", "{post}" + chunked + "\r\n{hunk}{next}", one},
		{"TE twice", "{post}" + chunked + chunked + "\r\n{hunk}", refused},
		{"TE twice, one unknown", "{post}" + chunked + "Transfer-Encoding: cow\r\n\r\n{hunk}", refused},
		{"TE in HTTP/1.0", "POST /login HTTP/1.0\r\nHost: h\r\n" + chunked + "\r\n{hunk}{next}", refused},
		{"TE behind a bare CR", "{post}X: y\rTransfer-Encoding: chunked\r\nContent-Length: {len}\r\n\r\n{body}", refused},
		{"TE behind a bare LF", "{post}X: y\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n{hunk}{next}", one},
		{"TE folded", "{post}Transfer-Encoding:\r\n chunked\r\nContent-Length: {len}\r\n\r\n{hunk}{next}", one},
		{"TE in capitals", "{post}TRANSFER-ENCODING: CHUNKED\r\n\r\n{hunk}{next}", one},
		{"TE with tab", "{post}Transfer-Encoding:\tchunked\r\n\r\n{hunk}{next}", one},
		{"TE with underscore", "{post}Transfer_Encoding: chunked\r\nContent-Length: {len}\r\n\r\n{body}", one},
		{"TE space before colon", "{post}Transfer-Encoding : chunked\r\nContent-Length: {len}\r\n\r\n{body}", refused},
		{"CL twice, equal", "{post}Content-Length: {len}\r\nContent-Length: {len}\r\n\r\n{body}", one},
		{"CL twice, different", "{post}Content-Length: {len}\r\nContent-Length: 0\r\n\r\n{body}", refused},
		{"CL space before colon", "{post}Content-Length : {len}\r\n\r\n{body}", refused},
		{"CL on GET hides a request", "{get}Content-Length: 21\r\n\r\nGET / HTTP/1.1\r\nX: ab", one},
		{"CL missing", "{post}\r\n{body}", refused},
		{"two requests at once", "{get}\r\n{next}", one},
	}
	for _, v := range []string{
		"identity", "gzip, chunked", "identity, chunked", "chunked, identity", "xchunked", "\x0bchunked", "\"chunked\"", "chunked\x00", "chunked\xff",
		"", "chunked, chunked", "chunked;q=1", "x chunked", "nope\r\nTransfer-Encoding : chunked",
	} {
		list = append(list, payload{fmt.Sprintf("TE %q", v), "{post}Transfer-Encoding: " + v + "\r\nContent-Length: {len}\r\n\r\n{body}", refused})
	}
	for _, v := range []string{
		"", "+{len}", "-{len}", "-1", "0x{hex}", "{len} {len}", "{len},{len}", "{len}, 0", "{len};", "{len}.0", "1_0", "1e1", "{len}\x00", "\x0b{len}",
		"18446744073709551616", "9223372036854775808", strings.Repeat("9", 400), "١٢", "{len}a",
	} {
		list = append(list, payload{fmt.Sprintf("CL %.30q", v), "{post}Content-Length: " + v + "\r\n\r\n{body}", refused})
	}
	return list
}

// chunks are bodies in chunks.
func chunks() []payload {
	list := []payload{
		{"chunk extension", "{post}" + chunked + "\r\n{hex};a=b\r\n{body}\r\n0\r\n\r\n{next}", one},
		{"chunk extension, quoted end", "{post}" + chunked + "\r\n{hex};a=\"\r\nb\"\r\n{body}\r\n0\r\n\r\n", refused},
		{"chunk size with zeros", "{post}" + chunked + "\r\n000{hex}\r\n{body}\r\n0\r\n\r\n{next}", one},
		{"chunk longer than stated", "{post}" + chunked + "\r\n1\r\n{body}\r\n0\r\n\r\n", refused},
		{"chunk end without CR", "{post}" + chunked + "\r\n{hex}\r\n{body}\n0\r\n\r\n", refused},
		{"chunk end without CRLF", "{post}" + chunked + "\r\n{hex}\r\n{body}0\r\n\r\n", refused},
		{"trailer announced", "{post}Trailer: X-Note\r\n" + chunked + "\r\n{hex}\r\n{body}\r\n0\r\nX-Note: z\r\n\r\n", refused},
		{"trailer not announced", "{post}" + chunked + "\r\n{hex}\r\n{body}\r\n0\r\nX-Note: z\r\n\r\n", refused},
		{"trailer with a length", "{post}" + chunked + "\r\n{hex}\r\n{body}\r\n0\r\nContent-Length: 5\r\n\r\n{next}", refused},
		{"trailer with a key", "POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + chunked + "\r\n{hunk}X-API-Key: {key}\r\n\r\n", refused},
		{"last chunk missing, then closed", "{post}" + chunked + "\r\n{hex}\r\n{body}\r\n{eof}", refused},
	}
	for _, size := range []string{"", "0x{hex}", "+{hex}", "-{hex}", " {hex}", "{hex} {hex}", "g", "{hex}\x00", "1000000000000000{hex}", "ffffffffffffffff", "{hex}\n", "{hex};a\nb"} {
		list = append(list, payload{fmt.Sprintf("chunk size %q", size), "{post}" + chunked + "\r\n" + size + "\r\n{body}\r\n0\r\n\r\n", refused})
	}
	return list
}

// heads are fields of a head.
func heads() []payload {
	list := []payload{
		{"bare LF throughout", "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\nHost: h\nAuthorization: Bearer {token}\n\n", one},
		{"bare CR throughout", "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\rHost: h\rAuthorization: Bearer {token}\r\r\r\n\r\n", refused},
		{"space before the first field", "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\r\n Host: h\r\nAuthorization: Bearer {token}\r\n\r\n", refused},
		{"folded field", "{get}X: a\r\n b\r\n\r\n", one},
		{"field without a name", "{get}: x\r\n\r\n", refused},
		{"field without a colon", "{get}nonsense\r\n\r\n", refused},
		{"NUL in a name", "{get}X\x00Y: z\r\n\r\n", refused},
		{"NUL in a value", "{get}X: a\x00b\r\n\r\n", refused},
		{"DEL in a value", "{get}X: a\x7fb\r\n\r\n", refused},
		{"high bytes in a name", "{get}X\xe2\x80\xae: z\r\n\r\n", refused},
		{"Host twice", "{get}Host: other\r\n\r\n", refused},
		{"Host missing", "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n", refused},
		{"authorization twice", "{get}Authorization: Bearer x.y.z\r\n\r\n", refused},
		{"key twice", "{post}X-API-Key: {key}\r\nContent-Length: {len}\r\n\r\n{body}", refused},
		{"type twice", "{post}Content-Type: text/plain\r\nContent-Length: {len}\r\n\r\n{body}", refused},
		{"WebSocket", "{get}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", refused},
		{"upgrade to h2c", "{get}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", refused},
		{"upgrade named by connection only", "{get}Connection: keep-alive, Upgrade\r\n\r\n", refused},
		{"expectation unknown", "{get}Expect: 200-ok\r\n\r\n", refused},
		{"100-continue", "{post}Expect: 100-continue\r\nContent-Length: {len}\r\n\r\n{body}", one},
		{"range", "{get}Range: bytes=0-1\r\n\r\n", refused},
		{"event stream", "{get}Accept: text/event-stream\r\n\r\n", refused},
		{"connection drops a field", "{get}Connection: Authorization\r\n\r\n", one},
		{"method override", "{get}X-HTTP-Method-Override: POST\r\n\r\n", one},
		{"address override", "{get}X-Original-URL: /internal/people\r\nX-Rewrite-URL: /internal/people\r\nX-Forwarded-Host: evil\r\nForwarded: host=evil\r\n\r\n", one},
	}
	for _, host := range []string{"", "h/x", "h h", "u@h", "h?x", "h#x", "h\\x", "<h>", "h\x01"} {
		list = append(list, payload{fmt.Sprintf("Host %q", host), "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer {token}\r\n\r\n", refused})
	}
	return list
}

// requestLines are first lines.
func requestLines() []payload {
	rest := "Host: h\r\nAuthorization: Bearer {token}\r\n\r\n"
	const path = "/reports/{person}?purpose=self-inquiry"
	list := []payload{
		{"HTTP/1.2", "GET " + path + " HTTP/1.2\r\n" + rest, one},
		{"absolute target", "GET http://h" + path + " HTTP/1.1\r\n" + rest, one},
		{"absolute target of another host", "GET http://other" + path + " HTTP/1.1\r\n" + rest, either},
		{"empty line first", "\r\nGET " + path + " HTTP/1.1\r\n" + rest, refused},
		{"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", refused},
		{"h2 preface, then text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET " + path + " HTTP/1.1\r\n" + rest, refused},
		{"h2 preface, another version", "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n", refused},
	}
	for _, line := range []string{
		"GET " + path, "GET " + path + " HTTP/1.0", "GET " + path + " HTTP/0.9", "GET " + path + " HTTP/2.0", "GET " + path + " http/1.1", "GET " + path + " HTTP/1.10",
		"GET " + path + " HTTP/1", "GET " + path + " HTTP/1.1 x", "GET\t" + path + "\tHTTP/1.1", "GET  " + path + " HTTP/1.1", "get " + path + " HTTP/1.1",
		"GE\rT " + path + " HTTP/1.1", "G\x00ET " + path + " HTTP/1.1", "HEAD " + path + " HTTP/1.1", "TRACE " + path + " HTTP/1.1", "OPTIONS * HTTP/1.1", "DELETE " + path + " HTTP/1.1",
		"GET https://h" + path + " HTTP/1.1", "GET http://" + path + " HTTP/1.1", "GET http://u@h" + path + " HTTP/1.1", "GET http:" + path + " HTTP/1.1", "GET h:80 HTTP/1.1",
		"CONNECT h:80 HTTP/1.1", "CONNECT " + path + " HTTP/1.1", "GET /" + path + " HTTP/1.1", "GET /x/.." + path + " HTTP/1.1", "GET /x/%2e%2e" + path + " HTTP/1.1",
		"GET /reports%2f{person}?purpose=self-inquiry HTTP/1.1", "GET \\reports\\{person}?purpose=self-inquiry HTTP/1.1", "GET " + path + "#x HTTP/1.1",
		"GET /reports/{person};x?purpose=self-inquiry HTTP/1.1", "GET /reports/{person}/?purpose=self-inquiry HTTP/1.1", "GET /reports/{person}%00?purpose=self-inquiry HTTP/1.1",
		"GET /reports/{person}%0d%0aX:%20y?purpose=self-inquiry HTTP/1.1", "GET /reports/{person}?purpose=self-inquiry;x=1 HTTP/1.1", "GET /Reports/{person}?purpose=self-inquiry HTTP/1.1",
	} {
		list = append(list, payload{fmt.Sprintf("line %q", strings.NewReplacer(path, "P", "{person}", "p").Replace(line)), line + "\r\n" + rest, refused})
	}
	return list
}

// try is a payload with names that are used once.
type try struct {
	class, name string
	raw         string
	end         bool // the client stops writing behind it
	marks       []string
	next        string // a mark of what must not arrive
	want        outcome
}

func (r *rig) fill(t *testing.T, p payload) try {
	t.Helper()
	user := r.user()
	person, token := r.person(t)
	other, otherToken := r.person(t)
	body := `{"user":"` + user + `","password":"a-guess"}`
	size, hex := strconv.Itoa(len(body)), strconv.FormatInt(int64(len(body)), 16)
	inner := strings.NewReplacer("{person}", person, "{token}", token, "{key}", demo.APIKey, "{len}", size, "{hex}", hex, "{body}", body, "{eof}", "")
	outer := strings.NewReplacer(
		"{post}", "POST /login HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n",
		"{get}", "GET /reports/{person}?purpose=self-inquiry HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n",
		"{hunk}", "{hex}\r\n{body}\r\n0\r\n\r\n",
		"{next}", "GET /reports/"+other+"?purpose=self-inquiry HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "+otherToken+"\r\n\r\n",
	)
	one := try{class: "smuggling", name: p.name, raw: inner.Replace(outer.Replace(p.raw)), end: strings.HasSuffix(p.raw, "{eof}"), marks: []string{user, person, token}, next: other, want: p.want}
	if p.name == "two requests at once" || p.name == "CL missing" {
		one.next = "" // two good requests are two requests, and a body that nobody declared is a bad one
	}
	return one
}

// smuggling sends bytes that no client library would.
func (r *rig) smuggling(t *testing.T) {
	for _, p := range payloads() {
		one := r.fill(t, p)
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			r.converse(t, one)
		})
	}
}

// reported tells of the answer to a good query: a report, or that it is too confidential.
func reported(a said) bool {
	p, _ := readProblem(a.body)
	return a.status == http.StatusOK || p.Error == fault.LabelLevel
}

// said is one answer.
type said struct {
	status int
	body   []byte
	id     string
}

// converse sends a try, reads what is answered, and where the connection stays open
// sends a good request behind it, which shows whether both ends agree where it ended.
func (r *rig) converse(t *testing.T, c try) {
	t.Helper()
	conn := r.dial(t, demo.FrontInternet)
	_ = conn.SetDeadline(time.Now().Add(readTimeout + leeway))
	if _, err := io.WriteString(conn, c.raw); err != nil {
		t.Logf("write: %v", err) // it was refused before it was sent
	}
	if c.end {
		_ = conn.(*net.UnixConn).CloseWrite()
	}
	in := bufio.NewReader(conn)
	first, open, err := r.listen(in, c.raw)
	if err == nil && open && c.next != "" {
		after, token := r.person(t) // no sign-in: the application bounds those
		fmt.Fprintf(conn, "GET /reports/%s?purpose=self-inquiry HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", after, token)
		if second, _, err := r.listen(in, "GET"); err != nil || !reported(second) || len(r.app.about(after)) != 1 {
			t.Errorf("the connection stayed open, and the good request behind it got %d %s, %v, %d at the application", second.status, second.body, err, len(r.app.about(after)))
		}
	}
	r.judge(t, c, first, err)
	if p, ok := readProblem(first.body); err == nil && open && (!ok && first.status >= 400 && !strings.HasPrefix(c.raw, "HEAD") && c.want == refused || p.Error == fault.RequestMalformed) {
		t.Errorf("it was refused with %d %s and the connection goes on", first.status, p.Error)
	}
}

// listen reads one answer to a request; open tells whether another may follow.
func (r *rig) listen(in *bufio.Reader, request string) (said, bool, error) {
	method, _, _ := strings.Cut(request, " ")
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return said{}, false, err
		}
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusContinue {
			continue
		}
		return said{resp.StatusCode, body, resp.Header.Get("Dukou-Id")}, !resp.Close, err
	}
}

// judge holds what came of a try against what must.
func (r *rig) judge(t *testing.T, c try, answer said, err error) {
	t.Helper()
	var reached []string
	for _, mark := range c.marks {
		if reached = r.app.about(mark); len(reached) > 0 {
			break
		}
	}
	if c.next != "" && len(r.app.about(c.next)) > 0 {
		t.Errorf("what was hidden in it reached the application: %q", r.app.about(c.next))
	}
	switch passed := len(reached) > 0; {
	case passed && (c.want == refused || len(reached) != 1):
		t.Errorf("%d requests reached the application: %q; the caller got %d", len(reached), reached, answer.status)
	case passed:
		r.same(t, c, reached[0])
		r.count(c.class, func(s *sum) { s.one++ })
	case c.want == one:
		t.Errorf("it did not reach the application; the caller got %d %s, %v", answer.status, answer.body, err)
	default:
		r.wantRefusal(t, c.class, c.name, answer, err)
	}
}

// wantRefusal wants a status, a code and an id, or a connection that ended.
func (r *rig) wantRefusal(t *testing.T, class, name string, answer said, err error) {
	t.Helper()
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("no answer and no end: %v", err)
		}
		r.count(class, func(s *sum) { s.other++ })
		return
	}
	p, ok := readProblem(answer.body)
	switch {
	case answer.status < 400:
		t.Errorf("answered with %d %s and nothing reached the application", answer.status, answer.body)
	case ok && answer.id != p.ID:
		t.Errorf("id %q in the head, %q in the body", answer.id, p.ID)
	case !ok && !plainRefusal(answer) && (len(answer.body) > 0 || answer.id == ""): // an answer to HEAD has no body
		t.Errorf("refused with %d and neither code nor id: %.200q", answer.status, answer.body)
	}
	code := fault.RequestMalformed
	switch {
	case ok:
		code = p.Error
	case answer.id != "":
		code, p.ID = fault.RouteUnknown, answer.id
	}
	if err := r.told(class+": "+name, code, p.ID); err != nil {
		t.Error(err)
	}
	r.count(class, func(s *sum) { s.refused++ })
}

// plainRefusal tells of the server's own words for what is no request at all: there is
// nothing that they could be formed by.
func plainRefusal(a said) bool {
	switch a.status {
	case http.StatusBadRequest, http.StatusExpectationFailed, http.StatusRequestHeaderFieldsTooLarge, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return len(a.body) < 200 && !bytes.Contains(a.body, []byte{'\r'})
	}
	return false
}

var parcelID = regexp.MustCompile(`[0-9a-f]{32}`)

// same holds a request at the application against a good one of its kind.
func (r *rig) same(t *testing.T, c try, reached string) {
	t.Helper()
	plain := func(text string, marks []string) string {
		for i, mark := range marks {
			text = strings.ReplaceAll(text, mark, fmt.Sprintf("{%d}", i))
		}
		return parcelID.ReplaceAllString(text, "{id}")
	}
	good := r.good(t)
	want := good[strings.HasPrefix(reached, "POST")]
	if got := plain(reached, c.marks); got != want {
		t.Errorf("the application was asked\n%s\na good request is\n%s", got, want)
	}
}

// good are a good sign-in and a good query as the application sees them, without what
// differs between two.
func (r *rig) good(t *testing.T) map[bool]string {
	t.Helper()
	r.baseline.Do(func() {
		r.plain = map[bool]string{}
		for isPost, raw := range map[bool]string{true: "{post}Content-Length: {len}\r\n\r\n{body}", false: "{get}\r\n"} {
			c := r.fill(t, payload{"baseline", raw, one})
			conn := r.dial(t, demo.FrontInternet)
			if _, err := io.WriteString(conn, c.raw); err != nil {
				t.Error(err)
			}
			if _, _, err := r.listen(bufio.NewReader(conn), c.raw); err != nil {
				t.Error(err)
			}
			var text string
			for _, mark := range c.marks {
				for _, seen := range r.app.about(mark) {
					text = seen
				}
			}
			for i, mark := range c.marks {
				text = strings.ReplaceAll(text, mark, fmt.Sprintf("{%d}", i))
			}
			if r.plain[isPost] = parcelID.ReplaceAllString(text, "{id}"); text == "" {
				t.Error("a good request did not reach the application")
			}
		}
	})
	return r.plain
}
