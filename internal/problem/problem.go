// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package problem names what can go wrong with a call of the management interface: a
// closed list of stable codes, each with its HTTP status, in the form of RFC 9457. What
// can go wrong with a parcel is in package fault.
package problem

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/fault"
)

// Code is told to callers and never changes its meaning.
type Code string

// The codes, by what the caller can do.
const (
	Malformed     Code = "malformed"             // the call cannot be understood
	Invalid       Code = "invalid"               // understood, and its content is not right: fields say where
	SignedOut     Code = "signed-out"            // no session or token, or one that has ended
	Credentials   Code = "credentials-wrong"     // name, password or second factor; it is not told which
	Locked        Code = "account-locked"        // too many failures; detail says until when
	PasswordOld   Code = "password-expired"      // it must be changed first
	FactorWanted  Code = "second-factor-wanted"  // show the second factor (again) and call again
	DutyWrong     Code = "duty-wrong"            // another duty's work
	OwnProposal   Code = "own-proposal"          // a second person is wanted
	ElsewhereOnly Code = "only-on-host"          // only over the socket on the center's host
	Unknown       Code = "unknown"               // there is no such thing
	Conflict      Code = "conflict"              // its state does not allow it
	Stale         Code = "stale"                 // it was changed meanwhile; read it again
	Unconditional Code = "precondition-required" // a change wants If-Match
	TooLarge      Code = "too-large"
	TooMany       Code = "too-many"    // later again
	Unavailable   Code = "unavailable" // a part that is needed is away; later again
	Internal      Code = "internal-error"
)

// statuses are the codes' HTTP statuses.
func statuses() map[Code]int {
	return map[Code]int{
		Malformed: http.StatusBadRequest, Invalid: http.StatusUnprocessableEntity,
		SignedOut: http.StatusUnauthorized, Credentials: http.StatusUnauthorized, FactorWanted: http.StatusUnauthorized,
		Locked: http.StatusForbidden, PasswordOld: http.StatusForbidden, DutyWrong: http.StatusForbidden,
		OwnProposal: http.StatusForbidden, ElsewhereOnly: http.StatusForbidden,
		Unknown: http.StatusNotFound, Conflict: http.StatusConflict,
		Stale: http.StatusPreconditionFailed, Unconditional: http.StatusPreconditionRequired,
		TooLarge: http.StatusRequestEntityTooLarge, TooMany: http.StatusTooManyRequests,
		Unavailable: http.StatusServiceUnavailable, Internal: http.StatusInternalServerError,
	}
}

// Codes are all codes.
func Codes() []Code {
	all := statuses()
	list := make([]Code, 0, len(all))
	for c := range all {
		list = append(list, c)
	}
	return list
}

// Status is the HTTP status of a code; a code that is not of the list is an internal error.
func Status(c Code) int {
	if s, ok := statuses()[c]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Error is a problem as an error. Its detail is told to the caller; its cause is not.
type Error struct {
	Code   Code
	Detail string // one or two sentences: what, and what to do; no secrets
	Fields []Field
	Until  time.Time // when it is worth to try again, where that is known
	Err    error     // for the log
}

// New makes a problem of a code.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Wrap makes a problem around a cause, which is not told.
func Wrap(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...), Err: err}
}

// Error is the whole story, for logs.
func (e *Error) Error() string {
	if e.Err != nil {
		return string(e.Code) + ": " + e.Detail + ": " + e.Err.Error()
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first Error in err's chain, else Internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Document is a problem as callers get it (RFC 9457).
type Document struct {
	Type    string  `json:"type" doc:"always about:blank: code tells"`
	Title   string  `json:"title" doc:"the HTTP status in words"`
	Status  int     `json:"status"`
	Code    string  `json:"code" doc:"stable; a sentence for people is the caller's to find"`
	Detail  string  `json:"detail,omitempty"`
	Request string  `json:"request,omitempty" doc:"by which the audit finds this call"`
	Fields  []Field `json:"fields,omitempty"`

	Until time.Time `json:"until,omitzero" doc:"when it is worth to try again, where that is known: of a locked account"`
}

// GetStatus is the HTTP status.
func (d *Document) GetStatus() int { return d.Status }

// Error is the document's detail.
func (d *Document) Error() string { return d.Code + ": " + d.Detail }

// ContentType is that of a problem, whatever was asked for.
func (*Document) ContentType(string) string { return "application/problem+json" }

// Of is what a caller is told about an error. What is neither a problem nor a fault is
// told as an internal error and nothing else.
func Of(err error) *Document {
	d := &Document{Type: "about:blank", Status: http.StatusInternalServerError, Code: string(Internal)}
	if e, ok := errors.AsType[*Error](err); ok {
		d.Status, d.Code, d.Detail, d.Fields, d.Until = Status(e.Code), string(e.Code), e.Detail, e.Fields, e.Until
	} else if f, ok := errors.AsType[*fault.Error](err); ok {
		d.Status, d.Code, d.Detail = fault.HTTPStatus(f.Code), string(f.Code), f.What
	}
	d.Title = http.StatusText(d.Status)
	return d
}
