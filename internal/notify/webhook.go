// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"text/template"
	"text/template/parse"
)

// defaultTemplate is the body of a webhook that has none of its own.
const defaultTemplate = `{"title":{{json .Title}},"level":{{.Level}},"more":{{.More}},"items":[` +
	`{{range $n, $i := .Items}}{{if $n}},{{end}}{"alert":{{json $i.Alert}},"rule":{{json $i.Rule}},"level":{{$i.Level}},` +
	`"state":{{json $i.State}},"component":{{json $i.Component}},"flow":{{json $i.Flow}},"sentence":{{json $i.Sentence}},` +
	`"time":{{json $i.Time}},"count":{{$i.Count}},"link":{{json $i.Link}}}{{end}}]}`

const (
	maxTemplate = 16 << 10
	maxBody     = 256 << 10 // of a webhook
)

// parseTemplate reads a template over [Batch]. The function json writes a value as JSON,
// with its quotes.
func parseTemplate(text string) (*template.Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("at most %d bytes", maxTemplate)
	}
	t, err := template.New("body").Option("missingkey=error").Funcs(template.FuncMap{
		"json": func(v any) (string, error) {
			b, err := json.Marshal(v)
			return string(b), err
		},
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	if len(t.Templates()) > 1 { // one that uses itself would not end
		return nil, errors.New("a template defines no others")
	}
	return t, bounds(t.Root, 0)
}

var errRange = errors.New("range is for .Items, and not within another")

// bounds holds a template to loops that end soon: over the items, and not nested.
func bounds(n parse.Node, depth int) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := bounds(child, depth); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return errors.Join(bounds(n.List, depth), bounds(n.ElseList, depth))
	case *parse.WithNode:
		return errors.Join(bounds(n.List, depth), bounds(n.ElseList, depth))
	case *parse.RangeNode:
		if over := n.Pipe.Cmds[0].String(); depth > 0 || len(n.Pipe.Cmds) > 1 || over != ".Items" && over != "$.Items" {
			return errRange
		}
		return errors.Join(bounds(n.List, depth+1), bounds(n.ElseList, depth+1))
	}
	return nil
}

// fill makes the body of a webhook.
func fill(text string, b *Batch) ([]byte, error) {
	t, err := parseTemplate(cmp.Or(text, defaultTemplate))
	if err != nil {
		return nil, err
	}
	w := &bounded{left: maxBody}
	if err := t.Execute(w, b); err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	return w.body, nil
}

// bounded takes so many bytes and no more.
type bounded struct {
	body []byte
	left int
}

// Write implements io.Writer.
func (w *bounded) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, fmt.Errorf("more than %d bytes", maxBody)
	}
	w.body = append(w.body, p...)
	return len(p), nil
}
