// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxMessage is the most bytes of one syslog message; what is longer is dropped and
// counted. RFC 5425 wants receivers to take 8192.
const MaxMessage = 64 << 10

// facility of all messages: log audit (RFC 5424, table 1).
const facility = 13

// Framing is how messages are told apart on a connection.
type Framing string

// The framings.
const (
	Octets  Framing = "octets"  // the length before each, RFC 5425
	Newline Framing = "newline" // a line feed behind each, RFC 6587 3.4.2, for receivers that do no better
)

// message is an entry as a message of RFC 5424. number counts the messages of a
// connection from 1.
func (e *Entry) message(f Form, version string, number uint32) ([]byte, error) {
	var body []byte
	var err error
	if f == CEF {
		body = []byte(e.CEF(version))
	} else {
		body, err = e.OCSF(version)
	}
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`<%d>1 %s %s dukou - %s [meta sequenceId="%d"] `,
		facility*8+e.severity().syslog, e.stamp(), printable(e.component(), 255), printable(string(e.Class), 32), number)
	if len(head)+len(body) > MaxMessage {
		return nil, fmt.Errorf("a message of %d bytes", len(head)+len(body))
	}
	return append([]byte(head), body...), nil
}

// frame puts a message, which has no line breaks, on the wire.
func frame(how Framing, message []byte) []byte {
	if how == Newline {
		return append(message, '\n')
	}
	return append(append(strconv.AppendInt(nil, int64(len(message)), 10), ' '), message...)
}

// printable makes a field of the header, which has visible ASCII only.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}
