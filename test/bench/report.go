// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// report is written as Markdown while it comes into being, to one writer or several.
type report struct {
	out      io.Writer
	failures []string // of what Dukou itself should have done
}

func (r *report) section(title, text string) {
	fmt.Fprintf(r.out, "\n## %s\n\n%s\n\n", title, text)
}

func (r *report) note(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// table writes columns of one width, so that it can be read without Markdown, too.
func (r *report) table(head []string, rows [][]string) {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	r.row(widths, head)
	rule := make([]string, len(head))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	r.row(widths, rule)
	for _, row := range rows {
		r.row(widths, row)
	}
	fmt.Fprintln(r.out)
}

func (r *report) row(widths []int, row []string) {
	var b strings.Builder
	for i, text := range row {
		fmt.Fprintf(&b, "| %s%s ", text, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)))
	}
	fmt.Fprintln(r.out, b.String()+"|")
}

// failed notes what did not work. Of a peer it is told; of Dukou it is a failure of the run.
func (r *report) failed(s *series, ours bool) {
	if s.err == nil {
		return
	}
	r.note("%s: not measured to the end, %v", s.name, s.err)
	if ours {
		r.failures = append(r.failures, fmt.Sprintf("%s: %v", s.name, s.err))
	}
}

// spread is a median with the least and the greatest value beside it.
func spread(s *series, value int, format func(float64) string) string {
	list := s.values(value)
	if len(list) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%s – %s)", format(s.median(value)), format(slices.Min(list)), format(slices.Max(list)))
}

func count(s *series) string { return fmt.Sprint(len(s.runs)) }

// ratio is ours in terms of theirs, or of what a step costs in terms of another.
func ratio(ours, theirs float64) string {
	if ours == 0 || theirs == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ours/theirs)
}

func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// span writes a time that is given in seconds.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.0f µs", d.Seconds()*1e6)
	}
}

func bytes(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
