// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"cmp"
	"crypto/x509"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"dukou.dev/dukou/internal/problem"
)

// check fills in what is left out and refuses what cannot be a channel.
func (c *Channel) check(s *Secrets) error {
	c.Name = strings.TrimSpace(c.Name)
	c.Language, c.Zone, c.Least = cmp.Or(c.Language, "zh"), cmp.Or(c.Zone, "Asia/Shanghai"), max(c.Least, 1)
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" || len(c.Zone) > 64 {
		return invalid("zone", problem.Because(problem.NoSuch, "there is no such time zone"))
	}
	if c.Name == "" || len(c.Name) > 64 || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' }) {
		return invalid("name", problem.Between(problem.Bytes, 1, 64))
	}
	if c.Least > 3 {
		return invalid("least", problem.Between(problem.Number, 1, 3))
	}
	if c.Language != "zh" && c.Language != "en" {
		return invalid("language", problem.OneOf("zh", "en"))
	}
	for _, w := range c.Windows {
		if _, err := parseWindow(w); err != nil {
			return invalid("windows", problem.Like("1-5 09:00-18:00 1", "%s", err))
		}
	}
	if c.Authority != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(c.Authority)) {
		return invalid("authority", problem.Because(problem.Certificate, "not certificates in PEM"))
	}
	switch c.Kind {
	case Mail:
		return c.checkMail(s)
	case Syslog:
		return c.checkSyslog()
	case Webhook, WeCom, DingTalk, Feishu:
		return c.checkHTTP(s)
	default:
		return invalid("kind", problem.OneOf("mail", "webhook", "wecom", "dingtalk", "feishu", "syslog"))
	}
}

func invalid(field string, why problem.Why) error {
	return &problem.Error{Code: problem.Invalid, Detail: "the channel cannot be used: " + field + ": " + why.Detail, Fields: []problem.Field{why.At(field)}}
}

func checkServer(server string) error {
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" || port == "" || strings.ContainsAny(server, " \r\n") {
		return invalid("server", problem.Like("mail.bank.internal:587", "HOST:PORT"))
	}
	return nil
}

func (c *Channel) checkMail(s *Secrets) error {
	c.Security = cmp.Or(c.Security, "starttls")
	if err := checkServer(c.Server); err != nil {
		return err
	}
	for i, a := range append([]string{c.From}, c.To...) {
		field := "to"
		if i == 0 {
			field = "from"
		}
		if _, err := mail.ParseAddress(a); err != nil || strings.ContainsAny(a, "\r\n") {
			return invalid(field, problem.Like("duty@bank.internal", "not an address"))
		}
	}
	switch {
	case len(c.To) == 0 || len(c.To) > 50:
		return invalid("to", problem.Between(problem.Count, 1, 50))
	case !slices.Contains([]string{"tls", "starttls", "none"}, c.Security):
		return invalid("security", problem.OneOf("tls", "starttls", "none"))
	case c.Security == "none" && (c.User != "" || s.Password != ""):
		return invalid("security", problem.Because(problem.InClear, "a password is not sent in clear"))
	case strings.ContainsAny(c.User+s.Password, "\r\n\x00"):
		return invalid("user", problem.Because(problem.OneLine, "one line"))
	default:
		return nil
	}
}

func (c *Channel) checkSyslog() error {
	c.Security, c.Framing = cmp.Or(c.Security, "tls"), cmp.Or(c.Framing, "length")
	switch {
	case c.Security != "tls" && c.Security != "none":
		return invalid("security", problem.OneOf("tls", "none"))
	case c.Framing != "length" && c.Framing != "newline":
		return invalid("framing", problem.OneOf("length", "newline"))
	default:
		return checkServer(c.Server)
	}
}

// maxHeaders bounds the headers of one's own.
const maxHeaders = 20

func (c *Channel) checkHTTP(s *Secrets) error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return invalid("url", problem.Like("https://HOST/…", "http(s)://HOST/…, without a user and a fragment")) // and not the URL itself: it is secret
	}
	if c.Proxy != "" {
		p, err := url.Parse(c.Proxy)
		if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" || p.User != nil {
			return invalid("proxy", problem.Like("http://HOST:PORT", "http://HOST:PORT, without a user"))
		}
	}
	if c.Kind != Webhook && (len(s.Headers) > 0 || c.Template != "") {
		return invalid("template", problem.Because(problem.NotHere, "only a webhook has headers and a template of its own"))
	}
	if err := checkHeaders(s.Headers); err != nil || c.Kind != Webhook {
		return err
	}
	return c.checkBody()
}

func checkHeaders(headers map[string]string) error {
	if len(headers) > maxHeaders {
		return invalid("headers", problem.AtMost(problem.Count, maxHeaders))
	}
	for name, value := range headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || len(name)+len(value) > 4096 || owned(name) {
			return invalid("headers", problem.Because(problem.Form, "not a header that can be set"))
		}
	}
	return nil
}

// checkBody looks at what only a webhook may choose.
func (c *Channel) checkBody() error {
	c.Content = cmp.Or(c.Content, "application/json")
	if !httpguts.ValidHeaderFieldValue(c.Content) {
		return invalid("contentType", problem.Like("application/json", "not a content type"))
	}
	if _, err := parseTemplate(cmp.Or(c.Template, defaultTemplate)); err != nil {
		return invalid("template", problem.Because(problem.Other, err.Error()))
	}
	return nil
}

// owned are the headers that the transport writes itself.
func owned(name string) bool {
	return slices.Contains([]string{"host", "content-length", "transfer-encoding", "connection", "trailer", "upgrade", "accept-encoding"}, strings.ToLower(name))
}
