// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	nethttp "net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/front/fronttest"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/policy"
)

// A payload is bytes of which two parsers might make different requests. The one
// that it may be taken for has item "a", and note "n" if it has a body.
type payload struct {
	name string
	raw  string
	one  bool // exactly one request reaches the application; otherwise none does and the connection ends
}

const (
	key  = "X-API-Key: key-of-the-asker\r\n"
	head = "Host: h\r\n" + key
	get  = "GET /items/a HTTP/1.1\r\n" + head
	post = "POST /items/a HTTP/1.1\r\n" + head + "Content-Type: application/json\r\n"
	note = `{"note":"n"}` // 12 bytes
	next = "GET /items/smuggled HTTP/1.1\r\n" + head + "\r\n"
	hunk = "c\r\n" + note + "\r\n0\r\n\r\n"
)

func payloads() []payload {
	return []payload{
		// Length against chunks: chunks win, and nothing behind them is read.
		{"CL.TE", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + hunk + next, true},
		{"TE.CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + hunk + next, true},
		{"CL.TE, ends at once", "GET /items/a HTTP/1.1\r\n" + head + "Content-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, true},
		{"TE alone, more behind", post + "Transfer-Encoding: chunked\r\n\r\n" + hunk + next, true},
		{"TE.0, body on GET", get + "Transfer-Encoding: chunked\r\n\r\n" + hunk + next, true},
		{"TE twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + hunk, false},
		{"TE twice, one unknown", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n" + hunk, false},
		{"TE list", post + "Transfer-Encoding: identity, chunked\r\n\r\n" + hunk, false},
		{"TE gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + hunk, false},
		{"TE identity", post + "Transfer-Encoding: identity\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE unknown", post + "Transfer-Encoding: xchunked\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE with tab", post + "Transfer-Encoding:\tchunked\r\n\r\n" + hunk + next, true},
		{"TE with vertical tab", post + "Transfer-Encoding: \x0bchunked\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE with quotes", post + "Transfer-Encoding: \"chunked\"\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE in capitals", post + "Transfer-Encoding: CHUNKED\r\n\r\n" + hunk + next, true},
		{"TE space before colon", post + "Transfer-Encoding : chunked\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE behind a bare CR", post + "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE behind a bare LF", post + "X: y\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + hunk + next, true},
		{"TE folded", post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 12\r\n\r\n" + hunk + next, true},
		{"TE with NUL", post + "Transfer-Encoding: chunked\x00\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE with high byte", post + "Transfer-Encoding: chunked\xff\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE in HTTP/1.0", "POST /items/a HTTP/1.0\r\n" + head + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + hunk + next, false},
		{"TE empty", post + "Transfer-Encoding:\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"TE with underscore", post + "Transfer_Encoding: chunked\r\nContent-Length: 12\r\n\r\n" + note, true},
		// Lengths.
		{"CL empty", post + "Content-Length:\r\n\r\n" + note, false},
		{"CL twice, equal", post + "Content-Length: 12\r\nContent-Length: 12\r\n\r\n" + note, true},
		{"CL twice, different", post + "Content-Length: 12\r\nContent-Length: 0\r\n\r\n" + note, false},
		{"CL list", post + "Content-Length: 12, 12\r\n\r\n" + note, false},
		{"CL plus", post + "Content-Length: +12\r\n\r\n" + note, false},
		{"CL minus", post + "Content-Length: -12\r\n\r\n" + note, false},
		{"CL hexadecimal", post + "Content-Length: 0xc\r\n\r\n" + note, false},
		{"CL with space inside", post + "Content-Length: 1 2\r\n\r\n" + note, false},
		{"CL with underscore", post + "Content-Length: 1_2\r\n\r\n" + note, false},
		{"CL too large for a number", post + "Content-Length: 18446744073709551628\r\n\r\n" + note, false},
		{"CL space before colon", post + "Content-Length : 12\r\n\r\n" + note, false},
		{"CL short", post + "Content-Length: 11\r\n\r\n" + note, false},
		{"CL on GET hides a request", get + "Content-Length: " + strconv.Itoa(len(next)) + "\r\n\r\n" + next, true},
		// Chunks.
		{"chunk extension", post + "Transfer-Encoding: chunked\r\n\r\nc;a=b\r\n" + note + "\r\n0\r\n\r\n" + next, true},
		{"chunk extension with bare LF", post + "Transfer-Encoding: chunked\r\n\r\nc;a\nb\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk size with bare LF", post + "Transfer-Encoding: chunked\r\n\r\nc\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk size empty", post + "Transfer-Encoding: chunked\r\n\r\n\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0xc\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk size with plus", post + "Transfer-Encoding: chunked\r\n\r\n+c\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk size too large", post + "Transfer-Encoding: chunked\r\n\r\n1000000000000000c\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk longer than stated", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n" + note + "\r\n0\r\n\r\n", false},
		{"chunk end without CR", post + "Transfer-Encoding: chunked\r\n\r\nc\r\n" + note + "\n0\r\n\r\n", false},
		{"trailer announced", post + "Trailer: X-Note\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n" + note + "\r\n0\r\nX-Note: z\r\n\r\n", false},
		{"trailer not announced", post + "Transfer-Encoding: chunked\r\n\r\nc\r\n" + note + "\r\n0\r\nX-Note: z\r\n\r\n", false},
		{"trailer with a length", post + "Transfer-Encoding: chunked\r\n\r\nc\r\n" + note + "\r\n0\r\nContent-Length: 5\r\n\r\n" + next, false},
		// Heads.
		{"bare LF", strings.ReplaceAll(get+"\r\n", "\r\n", "\n"), true},
		{"bare CR", strings.ReplaceAll(get+"\r\n", "\r\n", "\r") + "\r\n\r\n", false},
		{"space before the first field", "GET /items/a HTTP/1.1\r\n " + head + "\r\n", false},
		{"field without a name", get + ": x\r\n\r\n", false},
		{"field without a colon", get + "nonsense\r\n\r\n", false},
		{"NUL in a name", get + "X\x00Y: z\r\n\r\n", false},
		{"NUL in a value", get + "X: a\x00b\r\n\r\n", false},
		{"Host twice", get + "Host: other\r\n\r\n", false},
		{"Host missing", "GET /items/a HTTP/1.1\r\n" + key + "\r\n", false},
		{"Host empty", "GET /items/a HTTP/1.1\r\nHost:\r\n" + key + "\r\n", false},
		{"Host with a path", "GET /items/a HTTP/1.1\r\nHost: h/items/b\r\n" + key + "\r\n", false},
		{"Host with spaces", "GET /items/a HTTP/1.1\r\nHost: h h\r\n" + key + "\r\n", false},
		{"key twice", get + key + "\r\n", false},
		{"type twice", post + "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n" + note, false},
		{"header larger than the bound", get + "X: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", false},
		// Request lines.
		{"HTTP/0.9", "GET /items/a\r\n\r\n", false},
		{"HTTP/1.0", "GET /items/a HTTP/1.0\r\n" + head + "\r\n", false},
		{"HTTP/1.2", "GET /items/a HTTP/1.2\r\n" + head + "\r\n", true},
		{"HTTP/2.0 in text", "GET /items/a HTTP/2.0\r\n" + head + "\r\n", false},
		{"version in lower case", "GET /items/a http/1.1\r\n" + head + "\r\n", false},
		{"tabs between", "GET\t/items/a\tHTTP/1.1\r\n" + head + "\r\n", false},
		{"two spaces", "GET  /items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"space in the target", "GET /items/a b HTTP/1.1\r\n" + head + "\r\n", false},
		{"method with CR", "GE\rT /items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"empty lines first", "\r\n\r\n" + get + "\r\n", false},
		{"absolute target", "GET http://h/items/a HTTP/1.1\r\n" + head + "\r\n", true},
		{"absolute target, another scheme", "GET https://h/items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"absolute target, no host", "GET http:///items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"absolute target with a user", "GET http://u@h/items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"opaque target", "GET http:items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"authority target", "CONNECT h:80 HTTP/1.1\r\n" + head + "\r\n", false},
		{"CONNECT with a path", "CONNECT /items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"asterisk target", "OPTIONS * HTTP/1.1\r\n" + head + "\r\n", false},
		{"target is a network path", "GET //items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with dot segments", "GET /x/../items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped dots", "GET /x/%2e%2e/items/a HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped slash", "GET /items%2fa HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with backslash", "GET /items\\a HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped backslash", "GET /items/a%5cb HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped NUL", "GET /items/a%00 HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped CRLF", "GET /items/a%0d%0aX:%20y HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with escaped letter", "GET /items/%61 HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with overlong UTF-8", "GET /items/%c0%ae HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with broken escape", "GET /items/a%2 HTTP/1.1\r\n" + head + "\r\n", false},
		{"target with fragment", "GET /items/a#b HTTP/1.1\r\n" + head + "\r\n", false},
		{"query with semicolon", "GET /items/a?x=1;y=2 HTTP/1.1\r\n" + head + "\r\n", false},
		// What the connection could become.
		{"WebSocket", get + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", false},
		{"upgrade to h2c", get + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", false},
		{"upgrade named by connection only", get + "Connection: keep-alive, Upgrade\r\n\r\n", false},
		{"expectation unknown", get + "Expect: 200-ok\r\n\r\n", false},
		{"range", get + "Range: bytes=0-1\r\n\r\n", false},
		{"event stream", get + "Accept: text/event-stream\r\n\r\n", false},
		{"TLS record", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", false},
		{"h2 preface, then text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + get + "\r\n", false},
		{"h2 preface, another version", "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n" + get + "\r\n", false},
	}
}

// gate is an entry with an application behind it that answers all and records it.
func gate(t testing.TB, unknown string) (net.Addr, *fronttest.Recorder) {
	r := &fronttest.Recorder{}
	app := newApplication(t, r, "tcp", false)
	b := fronttest.Bundle(1, fronttest.Permit, suiteFlow)
	b.Flows[0].Unknown, b.Flows[0].Limits.TimeoutMillis = unknown, 20_000
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	c := fronttest.NewCrossing(p, app.Exit(), fronttest.Account{Subject: "outside/asker", APIKey: "key-of-the-asker"})
	return startEntry(t, c, http.Listener{Network: "tcp", Address: "127.0.0.1:0"}), r
}

// TestSmuggling sends bytes that no client library would. Each either is refused
// and ends its connection, or reaches the application as the one request.
func TestSmuggling(t *testing.T) {
	at, r := gate(t, "drop")
	for _, p := range payloads() {
		t.Run(p.name, func(t *testing.T) {
			r.Set(fronttest.Answer)
			answers, closed := converse(t, at, p.raw)
			seen := r.Seen()
			if !p.one {
				if len(seen) != 0 || !closed || len(answers) > 1 || len(answers) == 1 && answers[0] < 400 {
					t.Errorf("want none and a closed connection: seen %+v, answers %v, closed %t", seen, answers, closed)
				}
				return
			}
			want := ""
			if strings.HasPrefix(p.raw, "POST") {
				want = "n"
			}
			if len(seen) > 0 && seen[len(seen)-1].Item == "after" {
				seen = seen[:len(seen)-1]
			}
			if len(seen) != 1 || seen[0].Item != "a" || seen[0].Note != want || len(answers) == 0 || answers[0] != 200 {
				t.Errorf("want one request: seen %+v, answers %v", seen, answers)
			}
		})
	}
}

// converse sends raw bytes and reads the answers. On a connection that stays open
// after an answer it sends another request, which shows whether both ends agree
// where the first one ended.
func converse(t *testing.T, at net.Addr, raw string) (answers []int, closed bool) {
	t.Helper()
	conn, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Logf("write: %v", err)
	}
	in := bufio.NewReader(conn)
	for range 2 {
		resp, err := nethttp.ReadResponse(in, nil)
		if err != nil {
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
				return answers, false
			}
			return answers, true
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return answers, true
		}
		answers = append(answers, resp.StatusCode)
		if resp.Close {
			_, err := in.ReadByte()
			return answers, err != nil
		}
		if _, err := io.WriteString(conn, "GET /items/after HTTP/1.1\r\n"+head+"Connection: close\r\n\r\n"); err != nil {
			return answers, true
		}
	}
	return answers, false
}
