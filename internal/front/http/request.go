// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"bytes"
	"errors"
	"io"
	nethttp "net/http"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// DefaultBytes bounds a body, of a request or an answer, whose flow states no
// limit of its own.
const DefaultBytes = 256 << 10

// maxBytes is the hard bound: what a parcel's fields can hold.
const maxBytes = parcel.MaxFields

func limit(stated int64) int64 {
	if stated <= 0 {
		return DefaultBytes
	}
	return min(stated, maxBytes)
}

// admit refuses what is not one plain request with one plain answer.
func admit(r *nethttp.Request, scheme string) error {
	upgrade := len(r.Header["Upgrade"]) > 0 || slices.Contains(tokens(r.Header["Connection"]), "upgrade")
	switch {
	case upgrade || r.Method == nethttp.MethodConnect:
		return fault.New(fault.UpgradeRefused, "the connection would become something else")
	case !r.ProtoAtLeast(1, 1):
		return malformed("%s is not spoken", r.Proto)
	case len(r.Trailer) > 0 || len(r.Header["Trailer"]) > 0:
		return fault.New(fault.UpgradeRefused, "a trailer")
	case len(r.Header["Range"]) > 0 || len(r.Header["If-Range"]) > 0:
		return fault.New(fault.UpgradeRefused, "a part of an answer")
	case wantsStream(r.Header):
		return fault.New(fault.UpgradeRefused, "an answer without an end")
	}
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Host", "Authorization", "X-Api-Key"} {
		if len(r.Header[name]) > 1 {
			return malformed("%s is there twice", name)
		}
	}
	if host := r.Header["Host"]; len(host) == 1 && host[0] != r.Host {
		return malformed("two hosts")
	}
	// The parser of HTTP/1 checks this, the one of HTTP/2 does not.
	if r.Host == "" || plainText(r.Host) != nil || strings.ContainsAny(r.Host, "/\\?#@ \"<>") {
		return malformed("no host, or one that is no name")
	}
	return admitTarget(r, scheme)
}

// admitTarget takes the origin form, and the absolute form of the listener's own
// scheme, which every server must understand (RFC 9112 section 3.2.2).
func admitTarget(r *nethttp.Request, scheme string) error {
	if strings.HasPrefix(r.RequestURI, "/") {
		return nil
	}
	if u := r.URL; !strings.EqualFold(u.Scheme, scheme) || u.Host == "" || u.Opaque != "" || u.User != nil || !strings.Contains(r.RequestURI, "://") {
		return malformed("target is neither a path nor an address by %s", scheme)
	}
	return nil
}

// target is the request target in origin form.
func target(r *nethttp.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	_, rest, _ := strings.Cut(r.RequestURI, "://")
	at := strings.IndexAny(rest, "/?#")
	if at < 0 {
		return "/"
	}
	if rest[at] != '/' {
		return "/" + rest[at:]
	}
	return rest[at:]
}

// credentials are what the request carried to prove its subject.
func credentials(r *nethttp.Request) front.Credentials {
	c := front.Credentials{APIKey: r.Header.Get("X-Api-Key"), Remote: r.RemoteAddr}
	if user, password, ok := r.BasicAuth(); ok {
		c.User, c.Password = user, password
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		c.Token = strings.TrimSpace(token)
	}
	if r.TLS != nil {
		c.Certificates = r.TLS.PeerCertificates
	}
	return c
}

// content makes the typed content of a request to this route and checks it.
func (s *shape) content(w nethttp.ResponseWriter, r *nethttp.Request, path []string, query string) (parcel.Record, error) {
	content := parcel.Record{"form": s.form.Name}
	for _, part := range []func() error{
		func() error { return s.takePath(content, path) },
		func() error { return s.takeQuery(content, query) },
		func() error { return s.takeHeader(content, r.Header) },
		func() error { return s.takeBody(content, w, r) },
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return content, s.form.Request.Check(content, "content")
}

// refuses tells what happens to what the form does not name.
func (s *shape) refuses() bool { return s.flow.Unknown != "drop" }

func (s *shape) takePath(content parcel.Record, path []string) error {
	if s.path == nil {
		return nil
	}
	record := parcel.Record{}
	for i, seg := range s.segments {
		if seg.name == "" {
			continue
		}
		v, err := fromText(&field(s.path, seg.name).Schema, path[i], "path."+seg.name)
		if err != nil {
			return err
		}
		record[seg.name] = v
	}
	content["path"] = record
	return nil
}

func (s *shape) takeQuery(content parcel.Record, raw string) error {
	pairs, err := splitQuery(raw)
	if err != nil {
		return err
	}
	record := parcel.Record{}
	for _, p := range pairs {
		f := field(s.query, p.key)
		if f == nil {
			if s.refuses() {
				return invalid("query: parameter %.64q is not one that crosses", p.key)
			}
			continue
		}
		if err := takeParameter(record, f, p.value); err != nil {
			return err
		}
	}
	if s.query != nil {
		content["query"] = record
	}
	return nil
}

// takeParameter adds one value; only a list may be given more than once.
func takeParameter(record parcel.Record, f *policy.Field, text string) error {
	where := "query." + f.Name
	if f.Schema.Type == policy.List {
		v, err := fromText(f.Schema.Items, text, where)
		list, _ := record[f.Name].([]any)
		record[f.Name] = append(list, v)
		return err
	}
	if _, twice := record[f.Name]; twice {
		return malformed("%s is there twice", where)
	}
	v, err := fromText(&f.Schema, text, where)
	record[f.Name] = v
	return err
}

func (s *shape) takeHeader(content parcel.Record, h nethttp.Header) error {
	record := parcel.Record{}
	if s.header != nil {
		for i := range s.header.Fields {
			f := &s.header.Fields[i]
			values := h[nethttp.CanonicalHeaderKey(f.Name)]
			if len(values) == 0 {
				continue
			}
			if len(values) > 1 {
				return malformed("header %s is there twice", f.Name)
			}
			v, err := fromText(&f.Schema, values[0], "header."+f.Name)
			if err != nil {
				return err
			}
			record[f.Name] = v
		}
		content["header"] = record
	}
	if s.refuses() {
		return s.strangers(h)
	}
	return nil
}

// strangers refuses header fields that neither the form names nor every client sends.
func (s *shape) strangers(h nethttp.Header) error {
	for name := range h {
		known := ordinary(name) || s.header != nil && slices.ContainsFunc(s.header.Fields, func(f policy.Field) bool {
			return nethttp.CanonicalHeaderKey(f.Name) == name
		})
		if !known {
			return invalid("header %.64q is not one that crosses", name)
		}
	}
	return nil
}

func (s *shape) takeBody(content parcel.Record, w nethttp.ResponseWriter, r *nethttp.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	if s.body == nil && !s.refuses() {
		return nil // dropped unread
	}
	data, err := readBody(w, r, limit(s.flow.Limits.RequestBytes))
	if err != nil || len(data) == 0 {
		return err
	}
	if s.body == nil {
		return invalid("body: the form has none")
	}
	if !isJSON(r.Header) || len(r.Header["Content-Encoding"]) > 0 {
		return fault.New(fault.ContentType, "the body is not application/json in UTF-8 as it is")
	}
	v, err := decodeJSON(s.body, data, s.refuses())
	content["body"] = v
	return err
}

// maxTrusted bounds the memory that a stated length takes before its bytes come.
const maxTrusted = 8 << 10

// readAll reads to the end what says that it has so many bytes, or says nothing (-1).
func readAll(r io.Reader, stated int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(max(0, min(stated, maxTrusted))) + bytes.MinRead)
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

func readBody(w nethttp.ResponseWriter, r *nethttp.Request, limit int64) ([]byte, error) {
	tooLarge := fault.New(fault.ContentTooLarge, "body of more than %d bytes", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	data, err := readAll(nethttp.MaxBytesReader(w, r.Body, limit), r.ContentLength)
	if over := new(nethttp.MaxBytesError); errors.As(err, &over) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, malformed("the body broke off")
	}
	if len(r.Trailer) > 0 {
		return nil, fault.New(fault.UpgradeRefused, "a trailer")
	}
	return data, nil
}
