// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
)

const (
	maxCell   = 64 // columns; a longer one is cut in tables
	shortTime = "2006-01-02 15:04:05 -07:00"

	english, chinese = "text", "chinese" // fields of a sentence in both languages
	difference       = "difference"      // what two persons sign over
)

// Show writes a value for people: a list as a table, a thing as its fields.
func Show(out io.Writer, v any) error {
	o, ok := v.(*Object)
	if name, rows, isList := Rows(v); isList {
		if err := List(out, rows); err != nil || !ok {
			return err
		}
		return rest(out, o, name)
	}
	if !ok {
		_, err := fmt.Fprintln(out, remote.Block(full(v)))
		return err
	}
	return Fields(out, o)
}

// rest writes what an answer says beside its list, but for where the list goes on.
func rest(out io.Writer, o *Object, list string) error {
	var lines [][]string
	for _, name := range o.Names {
		if text := o.Text(name); name != list && name != "next" && text != "" {
			lines = append(lines, []string{words(name), text})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return align(out, lines)
}

// List writes rows as a table. Columns that say nothing in any row are left out; the
// whole is in the JSON.
func List(out io.Writer, rows []any) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, "none")
		return err
	}
	names := columns(rows)
	if names == nil { // a list of plain values
		return plainList(out, rows)
	}
	both := slices.Contains(names, english)
	names = slices.DeleteFunc(names, func(name string) bool { return !shown(rows, name) || both && name == chinese })
	lines := [][]string{make([]string, len(names))}
	for i, name := range names {
		lines[0][i] = Heading(name)
	}
	for _, row := range rows {
		lines = append(lines, rowOf(row.(*Object), names)...)
	}
	return align(out, lines)
}

// rowOf is the line of a row. The Chinese of a sentence stands in a line below it; both are
// whole, for half of what is wrong helps nobody.
func rowOf(row *Object, names []string) [][]string {
	line, below := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		line[i] = cut(row.Text(name))
		if said := row.Text(chinese); name == english && said != "" {
			line[i], below[i] = row.Text(english), said
		}
	}
	if strings.Join(below, "") == "" {
		return [][]string{line}
	}
	return [][]string{line, below}
}

func plainList(out io.Writer, rows []any) error {
	for _, row := range rows {
		if _, err := fmt.Fprintln(out, cell(row)); err != nil {
			return err
		}
	}
	return nil
}

// shown tells whether a column of a table says something to people in some row: not what
// has parts or several lines, nor digests and the ids of other things.
func shown(rows []any, name string) bool {
	return slices.ContainsFunc(rows, func(row any) bool {
		v := row.(*Object).Values[name]
		text, isText := v.(string)
		return cell(v) != "" && !isBlock(v) && (name == "id" || name == "parcel" || !isText || !isHex(text))
	})
}

// isHex tells what is a digest or an id by its form.
func isHex(text string) bool {
	return len(text) >= 32 && strings.Trim(text, "0123456789abcdef") == ""
}

// Fields writes a thing: a line for each field, then a block for each that has several
// lines or parts of its own.
func Fields(out io.Writer, o *Object) error {
	var lines [][]string
	var blocks []string
	for _, name := range o.Names {
		if isBlock(o.Values[name]) {
			blocks = append(blocks, name)
		} else if text, isText := o.Values[name].(string); isText && name == difference && strings.Contains(text, "\t") {
			blocks = append(blocks, name)
		} else if text := cell(o.Values[name]); text != "" {
			lines = append(lines, []string{words(name), text})
		}
	}
	if err := align(out, lines); err != nil {
		return err
	}
	for _, name := range blocks {
		if err := block(out, name, o.Values[name]); err != nil {
			return err
		}
	}
	return nil
}

// isBlock tells what does not go into one line.
func isBlock(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(strings.TrimRight(v, "\n"), "\n")
	case *Object:
		return len(v.Names) > 0
	case []any:
		return columns(v) != nil
	default:
		return false
	}
}

func block(out io.Writer, name string, v any) error {
	if _, err := fmt.Fprintf(out, "\n%s\n", Heading(name)); err != nil {
		return err
	}
	switch v := v.(type) {
	case *Object:
		return Fields(out, v)
	case []any:
		return List(out, v)
	default:
		text := remote.Block(full(v))
		if name == difference {
			text = remote.Difference(full(v))
		}
		_, err := fmt.Fprintln(out, strings.TrimRight(text, "\n"))
		return err
	}
}

// Heading is a field's name as a column's: "notAfter" is NOT AFTER.
func Heading(name string) string { return strings.ToUpper(words(name)) }

// words takes a name of the interface apart: "notAfter" is "not after".
func words(name string) string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && lower {
			b.WriteByte(' ')
		}
		lower = !upper
		if r == '_' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return remote.Printable(strings.ToLower(b.String()))
}

// full is a value as text, whole.
func full(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = cell(part)
		}
		return strings.Join(parts, ", ")
	case *Object:
		parts := make([]string, 0, len(v.Names))
		for _, name := range v.Names {
			if text := cell(v.Values[name]); text != "" {
				parts = append(parts, words(name)+" "+text)
			}
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

// cell is a value in one line. Moments are shown in this host's time zone, with the offset.
func cell(v any) string {
	text := full(v)
	if s, ok := v.(string); ok && len(s) >= len("2006-01-02T15:04:05Z") && s[4] == '-' {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			if t.IsZero() {
				return ""
			}
			return t.Local().Format(shortTime)
		}
	}
	return strings.TrimSpace(remote.Printable(strings.TrimRight(text, "\n")))
}

func cut(text string) string { return runewidth.Truncate(text, maxCell, "…") }

// align writes lines with their columns one below the other, whatever is wide.
func align(out io.Writer, lines [][]string) error {
	var widths []int
	for _, line := range lines {
		for i, text := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(text))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, text := range line {
			b.WriteString(text + strings.Repeat(" ", widths[i]-runewidth.StringWidth(text)+2))
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// Differences are the lines "name: before → after" of two versions of a thing; none for
// two things of which the one is no version of the other.
func Differences(before, after any) []string {
	a, okA := before.(*Object)
	b, okB := after.(*Object)
	if !okA || !okB {
		return nil
	}
	shared := 0
	for _, name := range b.Names {
		if _, there := a.Values[name]; there {
			shared++
		}
	}
	if 2*shared < len(b.Names) {
		return nil
	}
	var lines []string
	for _, name := range b.Names {
		was, is := cell(a.Values[name]), cell(b.Values[name])
		if _, there := a.Values[name]; was != is && (there || is != "") {
			lines = append(lines, fmt.Sprintf("%s: %s → %s", words(name), orNothing(was), orNothing(is)))
		}
	}
	return lines
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return cut(text)
}
