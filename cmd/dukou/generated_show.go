// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"strings"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/cmd/dukou/internal/table"
	"dukou.dev/dukou/internal/fault"
)

// show makes the call and prints its answer.
func (g *generated) show(l *link, r *remote.Request, before *earlier) error {
	answer, err := l.call(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")) // none is as good as unknown
	if kind != "application/json" {
		return g.save(l, answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, remote.MaxAnswer))
	if err != nil {
		return &remote.UnreachableError{Address: l.Address, Err: err}
	}
	g.tellChange(l, before, body, answer.Header)
	if g.everything {
		return g.pages(l, r, body)
	}
	return g.print(l, body)
}

// save writes an answer that is not JSON as it is.
func (g *generated) save(l *link, answer *remote.Answer) error {
	out := l.cmd.OutOrStdout()
	if g.output != "" {
		f, err := os.OpenFile(g.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, answer.Body)
		return errors.Join(err, f.Close())
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(answer.Body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return &remote.UnreachableError{Address: l.Address, Err: err}
	}
	if n == 0 {
		fmt.Fprintln(l.cmd.ErrOrStderr(), "done")
		return nil
	}
	if isTerminal(out) && bytes.ContainsFunc(head[:n], func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == 0xfffd }) {
		return &exitError{fault.ExitUsage, errors.New("the answer is not text: give -o FILE")}
	}
	if _, err := out.Write(head[:n]); err != nil {
		return err
	}
	_, err = io.Copy(out, answer.Body)
	return err
}

// print writes one JSON answer, to the file when one is named.
func (g *generated) print(l *link, body []byte) error {
	if g.output != "" {
		return os.WriteFile(g.output, body, 0o600)
	}
	out := l.cmd.OutOrStdout()
	if done, err := g.asked(out, body); done {
		return err
	}
	v, err := table.Parse(body)
	if err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	if err := table.Show(out, v); err != nil {
		return err
	}
	if next := cursorOf(v); next != "" {
		fmt.Fprintf(l.cmd.ErrOrStderr(), "There is more: --all, or --after %s\n", next)
	}
	return nil
}

// cursorOf is where a list goes on, or empty at its end.
func cursorOf(v any) string {
	o, ok := v.(*table.Object)
	if !ok {
		return ""
	}
	next, _ := o.Get("next").(string)
	return next
}

// pages follows a list to its end.
func (g *generated) pages(l *link, r *remote.Request, body []byte) error {
	out := l.cmd.OutOrStdout()
	for {
		v, err := table.Parse(body)
		if err != nil {
			return fmt.Errorf("the center's answer: %w", err)
		}
		name, rows, ok := table.Rows(v)
		if !ok {
			return g.print(l, body)
		}
		if g.asJSON {
			err = rawRows(out, body, name)
		} else if len(rows) > 0 {
			err = table.List(out, rows)
		}
		next := cursorOf(v)
		if err != nil || next == "" || next == r.Query.Get("after") {
			return err
		}
		r.Query.Set("after", next)
		if body, _, err = l.read(r); err != nil {
			return err
		}
	}
}

// rawRows prints the rows of a list, one a line.
func rawRows(out io.Writer, body []byte, name string) error {
	var whole map[string]json.RawMessage
	list := json.RawMessage(body)
	if name != "" {
		if err := json.Unmarshal(body, &whole); err != nil {
			return err
		}
		list = whole[name]
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(list, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		var line bytes.Buffer
		if err := json.Compact(&line, row); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", line.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// indented is JSON for people.
func indented(body []byte) (string, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return "", fmt.Errorf("the center's answer: %w", err)
	}
	return strings.TrimRight(out.String(), "\n"), nil
}
