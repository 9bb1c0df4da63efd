// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"
)

// sending is a message on its way.
type sending struct {
	shown string                                               // its bytes, secrets masked
	send  func(ctx context.Context) (answer string, err error) // the error holds no secrets
}

// trust is how a channel's TLS is verified.
func (c *Channel) trust(host string) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if c.Authority != "" {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM([]byte(c.Authority))
	}
	return config
}

func overHTTP(c *Channel, s *Secrets, b *Batch, now time.Time) (sending, error) {
	var p post
	var err error
	switch c.Kind {
	case WeCom:
		p, err = weCom(s, b)
	case DingTalk:
		p, err = dingTalk(s, b, now)
	case Feishu:
		p, err = feishu(s, b, now)
	default:
		p.url = s.URL
		p.body, err = fill(c.Template, b)
	}
	if err != nil {
		return sending{}, err
	}
	request, err := http.NewRequest(http.MethodPost, p.url, bytes.NewReader(p.body)) //nolint:noctx // it gets one when it is sent
	if err != nil {
		return sending{}, errURL
	}
	request.Close = true // messages are rare
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Dukou")
	request.Header.Set("Accept-Encoding", "identity")
	if c.Kind == Webhook {
		request.Header.Set("Content-Type", c.Content)
		for name, value := range s.Headers {
			request.Header.Set(name, value)
		}
	}
	dump, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return sending{}, errURL
	}
	return sending{
		shown: masked(string(dump), c.Kind, request.URL, s, p.sign),
		send:  func(ctx context.Context) (string, error) { return c.post(ctx, request) },
	}, nil
}

// masked takes secrets out of a request that is shown.
func masked(dump string, kind Kind, u *url.URL, s *Secrets, sign string) string {
	line, rest, _ := strings.Cut(dump, "\r\n")
	line = strings.Replace(line, u.RequestURI(), maskedURI(kind, u), 1)
	dump = line + "\r\n" + rest
	secrets := []string{s.URL, s.Secret, sign}
	for _, value := range s.Headers {
		secrets = append(secrets, value)
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if secret != "" {
			dump = strings.ReplaceAll(dump, secret, hidden)
		}
	}
	return dump
}

// maskedURI is where a request goes, without the key that is in it: a value of the query,
// the last part of Feishu's path, anything of a webhook's.
func maskedURI(kind Kind, u *url.URL) string {
	path := u.EscapedPath()
	switch at := strings.LastIndexByte(path, '/'); {
	case kind == Webhook:
		return "/" + hidden
	case kind == Feishu && at >= 0:
		path = path[:at+1] + hidden
	}
	var query []string
	for name := range u.Query() {
		query = append(query, url.QueryEscape(name)+"="+hidden)
	}
	slices.Sort(query)
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// post sends a request, over a connection of its own, and reads what was said to it.
// Redirections are not followed: what is told goes where it was set to go.
func (c *Channel) post(ctx context.Context, request *http.Request) (string, error) {
	transport := &http.Transport{TLSClientConfig: c.trust(""), TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10}
	if c.Proxy != "" {
		proxy, err := url.Parse(c.Proxy)
		if err != nil {
			return "", errURL
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	body, err := request.GetBody()
	if err != nil {
		return "", err
	}
	request = request.Clone(ctx)
	request.Body = body
	answer, err := client.Do(request)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the other half of the sentence is the address, with its key
		}
		return "", err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	text := fmt.Sprintf("%s\n%s", answer.Status, shorten(strings.ToValidUTF8(string(said), "?"), 2000))
	switch {
	case err != nil:
		return text, err
	case answer.StatusCode/100 != 2:
		return text, fmt.Errorf("answered with status %d", answer.StatusCode)
	case c.Kind == Webhook:
		return text, nil
	default:
		return text, understood(c.Kind, said)
	}
}
