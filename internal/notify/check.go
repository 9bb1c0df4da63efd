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
		return invalid("zone", "there is no such time zone")
	}
	if c.Name == "" || len(c.Name) > 64 || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' }) {
		return invalid("name", "1 to 64 bytes")
	}
	if c.Least > 3 || c.Language != "zh" && c.Language != "en" {
		return invalid("language", "zh or en; the least level is 1, 2 or 3")
	}
	for _, w := range c.Windows {
		if _, err := parseWindow(w); err != nil {
			return invalid("windows", err.Error())
		}
	}
	if c.Authority != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(c.Authority)) {
		return invalid("authority", "not certificates in PEM")
	}
	switch c.Kind {
	case Mail:
		return c.checkMail(s)
	case Syslog:
		return c.checkSyslog()
	case Webhook, WeCom, DingTalk, Feishu:
		return c.checkHTTP(s)
	default:
		return invalid("kind", "mail, webhook, wecom, dingtalk, feishu or syslog")
	}
}

func invalid(field, detail string) error {
	return &problem.Error{Code: problem.Invalid, Detail: "the channel cannot be used: " + field + ": " + detail, Fields: []problem.Field{{Name: "body." + field, Detail: detail}}}
}

func checkServer(server string) error {
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" || port == "" || strings.ContainsAny(server, " \r\n") {
		return invalid("server", "HOST:PORT")
	}
	return nil
}

func (c *Channel) checkMail(s *Secrets) error {
	c.Security = cmp.Or(c.Security, "starttls")
	if err := checkServer(c.Server); err != nil {
		return err
	}
	for _, a := range append([]string{c.From}, c.To...) {
		if _, err := mail.ParseAddress(a); err != nil || strings.ContainsAny(a, "\r\n") {
			return invalid("from, to", "not an address")
		}
	}
	switch {
	case len(c.To) == 0 || len(c.To) > 50:
		return invalid("to", "1 to 50 addresses")
	case !slices.Contains([]string{"tls", "starttls", "none"}, c.Security):
		return invalid("security", "tls, starttls or none")
	case c.Security == "none" && (c.User != "" || s.Password != ""):
		return invalid("security", "a password is not sent in clear")
	case strings.ContainsAny(c.User+s.Password, "\r\n\x00"):
		return invalid("user", "one line")
	default:
		return nil
	}
}

func (c *Channel) checkSyslog() error {
	c.Security, c.Framing = cmp.Or(c.Security, "tls"), cmp.Or(c.Framing, "length")
	switch {
	case c.Security != "tls" && c.Security != "none":
		return invalid("security", "tls or none")
	case c.Framing != "length" && c.Framing != "newline":
		return invalid("framing", "length or newline")
	default:
		return checkServer(c.Server)
	}
}

// maxHeaders bounds the headers of one's own.
const maxHeaders = 20

func (c *Channel) checkHTTP(s *Secrets) error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return invalid("url", "http(s)://HOST/…, without a user and a fragment") // and not the URL itself: it is secret
	}
	if c.Proxy != "" {
		p, err := url.Parse(c.Proxy)
		if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" || p.User != nil {
			return invalid("proxy", "http://HOST:PORT, without a user")
		}
	}
	if c.Kind != Webhook && (len(s.Headers) > 0 || c.Template != "") {
		return invalid("template", "only a webhook has headers and a template of its own")
	}
	if len(s.Headers) > maxHeaders {
		return invalid("headers", "at most 20")
	}
	for name, value := range s.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || len(name)+len(value) > 4096 || owned(name) {
			return invalid("headers", "not a header that can be set")
		}
	}
	if c.Kind == Webhook {
		c.Content = cmp.Or(c.Content, "application/json")
		if !httpguts.ValidHeaderFieldValue(c.Content) {
			return invalid("contentType", "not a content type")
		}
		if _, err := parseTemplate(cmp.Or(c.Template, defaultTemplate)); err != nil {
			return invalid("template", err.Error())
		}
	}
	return nil
}

// owned are the headers that the transport writes itself.
func owned(name string) bool {
	return slices.Contains([]string{"host", "content-length", "transfer-encoding", "connection", "trailer", "upgrade", "accept-encoding"}, strings.ToLower(name))
}
