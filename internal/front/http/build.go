// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	nethttp "net/http"
	"net/url"
	"strings"

	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/parcel"
)

// build writes a new request from a call's content, as it goes onto the wire.
func (s *shape) build(c front.Call, host, scheme string) ([]byte, error) {
	if err := s.form.Request.Check(c.Content, "content"); err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: scheme, Host: host}
	var err error
	if u.Path, u.RawPath, err = s.buildPath(c.Content); err != nil {
		return nil, err
	}
	if u.RawQuery, err = s.buildQuery(c.Content); err != nil {
		return nil, err
	}
	r := &nethttp.Request{Method: s.method, URL: u, Host: host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: nethttp.Header{}}
	if err := s.buildHeader(r.Header, c); err != nil {
		return nil, err
	}
	if v, ok := c.Content["body"]; ok && s.body != nil {
		body, err := appendJSON(nil, s.body, v, "body")
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = nopCloser{bytes.NewReader(body)}, int64(len(body))
	}
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		return nil, invalid("request: %v", err)
	}
	return wire.Bytes(), nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// buildPath fills the template. What could be read as more than one segment, or as
// another path, is refused here as well: the content came from the other side.
func (s *shape) buildPath(content parcel.Record) (path, raw string, err error) {
	fields, _ := content["path"].(parcel.Record)
	if len(s.segments) == 0 {
		return "/", "/", nil
	}
	for _, seg := range s.segments {
		text := seg.literal
		if seg.name != "" {
			if text, err = toText(fields[seg.name], "path."+seg.name); err != nil {
				return "", "", err
			}
		}
		if text == "" || text == "." || text == ".." || strings.ContainsAny(text, "/\\") {
			return "", "", invalid("path.%s cannot be one segment of a path", seg.name)
		}
		path, raw = path+"/"+text, raw+"/"+url.PathEscape(text)
	}
	return path, raw, nil
}

func (s *shape) buildQuery(content parcel.Record) (string, error) {
	fields, _ := content["query"].(parcel.Record)
	if s.query == nil {
		return "", nil
	}
	var b strings.Builder
	for i := range s.query.Fields {
		name := s.query.Fields[i].Name
		v, ok := fields[name]
		if !ok || v == nil {
			continue
		}
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		for _, item := range list {
			text, err := toText(item, "query."+name)
			if err != nil {
				return "", err
			}
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(text))
		}
	}
	return b.String(), nil
}

func (s *shape) buildHeader(h nethttp.Header, c front.Call) error {
	fields, _ := c.Content["header"].(parcel.Record)
	if s.header != nil {
		for i := range s.header.Fields {
			name := s.header.Fields[i].Name
			v, ok := fields[name]
			if !ok || v == nil {
				continue
			}
			text, err := toText(v, "header."+name)
			if err != nil {
				return err
			}
			h.Set(name, text)
		}
	}
	h.Set("User-Agent", "dukou")
	h.Set("Accept", "application/json")
	h.Set("X-Dukou-Id", c.ID.String())
	h.Set("X-Subject", c.Proxy)
	if c.Token != "" {
		h.Set("Authorization", "Bearer "+c.Token)
	}
	for name, values := range h {
		// A space at an end would be gone when it arrives, and so would the field's form.
		if plainText(values[0]) != nil || strings.Trim(values[0], " ") != values[0] {
			return invalid("header %s cannot be sent", name)
		}
	}
	return nil
}
