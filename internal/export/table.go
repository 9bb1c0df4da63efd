// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"dukou.dev/dukou/internal/problem"
)

// Form is a form of a file of entries.
type Form string

// The forms.
const (
	Excel  Form = "excel"  // CSV with a byte order mark, cells that begin a formula made text
	CSV    Form = "csv"    // for programs, RFC 4180
	NDJSON Form = "ndjson" // one JSON object a line
	OCSF   Form = "ocsf"   // one event of OCSF a line
	CEF    Form = "cef"    // one event of CEF a line
)

// ContentType is that of a file; its Name ends in Suffix.
func (f Form) ContentType() string {
	switch f {
	case Excel, CSV:
		return "text/csv; charset=utf-8"
	case NDJSON, OCSF:
		return "application/x-ndjson"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Suffix ends the name of a file.
func (f Form) Suffix() string {
	switch f {
	case Excel, CSV:
		return ".csv"
	case NDJSON, OCSF:
		return ".ndjson"
	default:
		return ".cef"
	}
}

// Writer writes entries in a form. End must be called.
type Writer struct {
	put func(*Entry) error
	end func() error
}

// NewWriter begins a file. version is this program's.
func NewWriter(w io.Writer, f Form, version string) (*Writer, error) {
	switch f {
	case Excel, CSV:
		return newTable(w, f == Excel)
	case NDJSON:
		return newLines(w, func(e *Entry) ([]byte, error) { return json.Marshal(e.row()) }), nil
	case OCSF:
		return newLines(w, func(e *Entry) ([]byte, error) { return e.OCSF(version) }), nil
	case CEF:
		return newLines(w, func(e *Entry) ([]byte, error) { return []byte(e.CEF(version)), nil }), nil
	default:
		return nil, problem.New(problem.Invalid, "the forms are excel, csv, ndjson, ocsf and cef")
	}
}

// Write writes an entry.
func (w *Writer) Write(e *Entry) error { return w.put(e) }

// End writes what is left.
func (w *Writer) End() error { return w.end() }

func newLines(to io.Writer, encode func(*Entry) ([]byte, error)) *Writer {
	b := bufio.NewWriter(to)
	return &Writer{end: b.Flush, put: func(e *Entry) error {
		line, err := encode(e)
		if err != nil {
			return err
		}
		_, err = b.Write(append(line, '\n'))
		return err
	}}
}

// row is an entry as NDJSON has it; the names are those of the columns of CSV.
type row struct {
	Time    string `json:"time"`
	Origin  string `json:"origin"`
	Index   uint64 `json:"index"`
	Class   string `json:"class"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
	Flow    string `json:"flow,omitempty"`
	Subject string `json:"subject,omitempty"`
	Action  string `json:"action,omitempty"`
	Object  string `json:"object,omitempty"`
	Parcel  string `json:"parcel,omitempty"`
	From    string `json:"from,omitempty"`
}

func (e *Entry) row() row {
	return row{e.stamp(), e.Origin, e.Index, string(e.Class), e.Verdict, e.Reason, e.Flow, e.Subject, e.Action, e.Object, e.Parcel, e.From}
}

func columns() []string {
	return []string{"time", "origin", "index", "class", "verdict", "reason", "flow", "subject", "action", "object", "parcel", "from"}
}

func (e *Entry) cells() []string {
	return []string{e.stamp(), e.Origin, strconv.FormatUint(e.Index, 10), string(e.Class), e.Verdict, e.Reason, e.Flow, e.Subject, e.Action, e.Object, e.Parcel, e.From}
}

// newTable begins a file of CSV. Excel takes a file without a byte order mark for one of
// the local code page, and runs cells that begin like a formula.
func newTable(to io.Writer, excel bool) (*Writer, error) {
	if excel {
		if _, err := io.WriteString(to, "\uFEFF"); err != nil {
			return nil, err
		}
	}
	c := csv.NewWriter(to)
	c.UseCRLF = excel
	if err := c.Write(columns()); err != nil {
		return nil, err
	}
	return &Writer{
		put: func(e *Entry) error {
			cells := e.cells()
			for i := range cells {
				cells[i] = plain(cells[i], false)
				if excel {
					cells[i] = asText(cells[i])
				}
			}
			return c.Write(cells)
		},
		end: func() error { c.Flush(); return c.Error() },
	}, nil
}

// asText keeps Excel from taking a cell for a formula. An East Asian one takes wide signs
// for the plain ones.
func asText(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}
