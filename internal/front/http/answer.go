// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package http

import (
	"fmt"
	nethttp "net/http"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// parts is an answer form as HTTP sees it.
type parts struct {
	header *policy.Schema
	body   *policy.Schema
	must   bool // the body is required
}

// answerParts takes an answer's schema apart and checks that it fits HTTP.
func answerParts(s *policy.Schema, status int64) (parts, error) {
	var p parts
	for i := range s.Fields {
		f := &s.Fields[i]
		switch f.Name {
		case "form", "status":
		case "header":
			p.header = &f.Schema
		case "body":
			p.body, p.must = &f.Schema, f.Required
		default:
			return p, fmt.Errorf("answer %d has %q, which is no part of one", status, f.Name)
		}
	}
	bodiless := status == nethttp.StatusNoContent || status == nethttp.StatusResetContent || status == nethttp.StatusNotModified
	if status < 200 || status > 599 || bodiless && p.body != nil {
		return p, fmt.Errorf("answer %d cannot be, or not with a body", status)
	}
	if p.header != nil {
		for i := range p.header.Fields {
			if name := p.header.Fields[i].Name; !validName(name) || reserved(name) {
				return p, fmt.Errorf("answer %d: header %q cannot cross", status, name)
			}
		}
	}
	return p, nil
}

// take makes the typed content of the application's answer and checks it.
func (s *shape) take(got *received) (parcel.Record, error) {
	schema := s.form.Answer(int64(got.status))
	if schema == nil {
		return nil, fault.New(fault.TargetFailed, "the application answered with status %d, which the form does not have", got.status)
	}
	p, err := answerParts(schema, int64(got.status))
	if err != nil {
		return nil, fault.Wrap(fault.ContentInvalid, err, "form %q", s.form.Name)
	}
	content := parcel.Record{"form": s.form.Name, "status": int64(got.status)}
	if p.header != nil {
		if content["header"], err = takeAnswerHeader(p.header, got.header); err != nil {
			return nil, err
		}
	}
	if err := s.takeAnswerBody(content, p, got); err != nil {
		return nil, err
	}
	return content, schema.Check(content, "answer")
}

// takeAnswerHeader drops what the form does not name, whatever the flow says:
// servers add fields of their own.
func takeAnswerHeader(s *policy.Schema, h nethttp.Header) (parcel.Record, error) {
	record := parcel.Record{}
	for i := range s.Fields {
		f := &s.Fields[i]
		values := h[nethttp.CanonicalHeaderKey(f.Name)]
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return nil, invalid("header %s is there twice", f.Name)
		}
		v, err := fromText(&f.Schema, values[0], "header."+f.Name)
		if err != nil {
			return nil, fault.Wrap(fault.ContentInvalid, err, "answer")
		}
		record[f.Name] = v
	}
	return record, nil
}

func (s *shape) takeAnswerBody(content parcel.Record, p parts, got *received) error {
	switch {
	case p.body == nil && len(got.body) > 0 && s.refuses():
		return invalid("answer: a body, the form has none")
	case p.body == nil || len(got.body) == 0 && !p.must:
		return nil
	case !isJSON(got.header) || len(got.header["Content-Encoding"]) > 0:
		return invalid("answer: the body is not application/json in UTF-8 as it is")
	case !got.framed && p.body.Type != policy.Record && p.body.Type != policy.List:
		// Only the connection's end tells where it ends, and it may have been cut.
		return fault.New(fault.TargetFailed, "the answer does not say where it ends")
	}
	v, err := decodeJSON(p.body, got.body, s.refuses())
	if fault.CodeOf(err) == fault.RequestMalformed {
		return fault.Wrap(fault.TargetFailed, err, "answer")
	}
	content["body"] = v
	return err
}
