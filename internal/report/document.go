// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what is shown.
const (
	maxRows = 1000 // of a section
	maxCell = 200  // characters
)

// document is a report before it has a form.
type document struct {
	Words    words
	Title    string
	Facts    [][2]string
	Sections []section
}

// section is one table.
type section struct {
	Title  string
	Heads  []string
	Widths []float64 // shares of the page's width
	Rows   [][]string
	Note   string
}

// heading is what a report says of itself.
type heading struct {
	ID, Unit, By string
	From, To     time.Time
	Made         time.Time
	Zone         *time.Location
	Language     Language
}

func compose(h heading, n *Numbers) document {
	w := wordsOf(h.Language)
	d := document{Words: w, Title: w.Title, Facts: [][2]string{
		{w.Unit, clean(h.Unit)},
		{w.Period, stamp(h.From, h.Zone) + " " + w.Through + " " + stamp(h.To, h.Zone)},
		{w.Made, stamp(h.Made, h.Zone)},
		{w.By, clean(h.By)},
		{w.Number, h.ID},
	}}
	if h.Unit != "" {
		d.Title = clean(h.Unit) + " " + w.Title
	}
	for _, s := range []section{
		w.volumes(n), w.counts(w.Reasons, w.Reason, n.Reasons), w.acts(n, h.Zone), w.logins(n, h.Zone),
		w.components(n, h.Zone), w.findings(n, h.Zone), w.logs(n), w.counts(w.Entries, w.Class, n.Classes),
	} {
		d.Sections = append(d.Sections, s.bounded(&w))
	}
	return d
}

// bounded cuts a section to what is shown, cleans its cells, and says what is not there.
func (s section) bounded(w *words) section {
	if more := len(s.Rows) - maxRows; more > 0 {
		s.Rows = s.Rows[:maxRows]
		s.Note = strings.TrimSpace(s.Note + " " + fmt.Sprintf(w.More, number(int64(more))))
	}
	for _, row := range s.Rows {
		for i := range row {
			row[i] = clean(row[i])
		}
	}
	if len(s.Rows) == 0 && s.Note == "" {
		s.Note = w.None
	}
	return s
}

func (w *words) volumes(n *Numbers) section {
	s := section{Title: w.Volumes, Heads: []string{w.Flow, w.Passed, w.Refused, w.Bytes}, Widths: []float64{4, 2, 2, 2}}
	for _, f := range n.Flows {
		bytes := w.Unknown
		if f.Bytes >= 0 {
			bytes = number(f.Bytes)
		}
		s.Rows = append(s.Rows, []string{f.Name, number(f.Passed), number(f.Refused), bytes})
	}
	return s
}

func (w *words) counts(title, name string, counts []Count) section {
	s := section{Title: title, Heads: []string{name, w.Count}, Widths: []float64{6, 2}}
	for _, c := range counts {
		s.Rows = append(s.Rows, []string{c.Name, number(c.Count)})
	}
	return s
}

func (w *words) acts(n *Numbers, zone *time.Location) section {
	s := section{Title: w.Acts, Heads: []string{w.At, w.Who, w.Act, w.Object, w.Verdict}, Widths: []float64{3, 2, 2.5, 3.5, 1.2}}
	for _, a := range n.Acts {
		s.Rows = append(s.Rows, []string{stamp(a.At, zone), a.Who, a.Act, a.Object, a.Verdict})
	}
	if n.ActsTotal > int64(len(n.Acts)) {
		s.Note = fmt.Sprintf(w.Of, number(n.ActsTotal)) + " " + fmt.Sprintf(w.More, number(n.ActsTotal-int64(len(n.Acts))))
	}
	return s
}

func (w *words) logins(n *Numbers, zone *time.Location) section {
	s := section{Title: w.Logins, Heads: []string{w.Account, w.Done, w.Refused, w.Last}, Widths: []float64{3, 1.5, 1.5, 3}}
	for _, l := range n.Logins {
		s.Rows = append(s.Rows, []string{l.Account, number(l.Done), number(l.Refused), w.time(l.Last, zone)})
	}
	return s
}

func (w *words) components(n *Numbers, zone *time.Location) section {
	s := section{Title: w.Components, Heads: []string{w.Component, w.Role, w.Zone, w.State, w.Bundle, w.Ends}, Widths: []float64{2.5, 1.5, 1.5, 2, 1, 3}}
	for _, c := range n.Components {
		s.Rows = append(s.Rows, []string{c.Name, c.Role, c.Zone, c.State, strconv.FormatUint(c.Bundle, 10), w.time(c.Ends, zone)})
	}
	return s
}

func (w *words) findings(n *Numbers, zone *time.Location) section {
	s := section{Title: w.Findings, Heads: []string{w.Finding, w.Severity, w.Owner, w.State, w.Due, w.Overdue}, Widths: []float64{4, 1.2, 1.8, 1.5, 3, 1}}
	for _, f := range n.Findings {
		s.Rows = append(s.Rows, []string{f.Title, w.severity(f.Severity), w.owner(f.Owner), w.state(f.State), w.time(f.Due, zone), w.yes(f.Overdue)})
	}
	return s
}

func (w *words) logs(n *Numbers) section {
	s := section{Title: w.Logs, Heads: []string{w.Log, w.Recorded, w.Verified, w.Witnessed, w.State}, Widths: []float64{3, 1.5, 1.7, 1.8, 2}}
	for _, l := range n.Logs {
		s.Rows = append(s.Rows, []string{l.Origin, strconv.FormatUint(l.Entries, 10), strconv.FormatUint(l.Verified, 10), strconv.FormatUint(l.Witnessed, 10), l.State})
	}
	return s
}

func (w *words) time(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return w.Unknown
	}
	return stamp(t, zone)
}

// stamp is a time with its offset from UTC, which is never left to be guessed.
func stamp(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 -07:00")
}

// number groups digits by three.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// clean makes one line of what others chose: no control, no invisible and no private
// characters, none beyond the plane that fonts of reports have, and not too many.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r >= 0xfffe || !unicode.IsGraphic(r) || unicode.Is(unicode.Co, r):
			return '\uFFFD'
		default:
			return r
		}
	}, s)
	if utf8.RuneCountInString(s) > maxCell {
		s = string([]rune(s)[:maxCell-1]) + "…"
	}
	return s
}
