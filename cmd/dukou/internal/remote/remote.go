// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package remote calls a center's management interface: over its Unix socket or over
// TLS, with a session that is kept on the disk, an API token, or nothing.
package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 2 * time.Minute // until an answer begins
	maxProblem    = 1 << 20
	// MaxAnswer bounds an answer that is read as a whole, in bytes.
	MaxAnswer = 64 << 20
)

// Center is where a center's interface is, and as whom it is called.
type Center struct {
	Address Address
	Trust   Trust
	Secret  string // of a session or token; empty for none

	client *http.Client
}

// Address is where a center's interface is: "unix:PATH" or "https://HOST:PORT".
type Address struct {
	text   string
	socket string // the path of a Unix socket, or empty
	base   string // what calls' paths are added to
}

// ParseAddress reads an address. A bare path is that of a socket.
func ParseAddress(text string) (Address, error) {
	if strings.HasPrefix(text, "https://") {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
			return Address{}, fmt.Errorf("%q is not https://HOST:PORT", text)
		}
		return Address{text: "https://" + u.Host, base: "https://" + u.Host}, nil
	}
	path := strings.TrimPrefix(text, "unix:")
	if path == "" || strings.Contains(path, "://") {
		return Address{}, fmt.Errorf("%q is neither unix:PATH nor https://HOST:PORT", text)
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return Address{}, err
	}
	return Address{text: "unix:" + whole, socket: path, base: "http://center"}, nil
}

// String is the address as it is shown and kept.
func (a Address) String() string { return a.text }

// Host tells whether calls without a session are those of the center's own host.
func (a Address) Host() bool { return a.socket != "" }

// Zero tells whether no address was given.
func (a Address) Zero() bool { return a.text == "" }

// Request is one call.
type Request struct {
	Method, Path string // the path below the address, with /api, escaped
	Query        url.Values
	Header       http.Header
	Type         string // media type of the body
	Body         []byte
}

// Answer is what came back, with a status below 300. Who gets one closes its body.
type Answer struct {
	Status int
	Header http.Header
	Body   io.ReadCloser
}

// UnreachableError is a center that does not answer.
type UnreachableError struct {
	Address Address
	Err     error
}

// Error names the address, the cause, and for a certificate that nobody knows what it is
// to be compared with.
func (e *UnreachableError) Error() string {
	text := fmt.Sprintf("the center at %s cannot be reached: %v", e.Address, e.Err)
	if unknown, ok := errors.AsType[*tls.CertificateVerificationError](e.Err); ok && len(unknown.UnverifiedCertificates) > 0 {
		sum := sha256.Sum256(unknown.UnverifiedCertificates[0].RawSubjectPublicKeyInfo)
		text += fmt.Sprintf("\nGive its authority by --ca FILE. Or, if this is the fingerprint that the center's host shows: --pin %x", sum)
	}
	return text
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Call makes one call. A refusal is a [*Problem].
func (c *Center) Call(ctx context.Context, r *Request) (*Answer, error) {
	client, err := c.http()
	if err != nil {
		return nil, err
	}
	target := c.Address.base + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", r.Type)
	}
	request.Header.Set("User-Agent", "dukou") // as lists of sessions show it
	if c.Secret != "" {
		request.Header.Set("Authorization", "Bearer "+c.Secret)
	}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the address, which the caller names
		}
		return nil, &UnreachableError{c.Address, err}
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		defer response.Body.Close()
		return nil, problemOf(response)
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: response.Body}, nil
}

// Read makes one call and reads the whole answer.
func (c *Center) Read(ctx context.Context, r *Request) ([]byte, http.Header, error) {
	answer, err := c.Call(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
	if err != nil {
		return nil, nil, &UnreachableError{c.Address, err}
	}
	if len(body) > MaxAnswer {
		return nil, nil, fmt.Errorf("the center's answer is longer than %d bytes", MaxAnswer)
	}
	return body, answer.Header, nil
}

// JSON makes one call with a value as its body (nil for none) and reads the answer into
// another one (nil to leave it).
func (c *Center) JSON(ctx context.Context, method, path string, in, out any) error {
	r := &Request{Method: method, Path: path}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r.Type, r.Body = "application/json", body
	}
	body, _, err := c.Read(ctx, r)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the center's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// http is the client of all calls, which keeps connections.
func (c *Center) http() (*http.Client, error) {
	if c.client != nil {
		return c.client, nil
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{ResponseHeaderTimeout: answerTimeout, TLSHandshakeTimeout: dialTimeout, MaxIdleConnsPerHost: 2}
	if c.Address.socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", c.Address.socket)
		}
	} else {
		config, err := c.Trust.config()
		if err != nil {
			return nil, err
		}
		transport.DialContext, transport.TLSClientConfig, transport.ForceAttemptHTTP2 = dialer.DialContext, config, true
	}
	c.client = &http.Client{
		Transport: transport,
		// A redirection would carry the secret to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c.client, nil
}

// Close ends the connections that are kept.
func (c *Center) Close() {
	if c.client != nil {
		c.client.CloseIdleConnections()
	}
}
