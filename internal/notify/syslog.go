// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// syslogLines are a batch as messages of RFC 5424, one for each item. The structured data
// is under the enterprise number that is reserved for documentation (RFC 5612), since
// Dukou has none.
func syslogLines(host string, b *Batch) []string {
	const local0 = 16
	var lines []string
	for i := range b.Items {
		item := &b.Items[i]
		severity := [...]int{6, 5, 4, 2}[item.Level] // informational, notice, warning, critical
		if item.State == Resolved {
			severity = 6
		}
		data := "[dukou@32473"
		for _, p := range [...][2]string{{"alert", item.Alert}, {"rule", item.Rule}, {"state", item.State}, {"component", item.Component}, {"flow", item.Flow}, {"link", item.Link}} {
			if p[1] != "" {
				data += fmt.Sprintf(` %s="%s"`, p[0], escapeParam(p[1]))
			}
		}
		at := b.At.Format("2006-01-02T15:04:05.000Z07:00")
		lines = append(lines, fmt.Sprintf("<%d>1 %s %s dukou - alert %s] \xef\xbb\xbf%s", local0*8+severity, at, cmp.Or(host, "-"), data, item.Sentence))
	}
	if b.More > 0 {
		lines = append(lines, fmt.Sprintf("<%d>1 %s %s dukou - alert - \xef\xbb\xbf%s", local0*8+5, b.At.Format("2006-01-02T15:04:05.000Z07:00"), cmp.Or(host, "-"), fmt.Sprintf(wordsOf(b.language).more, b.More)))
	}
	return lines
}

// escapeParam writes a value of structured data (RFC 5424 section 6.3.3).
func escapeParam(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(value)
}

// framed puts messages one after the other: with their length before each (RFC 5425
// section 4.3), or a line feed after each (RFC 6587 section 3.4.2). A message has none.
func framed(framing string, lines []string) []byte {
	var b bytes.Buffer
	for _, line := range lines {
		if framing == "newline" {
			b.WriteString(line + "\n")
			continue
		}
		fmt.Fprintf(&b, "%d %s", len(line), line)
	}
	return b.Bytes()
}

func bySyslog(c *Channel, host string, b *Batch) sending {
	frames := framed(c.Framing, syslogLines(host, b))
	return sending{shown: string(frames), send: func(ctx context.Context) (string, error) {
		nc, err := c.dialSyslog(ctx)
		if err != nil {
			return "", err
		}
		if deadline, ok := ctx.Deadline(); ok {
			err = nc.SetDeadline(deadline)
		}
		if err == nil {
			_, err = nc.Write(frames)
		}
		return "", errors.Join(err, closeWritten(nc, err == nil))
	}}
}

// linger is how long a receiver may take to close after all was sent, or to say no: what
// is closed before it was read may be lost on the way.
const linger = 2 * time.Second

// closeWritten ends a connection on which all was written so that the other side has it.
func closeWritten(nc net.Conn, all bool) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok && all {
		if err := half.CloseWrite(); err != nil {
			return errors.Join(err, nc.Close())
		}
		_ = nc.SetReadDeadline(time.Now().Add(linger)) // it is open
		var one [1]byte
		_, err := nc.Read(one[:]) // a refusal of TLS 1.3, as of a client without a certificate, is only told here
		if alert, refused := errors.AsType[*net.OpError](err); refused && !alert.Timeout() {
			return errors.Join(err, nc.Close())
		}
	}
	_ = nc.Close() // what counts was told above
	return nil
}

func (c *Channel) dialSyslog(ctx context.Context) (net.Conn, error) {
	if c.Security == "none" {
		return (&net.Dialer{}).DialContext(ctx, "tcp", c.Server)
	}
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{Config: c.trust(host)}).DialContext(ctx, "tcp", c.Server)
}
