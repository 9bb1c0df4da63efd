// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// accept takes in connections until ctx ends.
func (i *Intake) accept(ctx context.Context) error {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{i.Certificate},
		ClientAuth: tls.RequireAnyClientCert, // which one it is decides, not who signed it
	}
	stop := context.AfterFunc(ctx, func() { _ = i.Listener.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, maxConns)
	for {
		nc, err := i.Listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case room <- struct{}{}:
		default:
			_ = nc.Close() // as many as there may be
			continue
		}
		all.Go(func() {
			defer func() { <-room }()
			i.serve(ctx, tls.Server(nc, config))
		})
	}
}

// serve takes in one connection.
func (i *Intake) serve(ctx context.Context, c *tls.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.NetConn().Close() })()
	address := hostOf(c.RemoteAddr())
	shake, cancel := context.WithTimeout(ctx, 10*time.Second)
	err := c.HandshakeContext(shake)
	cancel()
	if err != nil {
		i.Log.Debug("intake: handshake", "from", address, "error", err)
		return
	}
	sum := sha256.Sum256(c.ConnectionState().PeerCertificates[0].Raw)
	s, err := i.byFingerprint(ctx, hex.EncodeToString(sum[:]))
	if err != nil {
		i.stranger(address, hex.EncodeToString(sum[:]), err)
		return
	}
	if !i.hold(s.ID, c) {
		i.counted(s.ID, 0, 1)
		return
	}
	defer i.release(s.ID, c)
	if err := i.takeAll(ctx, &s, c, address); err != nil && ctx.Err() == nil {
		i.Log.Info("intake: a sender's connection ended", "source", s.Name, "error", err)
	}
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return "local"
	}
	return host
}

// stranger records, once a minute at the most, that somebody came who is not registered.
func (i *Intake) stranger(address, sum string, err error) {
	if problem.CodeOf(err) != problem.Unknown {
		i.Log.Error("intake", "error", err)
		return
	}
	i.mu.Lock()
	now := i.Now()
	quiet := now.Sub(i.strangers) < time.Minute
	if !quiet {
		i.strangers = now
	}
	i.mu.Unlock()
	if !quiet {
		i.Record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: "source-unknown", Subject: "source/" + sum, Action: "intake", Object: address})
	}
}

// hold notes a connection of a source, unless it has enough.
func (i *Intake) hold(id string, c net.Conn) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns[id]) >= connsOfOne {
		return false
	}
	if i.conns[id] == nil {
		i.conns[id] = map[net.Conn]bool{}
	}
	i.conns[id][c] = true
	return true
}

func (i *Intake) release(id string, c net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if delete(i.conns[id], c); len(i.conns[id]) == 0 {
		delete(i.conns, id)
	}
}

// drop ends the connections of a source that was changed.
func (i *Intake) drop(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for c := range i.conns[id] {
		if t, ok := c.(*tls.Conn); ok {
			_ = t.NetConn().Close() // who serves it ends
		}
	}
}

// takeAll records what a source sends, as fast as it may. One that is faster waits: TCP
// tells it so, and nothing is lost.
func (i *Intake) takeAll(ctx context.Context, s *Source, c *tls.Conn, address string) error {
	r := bufio.NewReaderSize(c, 64<<10)
	limit := i.limit(s)
	for {
		if err := c.SetReadDeadline(time.Now().Add(quietFor)); err != nil {
			return err
		}
		text, cut, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := limit.Wait(ctx); err != nil {
			return err
		}
		t := readSyslog(text, i.Now())
		t.From, t.Cut = address, cut
		i.Record(s.entry(t)) // who sends syslog hears nothing; the journal fails aloud
		i.counted(s.ID, 1, 0)
	}
}

// readFrame reads one message: by its length, as RFC 5425 says, or up to a line feed, as
// many senders do. What is longer than MaxText is cut.
func readFrame(r *bufio.Reader) (text []byte, cut bool, err error) {
	for {
		first, err := r.Peek(1)
		if err != nil {
			return nil, false, err
		}
		if first[0] != '\n' && first[0] != '\r' && first[0] != 0 {
			break
		}
		_, _ = r.Discard(1) // between messages
	}
	if first, _ := r.Peek(1); first[0] >= '1' && first[0] <= '9' {
		return readCounted(r)
	}
	return readLineFrame(r)
}

func readCounted(r *bufio.Reader) ([]byte, bool, error) {
	size := 0
	for n := 0; ; n++ {
		c, err := r.ReadByte()
		if err != nil {
			return nil, false, err
		}
		if c == ' ' && n > 0 {
			break
		}
		if c < '0' || c > '9' || n > 7 {
			return nil, false, errors.New("a message that begins with neither a length nor '<'")
		}
		size = 10*size + int(c-'0')
	}
	if size > maxOversize {
		return nil, false, fmt.Errorf("a message of %d bytes", size)
	}
	text := make([]byte, min(size, MaxText))
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, false, err
	}
	if size == len(text) {
		return text, false, nil
	}
	_, err := r.Discard(size - len(text))
	return text, true, err
}

func readLineFrame(r *bufio.Reader) (text []byte, cut bool, err error) {
	for skipped := 0; ; {
		part, err := r.ReadSlice('\n')
		keep := min(len(part), MaxText-len(text))
		text = append(text, part[:keep]...)
		if skipped += len(part) - keep; skipped > maxOversize {
			return nil, false, errors.New("a line without an end")
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(text) > 0, err == nil:
			return trimEnd(text), skipped > 0, nil
		default:
			return nil, false, err
		}
	}
}

func trimEnd(text []byte) []byte {
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r' || text[len(text)-1] == 0) {
		text = text[:len(text)-1]
	}
	return text
}

// readSyslog reads a message as RFC 5424, else as RFC 3164, else it is a text.
func readSyslog(text []byte, now time.Time) told {
	t := told{Detail: Detail{Format: "text", Text: strings.ToValidUTF8(string(text), "\uFFFD")}}
	t.summary = t.Text
	if m, err := rfc5424.NewParser().Parse(text); err == nil {
		if m, ok := m.(*rfc5424.SyslogMessage); ok {
			t.Format = "rfc5424"
			t.fill(&m.Base)
			return t
		}
	}
	m, err := rfc3164.NewParser(rfc3164.WithYear(rfc3164.Year{YYYY: now.Year()}), rfc3164.WithEmbeddedNewlines(), rfc3164.WithBestEffort()).Parse(text)
	if m, ok := m.(*rfc3164.SyslogMessage); ok && m != nil && err == nil {
		t.Format = "rfc3164"
		t.fill(&m.Base)
	}
	return t
}

// fill takes over what the sender says of itself.
func (t *told) fill(m *syslog.Base) {
	if m.Timestamp != nil {
		t.Time = max(m.Timestamp.UnixMilli(), 0)
	}
	if m.Hostname != nil {
		t.Host = line(*m.Hostname, audit.MaxString)
	}
	if m.Appname != nil {
		t.app = *m.Appname
	}
	if m.MsgID != nil && t.app == "" {
		t.app = *m.MsgID
	}
	if s := m.SeverityShortLevel(); s != nil {
		t.Severity = *s
	}
	if m.Message != nil {
		t.summary = *m.Message
	}
}
