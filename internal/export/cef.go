// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strconv"
	"strings"
)

// CEF is an entry in the Common Event Format, version 0, without line breaks.
func (e *Entry) CEF(version string) string {
	var b strings.Builder
	b.WriteString("CEF:0")
	for _, field := range []string{"Dukou", "Dukou", version, e.signature(), e.title(), strconv.Itoa(e.severity().cef)} {
		b.WriteByte('|')
		b.WriteString(cefHeader(field))
	}
	b.WriteByte('|')
	first := true
	for _, x := range e.extension() {
		if x[1] == "" {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(x[0] + "=" + cefValue(x[1]))
	}
	return b.String()
}

// signature is the id of the kind of event.
func (e *Entry) signature() string {
	s := string(e.Class) + ":" + e.Verdict
	if e.Reason != "" {
		s += ":" + e.Reason
	}
	return s
}

func (e *Entry) title() string {
	if e.Action == "" {
		return string(e.Class) + " " + e.Verdict
	}
	return string(e.Class) + " " + e.Verdict + " " + e.Action
}

func (e *Entry) extension() [][2]string {
	return [][2]string{
		{"rt", strconv.FormatInt(e.Time, 10)}, {"externalId", e.ID()}, {"cat", string(e.Class)}, {"dvchost", e.component()},
		{"suser", e.Subject}, {"src", e.address()}, {"act", e.Action}, {"outcome", e.Verdict}, {"reason", e.Reason},
		{"cs1Label", named(e.Flow, "flow")}, {"cs1", e.Flow},
		{"cs2Label", named(e.Object, "object")}, {"cs2", e.Object},
		{"cs3Label", named(e.Parcel, "parcel")}, {"cs3", e.Parcel},
		{"cs4Label", named(e.Leaf, "leaf")}, {"cs4", e.Leaf},
	}
}

func (e *Entry) address() string {
	if e.From == "local" {
		return ""
	}
	return e.From
}

// named is the label of a custom field, unless the field is empty.
func named(value, name string) string {
	if value == "" {
		return ""
	}
	return name
}

// cefHeader escapes a field of the header, which has no form for line breaks.
func cefHeader(s string) string {
	return strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(plain(s, false))
}

// cefValue escapes a value of the extension.
func cefValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`).Replace(plain(s, true))
}

// plain makes valid UTF-8 without control characters, but for line breaks where they can
// be written. What separates lines for some readers (U+0085, U+2028, U+2029) counts as one.
func plain(s string, breaks bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case (r == '\n' || r == '\r') && breaks:
			return r
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029:
			return '\uFFFD'
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
