// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"dukou.dev/dukou/internal/front/fronttest"
)

// Frame types and flags of RFC 9113 section 6.
const (
	frameData     = 0
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7
	frameContinue = 9
	endStream     = 1
	endHeaders    = 4
)

func frame(kind, flags byte, stream uint32, body []byte) []byte {
	b := []byte{byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), body...)
}

// fields encodes header fields, given as name and value in turn, as they are.
func fields(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// plain is the four pseudo-header fields of a request.
func plain(method, path string, more ...string) []string {
	return append([]string{":method", method, ":scheme", "http", ":authority", "h", ":path", path}, append(more, "x-api-key", "key-of-the-asker")...)
}

// framePayload is frames of stream 1 that could become another request.
type framePayload struct {
	name   string
	frames [][]byte
	one    bool
}

func requestFrames(fieldPairs []string, body string) [][]byte {
	if body == "" {
		return [][]byte{frame(frameHeaders, endHeaders|endStream, 1, fields(fieldPairs...))}
	}
	return [][]byte{frame(frameHeaders, endHeaders, 1, fields(fieldPairs...)), frame(frameData, endStream, 1, []byte(body))}
}

func framePayloads() []framePayload {
	ofGet := func(name string, one bool, pairs ...string) framePayload {
		return framePayload{name, requestFrames(pairs, ""), one}
	}
	ofPost := func(name string, one bool, more ...string) framePayload {
		return framePayload{name, requestFrames(plain("POST", "/items/a", append([]string{"content-type", "application/json"}, more...)...), note), one}
	}
	key := "x-api-key"
	headers := fields(plain("GET", "/items/a")...)
	return []framePayload{
		ofGet("as it should be", true, plain("GET", "/items/a")...),
		ofPost("as it should be, with a body", true),
		ofPost("length right", true, "content-length", "12"),
		ofPost("length short", false, "content-length", "5"),
		ofPost("length long", false, "content-length", "50"),
		ofPost("length zero", false, "content-length", "0"),
		ofPost("length twice", false, "content-length", "12", "content-length", "0"),
		ofPost("length empty", false, "content-length", ""),
		ofPost("transfer-encoding", false, "transfer-encoding", "chunked"),
		ofPost("type twice", false, "content-type", "text/plain"),
		ofGet("connection", false, plain("GET", "/items/a", "connection", "close")...),
		ofGet("keep-alive", false, plain("GET", "/items/a", "keep-alive", "5")...),
		ofGet("upgrade", false, plain("GET", "/items/a", "upgrade", "websocket")...),
		ofGet("te", false, plain("GET", "/items/a", "te", "gzip")...),
		ofGet("name in capitals", false, plain("GET", "/items/a", "X-Other", "1")...),
		ofGet("name with CRLF", false, plain("GET", "/items/a", "x: y\r\ntransfer-encoding", "chunked")...),
		ofGet("name with colon", false, plain("GET", "/items/a", "x:y", "z")...),
		ofGet("name empty", false, plain("GET", "/items/a", "", "z")...),
		ofGet("value with CRLF", false, plain("GET", "/items/a", "x-other", "1\r\nHost: other")...),
		ofGet("value with LF", false, plain("GET", "/items/a", "x-other", "1\nHost: other")...),
		ofGet("value with NUL", false, plain("GET", "/items/a", "x-other", "a\x00b")...),
		ofGet("no path", false, ":method", "GET", ":scheme", "http", ":authority", "h", key, "key-of-the-asker"),
		ofGet("path empty", false, plain("GET", "")...),
		ofGet("path twice", false, plain("GET", "/items/a", ":path", "/items/b")...),
		ofGet("path relative", false, plain("GET", "items/a")...),
		ofGet("path with CRLF", false, plain("GET", "/items/a HTTP/1.1\r\nHost: other")...),
		ofGet("path with space", false, plain("GET", "/items/a b")...),
		ofGet("path absolute, another scheme", false, plain("GET", "https://h/items/a")...),
		ofGet("path of a network", false, plain("GET", "//items/a")...),
		ofGet("path with dots", false, plain("GET", "/x/../items/a")...),
		ofGet("path with fragment", false, plain("GET", "/items/a#b")...),
		ofGet("path asterisk", false, plain("OPTIONS", "*")...),
		ofGet("method with space", false, plain("GET /items/smuggled HTTP/1.1\r\nX:", "/items/a")...),
		ofGet("method empty", false, plain("", "/items/a")...),
		ofGet("method twice", false, plain("GET", "/items/a", ":method", "POST")...),
		ofGet("CONNECT", false, ":method", "CONNECT", ":authority", "h:80", key, "key-of-the-asker"),
		ofGet("CONNECT of WebSocket", false, plain("CONNECT", "/items/a", ":protocol", "websocket")...),
		ofGet("no scheme", false, ":method", "GET", ":authority", "h", ":path", "/items/a", key, "key-of-the-asker"),
		ofGet("another scheme", true, ":method", "GET", ":scheme", "https", ":authority", "h", ":path", "/items/a", key, "key-of-the-asker"),
		ofGet("no authority", false, ":method", "GET", ":scheme", "http", ":path", "/items/a", key, "key-of-the-asker"),
		ofGet("authority with a path", false, ":method", "GET", ":scheme", "http", ":authority", "h/x", ":path", "/items/a", key, "key-of-the-asker"),
		ofGet("authority and another host", false, plain("GET", "/items/a", "host", "other")...),
		ofGet("pseudo-header behind a field", false, ":method", "GET", ":scheme", "http", ":authority", "h", key, "key-of-the-asker", ":path", "/items/a"),
		ofGet("pseudo-header unknown", false, plain("GET", "/items/a", ":other", "x")...),
		ofGet("pseudo-header of an answer", false, plain("GET", "/items/a", ":status", "200")...),
		ofGet("key twice", false, plain("GET", "/items/a", key, "other")...),
		{"trailer", [][]byte{
			frame(frameHeaders, endHeaders, 1, fields(plain("POST", "/items/a", "content-type", "application/json", "trailer", "x-note")...)),
			frame(frameData, 0, 1, []byte(note)), frame(frameHeaders, endHeaders|endStream, 1, fields("x-note", "z")),
		}, false},
		{"trailer with a pseudo-header", [][]byte{
			frame(frameHeaders, endHeaders, 1, fields(plain("POST", "/items/a", "content-type", "application/json")...)),
			frame(frameData, 0, 1, []byte(note)), frame(frameHeaders, endHeaders|endStream, 1, fields(":path", "/items/b")),
		}, false},
		{"header in two frames", [][]byte{frame(frameHeaders, endStream, 1, headers[:9]), frame(frameContinue, endHeaders, 1, headers[9:])}, true},
		{"a frame between the two", [][]byte{
			frame(frameHeaders, endStream, 1, headers[:9]), frame(frameData, 0, 1, []byte("x")), frame(frameContinue, endHeaders, 1, headers[9:]),
		}, false},
		{"data without a request", [][]byte{frame(frameData, endStream, 1, []byte(note))}, false},
		{"an even stream", [][]byte{frame(frameHeaders, endHeaders|endStream, 2, headers)}, false},
		{"stream 0", [][]byte{frame(frameHeaders, endHeaders|endStream, 0, headers)}, false},
		{"broken compression", [][]byte{frame(frameHeaders, endHeaders|endStream, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff})}, false},
	}
}

// TestFrames sends frames of HTTP/2 that no client library would, on a plain
// connection. Each ends its stream, or reaches the application as one request.
func TestFrames(t *testing.T) {
	at, r := gate(t, "drop")
	for _, p := range framePayloads() {
		t.Run(p.name, func(t *testing.T) {
			r.Set(fronttest.Answer)
			status, err := exchangeFrames(t, at, p.frames)
			seen := r.Seen()
			if !p.one {
				if len(seen) != 0 || err == nil && status < 400 {
					t.Errorf("want none: seen %+v, status %d, %v", seen, status, err)
				}
				return
			}
			if len(seen) != 1 || seen[0].Item != "a" || len(p.frames) == 2 && seen[0].Note != "n" && seen[0].Note != "" || status != 200 {
				t.Errorf("want one request: seen %+v, status %d, %v", seen, status, err)
			}
		})
	}
}

var errReset = errors.New("stream or connection ended by the server")

// exchangeFrames sends frames and reads until stream 1 has a status or ends.
func exchangeFrames(t *testing.T, at net.Addr, frames [][]byte) (int, error) {
	t.Helper()
	conn, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	raw := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameSettings, 0, 0, nil)...)
	for _, f := range frames {
		raw = append(raw, f...)
	}
	if _, err := conn.Write(raw); err != nil {
		return 0, err
	}
	status := 0
	decoder := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		if f.Name == ":status" {
			for _, c := range f.Value {
				status = status*10 + int(c-'0')
			}
		}
	})
	for {
		var h [9]byte
		if _, err := io.ReadFull(conn, h[:]); err != nil {
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
				t.Error("the server neither answered nor ended the stream")
			}
			return 0, err
		}
		body := make([]byte, int(h[0])<<16|int(h[1])<<8|int(h[2]))
		if _, err := io.ReadFull(conn, body); err != nil {
			return 0, err
		}
		switch h[3] {
		case frameHeaders:
			_, err := decoder.Write(body)
			return status, err
		case frameReset, frameGoAway:
			return 0, errReset
		}
	}
}
