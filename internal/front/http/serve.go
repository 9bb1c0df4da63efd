// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	nethttp "net/http"
	"time"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// handler serves one listener.
type handler struct {
	entry  *Entry
	name   string
	scheme string
}

// ServeHTTP answers one request.
func (h handler) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	defer daemon.EndOnPanic()
	h.read(r.Context())
	if len(r.TransferEncoding) > 0 {
		// A length beside the chunks is gone when the parser is done. Another party
		// may have gone by it, so nothing behind this request is one of the client.
		w.Header().Set("Connection", "close")
	}
	// A deadline for writing starts with the answer: the flow says how long the
	// application may take, and what the last answer left must not cut "100 Continue".
	h.writeUntil(w, time.Time{})
	flow, a, err := h.cross(w, r)
	h.writeUntil(w, time.Now().Add(writeTimeout))
	if err != nil {
		id := refuse(w, r, h.entry.config.Crossing, flow, err)
		h.entry.config.Log.Debug("refused", "id", id, "listener", h.name, "remote", r.RemoteAddr, "error", err)
		return
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	write(w, a.id, a.status, a.body)
}

func (h handler) writeUntil(w nethttp.ResponseWriter, deadline time.Time) {
	if err := nethttp.NewResponseController(w).SetWriteDeadline(deadline); err != nil {
		h.entry.config.Log.Debug("no write deadline", "error", err)
	}
}

// cross takes a request to the other side and its answer back. The flow is nil
// where none was found.
func (h handler) cross(w nethttp.ResponseWriter, r *nethttp.Request) (*policy.Flow, *answer, error) {
	select {
	case h.entry.slots <- struct{}{}:
		defer func() { <-h.entry.slots }()
	default:
		return nil, nil, fault.New(fault.TooBusy, "%d requests under way", cap(h.entry.slots))
	}
	if err := admit(r, h.scheme); err != nil {
		return nil, nil, err
	}
	path, query, err := splitTarget(target(r))
	if err != nil {
		return nil, nil, err
	}
	t := h.entry.routes()
	if t.policy == nil {
		return nil, nil, fault.New(fault.PolicyMissing, "no bundle")
	}
	s, allow := t.find(h.name, r.Method, path)
	if s == nil {
		return nil, nil, fault.Wrap(fault.RouteUnknown, &routeError{allow}, "%.16q", r.Method)
	}
	a, err := h.ask(w, r, s, path, query)
	return s.flow, a, err
}

// ask establishes the subject first, so that a stranger's body is not read.
func (h handler) ask(w nethttp.ResponseWriter, r *nethttp.Request, s *shape, path []string, query string) (*answer, error) {
	ctx, crossing := r.Context(), h.entry.config.Crossing
	subject, err := crossing.Authenticate(ctx, s.flow, credentials(r))
	if err != nil {
		return nil, err
	}
	content, err := s.content(w, r, path, query)
	if err != nil {
		return nil, err
	}
	reply, err := crossing.Ask(ctx, front.Request{Flow: s.flow, Subject: subject, Content: content, Remote: r.RemoteAddr})
	if err != nil {
		return nil, err
	}
	a, err := s.rebuild(reply)
	if err != nil {
		return nil, &front.Error{ID: reply.ID, Err: err}
	}
	return a, nil
}

// answer is what goes back to the client.
type answer struct {
	id     parcel.ID
	status int
	header map[string]string
	body   []byte // nil for none
}

// rebuild writes an answer from its content.
func (s *shape) rebuild(reply front.Reply) (*answer, error) {
	status, _ := reply.Content["status"].(int64)
	schema := s.form.Answer(status)
	if schema == nil || reply.Content["form"] != s.form.Name {
		return nil, invalid("no answer of form %q with status %d", s.form.Name, status)
	}
	if err := schema.Check(reply.Content, "answer"); err != nil {
		return nil, err
	}
	parts, err := answerParts(schema, status)
	if err != nil {
		return nil, fault.Wrap(fault.InternalError, err, "form %q", s.form.Name)
	}
	a := &answer{id: reply.ID, status: int(status), header: map[string]string{}}
	fields, _ := reply.Content["header"].(parcel.Record)
	for name, v := range fields {
		if a.header[name], err = toText(v, "header."+name); err != nil {
			return nil, err
		}
	}
	if body, ok := reply.Content["body"]; ok {
		a.body, err = appendJSON([]byte{}, parts.body, body, "body")
	}
	return a, err
}
