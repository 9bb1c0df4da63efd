// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package fault names what can go wrong with a parcel: a closed list of stable
// codes, each with one kind, and the one place where kinds become HTTP statuses
// and exit codes. A code is told to callers; the sentence beside it goes to the
// auditor only.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind uint8

// The kinds, from "mend your request" to "tell the operator".
const (
	Internal        Kind = iota // a defect or a failed disk
	Invalid                     // the request itself is malformed
	Unauthenticated             // no acceptable identity
	Refused                     // understood and not permitted
	TooLarge                    // over a stated limit
	TooMany                     // over a stated rate
	BadAnswer                   // the application answered outside of what the flow states, or may have been reached and did not answer
	Unavailable                 // nothing was passed on; try again later
	Timeout                     // passed on, no answer in time
)

// Error is a code with the place and cause, for logs and audit.
type Error struct {
	Code Code
	What string // one clause naming the field or object, without secrets
	Err  error  // cause, may be nil
}

// New makes an error of a code; format names what and where.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a code around a cause.
func Wrap(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...), Err: err}
}

// Error is the whole story, for logs and audit, never for a caller.
func (e *Error) Error() string {
	if e.Err != nil {
		return string(e.Code) + ": " + e.What + ": " + e.Err.Error()
	}
	return string(e.Code) + ": " + e.What
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first Error in err's chain, or InternalError.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return InternalError
}

// HTTPStatus is what a proxy's client expects for a code.
func HTTPStatus(c Code) int {
	switch KindOf(c) {
	case Invalid:
		return 400
	case Unauthenticated:
		return 401
	case Refused:
		return 403
	case TooLarge:
		return 413
	case TooMany:
		return 429
	case BadAnswer:
		return 502
	case Unavailable:
		return 503
	case Timeout:
		return 504
	default:
		return 500
	}
}

// Exit statuses of the command line, beside 0.
const (
	ExitFailed      = 1 // something went wrong that no other status names
	ExitUsage       = 2 // the command was called wrongly
	ExitSkipped     = 3 // worked, but part of it could not be shown here
	ExitRefused     = 4 // understood and not permitted
	ExitUnavailable = 5 // try again later
)

// ExitCode is the exit status of a command that failed with err.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	switch KindOf(CodeOf(err)) {
	case Invalid:
		return ExitUsage
	case Refused, Unauthenticated, TooLarge:
		return ExitRefused
	case Unavailable, Timeout, TooMany:
		return ExitUnavailable
	default:
		return ExitFailed
	}
}
