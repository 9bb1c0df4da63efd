// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// sendTimeout bounds one attempt to send.
const sendTimeout = 15 * time.Second

// letter is a batch as a mail in plain text.
func letter(c *Channel, b *Batch) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := m.From(c.From); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if err := m.To(c.To...); err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	m.Subject(b.Title)
	m.SetDateWithValue(b.At)
	m.SetMessageIDWithValue(messageID(b))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers with a vacation note
	m.SetBodyString(mail.TypeTextPlain, b.text(style{prefix: "  ", breaks: "\n", between: "\n\n"}, 0)+"\n")
	return m, nil
}

// messageID is the same for the same batch, so that one that is sent twice is one.
func messageID(b *Batch) string {
	id := strconv.FormatInt(b.At.UnixMilli(), 10)
	if len(b.Items) > 0 {
		id += "." + cmp.Or(b.Items[0].Alert, "test") + "." + b.Items[0].State
	}
	return id + "@dukou"
}

func byMail(c *Channel, s *Secrets, b *Batch) (sending, error) {
	m, err := letter(c, b)
	if err != nil {
		return sending{}, err
	}
	var bytes bytes.Buffer
	if _, err := m.WriteTo(&bytes); err != nil {
		return sending{}, fmt.Errorf("write the mail: %w", err)
	}
	return sending{shown: bytes.String(), send: func(ctx context.Context) (string, error) {
		client, err := mailer(c, s)
		if err != nil {
			return "", err
		}
		err = client.DialAndSendWithContext(ctx, m)
		return shorten(plain(m.ServerResponse()), 500), err
	}}, nil
}

func mailer(c *Channel, s *Secrets) (*mail.Client, error) {
	host, service, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return nil, err
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(sendTimeout), mail.WithHELO("dukou"), mail.WithTLSConfig(c.trust(host))}
	switch c.Security {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(s.Password))
	}
	return mail.NewClient(host, options...)
}
