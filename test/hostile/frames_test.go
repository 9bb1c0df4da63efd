// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"dukou.dev/dukou/internal/demo"
)

// Frame types and flags of RFC 9113 section 6.
const (
	frameData     = 0
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	framePush     = 5
	framePing     = 6
	frameGoAway   = 7
	frameWindow   = 8
	frameContinue = 9
	endStream     = 1
	ack           = 1
	endHeaders    = 4
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

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

// framed is frames of stream 1 that could become another request than they look like.
type framed struct {
	name   string
	frames func(person, token string) [][]byte
	want   outcome
}

// plain is a good query, with fields before and behind its own.
func plain(person, token string, more ...string) []string {
	return append([]string{":method", "GET", ":scheme", "http", ":authority", "h", ":path", "/reports/" + person + "?purpose=self-inquiry", "authorization", "Bearer " + token}, more...)
}

func one1(pairs []string) [][]byte {
	return [][]byte{frame(frameHeaders, endHeaders|endStream, 1, fields(pairs...))}
}

// framings are what two readers of HTTP/2 could take for different requests.
func framings() []framed {
	list := []framed{
		{"good", func(p, k string) [][]byte { return one1(plain(p, k)) }, one},
		{"in two frames", func(p, k string) [][]byte {
			b := fields(plain(p, k)...)
			return [][]byte{frame(frameHeaders, endStream, 1, b[:9]), frame(frameContinue, endHeaders, 1, b[9:])}
		}, one},
		{"path first", func(p, k string) [][]byte {
			return one1([]string{":path", "/reports/" + p + "?purpose=self-inquiry", ":method", "GET", ":scheme", "http", ":authority", "h", "authorization", "Bearer " + k})
		}, one},
		{"a frame of another stream between", func(p, k string) [][]byte {
			b := fields(plain(p, k)...)
			return [][]byte{frame(frameHeaders, endStream, 1, b[:9]), frame(frameData, 0, 1, nil), frame(frameContinue, endHeaders, 1, b[9:])}
		}, refused},
		{"continuation without a beginning", func(p, k string) [][]byte {
			return [][]byte{frame(frameContinue, endHeaders, 1, fields(plain(p, k)...))}
		}, refused},
		{"stream 0", func(p, k string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders|endStream, 0, fields(plain(p, k)...))}
		}, refused},
		{"an even stream", func(p, k string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders|endStream, 2, fields(plain(p, k)...))}
		}, refused},
		{"a pushed request", func(p, k string) [][]byte {
			return [][]byte{frame(framePush, endHeaders, 1, append([]byte{0, 0, 0, 2}, fields(plain(p, k)...)...))}
		}, refused},
		{"a table index that is none", func(string, string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders|endStream, 1, []byte{0xff, 0xff, 0xff, 0x7f})}
		}, refused},
		{"a body that its length does not have", func(p, k string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders, 1, fields(plain(p, k, "content-length", "5")...)), frame(frameData, endStream, 1, []byte("123"))}
		}, either},
		{"a trailer", func(p, k string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders, 1, fields(plain(p, k)...)), frame(frameHeaders, endHeaders|endStream, 1, fields("x-a", "b"))}
		}, either},
		{"a frame larger than agreed", func(p, k string) [][]byte {
			return [][]byte{frame(frameHeaders, endHeaders|endStream, 1, append(fields(plain(p, k)...), make([]byte, 1<<20)...))}
		}, refused},
	}
	change := func(name string, want outcome, pairs func(p, k string) []string) {
		list = append(list, framed{name, func(p, k string) [][]byte { return one1(pairs(p, k)) }, want})
	}
	for _, drop := range []string{":method", ":scheme", ":path", ":authority"} {
		change("without "+drop, refused, func(p, k string) []string {
			var kept []string
			all := plain(p, k)
			for i := 0; i < len(all); i += 2 {
				if all[i] != drop {
					kept = append(kept, all[i], all[i+1])
				}
			}
			return kept
		})
		change(drop+" twice", refused, func(p, k string) []string { return append([]string{drop, "x"}, plain(p, k)...) })
		change(drop+" at the end", refused, func(p, k string) []string { return plain(p, k, drop, "x") })
	}
	for _, more := range [][2]string{
		{":protocol", "websocket"}, {":status", "200"}, {":unknown", "x"}, {"transfer-encoding", "chunked"}, {"connection", "close"}, {"upgrade", "h2c"}, {"keep-alive", "5"}, {"proxy-connection", "x"},
		{"te", "gzip"}, {"X-Upper", "y"}, {"x y", "z"}, {"x:y", "z"}, {"", "z"}, {"x\r\ny", "z"}, {"x", "a\r\nb"}, {"x", "a\x00b"}, {"host", "other"},
		{"authorization", "Bearer x.y.z"}, {"range", "bytes=0-1"}, {"trailer", "x-a"},
	} {
		change(fmt.Sprintf("with %q: %q", more[0], more[1]), refused, func(p, k string) []string { return plain(p, k, more[0], more[1]) })
	}
	for _, more := range [][2]string{{"content-length", "-1"}, {"content-length", "+0"}, {"expect", "200-ok"}} { // the frames say where it ends
		change(fmt.Sprintf("with %q: %q", more[0], more[1]), either, func(p, k string) []string { return plain(p, k, more[0], more[1]) })
	}
	for _, value := range [][2]string{
		{":method", "GET /x HTTP/1.1\r\n"}, {":method", "CONNECT"}, {":method", "get"}, {":method", ""}, {":scheme", "http://h/?"}, {":path", ""}, {":path", "*"}, {":path", "reports"}, {":path", "//reports"},
		{":path", "/ HTTP/1.1\r\nX: y"}, {":path", "http://h/internal/people"}, {":path", "/x/../internal/people"}, {":authority", ""}, {":authority", "a b"}, {":authority", "u@h"}, {":authority", "h/internal"},
	} {
		change(fmt.Sprintf("%s is %q", value[0], value[1]), refused, func(p, k string) []string {
			all := plain(p, k)
			for i := 0; i < len(all); i += 2 {
				if all[i] == value[0] {
					all[i+1] = value[1]
				}
			}
			return all
		})
	}
	return list
}

// frames speaks HTTP/2 as no client would.
func (r *rig) frames(t *testing.T) {
	for _, f := range framings() {
		person, token := r.person(t)
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			raw := preface + string(frame(frameSettings, 0, 0, nil))
			for _, b := range f.frames(person, token) {
				raw += string(b)
			}
			answer, err := r.speak(t, raw)
			r.judge(t, try{class: "frames", name: f.name, marks: []string{"no such user", person, token}, want: f.want}, answer, err)
		})
	}
	t.Run("floods", r.floods)
}

// errReset says that the server refused a stream, or the connection, by a frame.
var errReset = errors.New("refused by a frame")

// speak sends bytes and reads frames until stream 1 or the connection has ended.
func (r *rig) speak(t *testing.T, raw string) (said, error) {
	t.Helper()
	conn := r.dial(t, demo.FrontInternet)
	_ = conn.SetDeadline(time.Now().Add(25 * time.Second))
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Logf("write: %v", err)
	}
	var a said
	decoder := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		switch f.Name {
		case ":status":
			_, _ = fmt.Sscanf(f.Value, "%d", &a.status)
		case "dukou-id":
			a.id = f.Value
		}
	})
	for {
		kind, flags, stream, body, err := readFrame(conn)
		if err != nil {
			return a, err
		}
		switch kind {
		case frameHeaders:
			if _, err := decoder.Write(body); err != nil {
				return a, err
			}
		case frameData:
			a.body = append(a.body, body...)
		case frameReset, frameGoAway:
			return a, errReset
		}
		if (kind == frameHeaders || kind == frameData) && stream > 0 && flags&endStream != 0 {
			return a, nil
		}
	}
}

func readFrame(from io.Reader) (kind, flags byte, stream uint32, body []byte, err error) {
	var head [9]byte
	if _, err = io.ReadFull(from, head[:]); err != nil {
		return 0, 0, 0, nil, err
	}
	body = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(from, body)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]) &^ (1 << 31), body, err
}

// floods send more of what costs little than any client would; each ends its
// connection, or is served at its own cost, and others are answered meanwhile.
func (r *rig) floods(t *testing.T) {
	stranger := fields(":method", "GET", ":scheme", "http", ":authority", "h", ":path", "/nothing")
	for name, flood := range map[string]func(nc net.Conn, i int) error{
		"continuations": func(nc net.Conn, i int) error {
			if i == 0 {
				return write(nc, frame(frameHeaders, endStream, 1, stranger))
			}
			return write(nc, frame(frameContinue, 0, 1, fields("x", strings.Repeat("a", 1_000))))
		},
		"empty continuations": func(nc net.Conn, i int) error {
			if i == 0 {
				return write(nc, frame(frameHeaders, endStream, 1, stranger))
			}
			return write(nc, frame(frameContinue, 0, 1, nil))
		},
		"rapid reset": func(nc net.Conn, i int) error {
			stream := uint32(2*i + 1)
			return write(nc, append(frame(frameHeaders, endHeaders|endStream, stream, stranger), frame(frameReset, 0, stream, []byte{0, 0, 0, 8})...))
		},
		"more streams than agreed": func(nc net.Conn, i int) error {
			return write(nc, frame(frameHeaders, endHeaders, uint32(2*i+1), stranger))
		},
		"settings": func(nc net.Conn, _ int) error {
			return write(nc, frame(frameSettings, 0, 0, []byte{0, 3, 0, 0, 0, 1}))
		},
		"pings": func(nc net.Conn, _ int) error { return write(nc, frame(framePing, 0, 0, make([]byte, 8))) },
		"empty data": func(nc net.Conn, i int) error {
			if i == 0 {
				return write(nc, frame(frameHeaders, endHeaders, 1, stranger))
			}
			return write(nc, frame(frameData, 0, 1, nil))
		},
		"windows of 0": func(nc net.Conn, i int) error {
			if i == 0 {
				return write(nc, frame(frameSettings, 0, 0, []byte{0, 4, 0, 0, 0, 0}))
			}
			return write(nc, frame(frameHeaders, endHeaders|endStream, uint32(2*i-1), stranger))
		},
		"window beyond all": func(nc net.Conn, _ int) error {
			return write(nc, frame(frameWindow, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}))
		},
		"a table of 4 GiB": func(nc net.Conn, i int) error {
			if i == 0 {
				return write(nc, frame(frameSettings, 0, 0, []byte{0, 1, 0xff, 0xff, 0xff, 0xff}))
			}
			return write(nc, frame(frameHeaders, endHeaders|endStream, uint32(2*i-1), append([]byte{0x3f, 0xff, 0xff, 0xff, 0x7f}, stranger...)))
		},
		"one field a thousand times by its index": func(nc net.Conn, i int) error {
			b := append(fields(":method", "GET", ":scheme", "http", ":authority", "h", ":path", "/nothing", "x-large", strings.Repeat("a", 3_000)), bytes.Repeat([]byte{0xbe}, 1_000)...)
			return write(nc, frame(frameHeaders, endHeaders|endStream, uint32(2*i+1), b))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.flood(t, name, flood)
		})
	}
}

func write(nc net.Conn, b []byte) error {
	_, err := nc.Write(b)
	return err
}

// flood sends up to 5,000 and reads what comes, while a good request is asked.
func (r *rig) flood(t *testing.T, name string, send func(net.Conn, int) error) {
	t.Helper()
	nc := r.dial(t, demo.FrontInternet)
	_ = nc.SetDeadline(time.Now().Add(8 * time.Second))
	read := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, nc) // ends with the connection
		read <- n
	}()
	err := write(nc, append([]byte(preface), frame(frameSettings, 0, 0, nil)...))
	sent := 0
	for ; err == nil && sent < 5_000; sent++ {
		err = send(nc, sent)
	}
	r.wantAnswer(t)
	_ = nc.Close()
	how := "and it went on"
	if err != nil {
		how = "then " + strings.TrimPrefix(err.Error(), "write unix ")
		if errors.Is(err, os.ErrDeadlineExceeded) {
			how = "then it was no longer read"
		}
	}
	t.Logf("%s: %d sent, %d bytes answered, %s", name, sent, <-read, how)
	r.count("frames", func(s *sum) { s.other++ })
}
