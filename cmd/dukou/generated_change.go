// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dukou.dev/dukou/cmd/dukou/internal/description"
	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/cmd/dukou/internal/table"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
)

// earlier is a thing as it was read before a change.
type earlier struct {
	etag  string
	body  []byte
	thing any
	same  bool // it is what the change is of, not something that holds it
}

// condition makes the call hold for one revision only: the one that was named, or the
// one that is there now.
func (g *generated) condition(l *link, r *remote.Request, path string) (*earlier, error) {
	o := g.operation
	if g.revision != "" {
		r.Header.Set("If-Match", etagOf(g.revision))
	}
	if !o.Conditional || g.revision != "" && o.Method != http.MethodPut {
		return nil, nil //nolint:nilnil // nothing was read, which is as good
	}
	before, err := g.readBefore(l, path, r.Query)
	if err != nil {
		return nil, fmt.Errorf("read it before the change: %w", err)
	}
	if g.revision == "" {
		r.Header.Set("If-Match", before.etag)
	}
	return before, nil
}

// readBefore reads what a call is going to change: the same path, or the nearest above
// that can be read and says its revision.
func (g *generated) readBefore(l *link, path string, query url.Values) (*earlier, error) {
	template, actual := g.operation.Path, path
	for strings.Count(template, "/") > 1 {
		if o := g.reads(template); o != nil {
			before, err := look(l, actual, known(query, o))
			if err != nil || before != nil {
				if before != nil {
					before.same = actual == path
				}
				return before, err
			}
		}
		if strings.HasSuffix(template, "...}") { // the rest of a path, however long
			rest := strings.Count(path, "/") - strings.Count(template, "/")
			for range rest {
				actual = actual[:strings.LastIndexByte(actual, '/')]
			}
		}
		template, actual = template[:strings.LastIndexByte(template, '/')], actual[:strings.LastIndexByte(actual, '/')]
	}
	return nil, &exitError{fault.ExitUsage, errors.New("its revision cannot be read: give --revision")}
}

// reads is the call that reads a path, or nil.
func (g *generated) reads(template string) *description.Operation {
	for i := range g.all {
		if g.all[i].Method == http.MethodGet && g.all[i].Path == template {
			return &g.all[i]
		}
	}
	return nil
}

// known are those values of a query that a call takes, too.
func known(query url.Values, o *description.Operation) url.Values {
	values := url.Values{}
	for _, v := range o.Query {
		if query.Has(v.Name) {
			values[v.Name] = query[v.Name]
		}
	}
	return values
}

// look reads a thing with its revision: nil when it is not there yet, or has none.
func look(l *link, path string, query url.Values) (*earlier, error) {
	body, header, err := l.read(&remote.Request{Method: http.MethodGet, Path: path, Query: query})
	if isProblem(err, problem.Unknown) {
		return nil, nil //nolint:nilnil // what holds it may be there
	}
	if err != nil || header.Get("ETag") == "" {
		return nil, err
	}
	thing, _ := table.Parse(body) // what is not JSON is not compared
	return &earlier{etag: header.Get("ETag"), body: body, thing: thing}, nil
}

// keep takes over the fields that a change of the whole does not name.
func (v *earlier) keep(fields map[string]any, known []description.Value) {
	if v == nil || !v.same {
		return
	}
	var whole map[string]json.RawMessage
	if json.Unmarshal(v.body, &whole) != nil {
		return
	}
	for _, k := range known {
		if value, ok := whole[k.Name]; ok {
			fields[k.Name] = value
		}
	}
}

// tellChange says on standard error what a change has changed.
func (g *generated) tellChange(l *link, before *earlier, answer []byte, header http.Header) {
	if before == nil {
		return
	}
	talk := l.cmd.ErrOrStderr()
	if after, err := table.Parse(answer); err == nil && before.same {
		for _, line := range table.Differences(before.thing, after) {
			fmt.Fprintln(talk, line)
		}
	}
	if now := header.Get("ETag"); now != "" && now != before.etag {
		fmt.Fprintf(talk, "revision %s → %s\n", strings.Trim(before.etag, `"`), strings.Trim(now, `"`))
	}
}
