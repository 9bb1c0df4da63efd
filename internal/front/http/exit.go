// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/parcel"
)

// DefaultTimeout bounds a question whose flow states no limit of its own.
const DefaultTimeout = 30 * time.Second

func timeout(millis int64) time.Duration {
	if millis <= 0 {
		return DefaultTimeout
	}
	return time.Duration(millis) * time.Millisecond
}

// Target is one application.
type Target struct {
	// Address is "http://HOST:PORT", "https://HOST:PORT" or "unix:PATH" (plain HTTP
	// on a Unix socket), without path or query.
	Address string
	Host    string // Host field to send; the address's host if empty, "localhost" on a Unix socket
	CA      string // PEM file of those who certify the application; the system's if empty
	Pin     string // SHA-256 in hex of the application's public key (SPKI); empty for none
}

// ExitConfig says which applications an exit reaches.
type ExitConfig struct {
	Targets map[string]Target
	Log     *slog.Logger
}

// Exit puts questions to applications by HTTP/1.1.
type Exit struct {
	targets map[string]*pool
	log     *slog.Logger
}

var _ front.Exit = (*Exit)(nil)

// NewExit checks the configuration; connections are made when they are needed.
func NewExit(c ExitConfig) (*Exit, error) {
	if c.Log == nil {
		return nil, errors.New("http exit: a log is needed")
	}
	x := &Exit{targets: map[string]*pool{}, log: c.Log}
	for name, t := range c.Targets {
		p, err := newPool(t)
		if err != nil {
			return nil, fmt.Errorf("http target %q: %w", name, err)
		}
		x.targets[name] = p
	}
	return x, nil
}

func newPool(t Target) (*pool, error) {
	p := &pool{network: "tcp", scheme: "http", host: t.Host, life: idleLife}
	if path, ok := strings.CutPrefix(t.Address, "unix:"); ok && path != "" {
		p.network, p.address = "unix", path
		if p.host == "" {
			p.host = "localhost"
		}
		return p, nil
	}
	u, err := url.Parse(t.Address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("address %q is not http://HOST:PORT, https://HOST:PORT or unix:PATH", t.Address)
	}
	to, err := net.ResolveTCPAddr("tcp", u.Host) // now: a confined process looks up no names
	if err != nil {
		return nil, err
	}
	p.scheme, p.address = u.Scheme, to.String()
	if p.host == "" {
		p.host = u.Host
	}
	if u.Scheme == "https" {
		p.tls, err = t.tls(u.Hostname())
	}
	return p, err
}

func (t Target) tls(name string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, NextProtos: []string{"http/1.1"}}
	var err error
	if t.CA != "" {
		conf.RootCAs, err = loadPool(t.CA)
	} else {
		conf.RootCAs, err = x509.SystemCertPool() // now: a confined process cannot read it later
	}
	if err != nil {
		return nil, err
	}
	if t.Pin == "" {
		return conf, nil
	}
	pin, err := hex.DecodeString(t.Pin)
	if err != nil || len(pin) != sha256.Size {
		return nil, fmt.Errorf("pin %q is not a SHA-256 in hex", t.Pin)
	}
	conf.InsecureSkipVerify = t.CA == "" // the pin alone is the identity, unless a CA is named too
	conf.VerifyConnection = func(s tls.ConnectionState) error {
		if sum := sha256.Sum256(s.PeerCertificates[0].RawSubjectPublicKeyInfo); !bytes.Equal(sum[:], pin) {
			return errors.New("the application has another key than the pinned one")
		}
		return nil
	}
	return conf, nil
}

// Close ends the idle connections. Questions under way go on.
func (x *Exit) Close() error {
	for _, p := range x.targets {
		p.close()
	}
	return nil
}

// Ask puts one question to the application of a flow, at most once.
func (x *Exit) Ask(ctx context.Context, c front.Call) (parcel.Record, error) {
	p := x.targets[c.Flow.Target]
	if p == nil {
		return nil, fault.New(fault.TargetUnavailable, "no target %q", c.Flow.Target)
	}
	name, _ := c.Content["form"].(string)
	s, err := shapeOf(c.Flow, name)
	if err != nil {
		return nil, fault.Wrap(fault.ContentInvalid, err, "flow %q", c.Flow.Name)
	}
	wire, err := s.build(c, p.host, p.scheme)
	if err != nil {
		return nil, fault.Wrap(fault.ContentInvalid, err, "question")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout(c.Flow.Limits.TimeoutMillis))
	defer cancel()
	got, err := p.exchange(ctx, question{method: s.method, wire: wire, limit: limit(c.Flow.Limits.AnswerBytes)})
	if err != nil {
		x.log.Info("no answer", "id", c.ID, "target", c.Flow.Target, "error", err)
		return nil, err
	}
	content, err := s.take(got)
	if err != nil {
		x.log.Info("answer refused", "id", c.ID, "target", c.Flow.Target, "status", got.status, "error", err)
	}
	return content, err
}
