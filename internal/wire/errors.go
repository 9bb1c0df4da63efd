// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
)

// Code says why a connection ended. It is all that the peer is told.
type Code uint32

// The codes of a GoAway frame.
const (
	// Shutdown: the side ends the connection of its own will.
	Shutdown Code = iota
	// BadHello: the first frame is no hello, or one that cannot be accepted.
	BadHello
	// BadFrame: unknown type, or a field that its type does not allow.
	BadFrame
	// BadStream: a stream id of the wrong side, out of order, or ended.
	BadStream
	// BadMessage: fragments that do not make one message.
	BadMessage
	// StreamLimit: more streams than were allowed.
	StreamLimit
	// WindowOverrun: more bytes than were granted.
	WindowOverrun
	// MessageTooLarge: a message above the receiver's limit.
	MessageTooLarge
	// CreditOverflow: more credit or slots than can be granted.
	CreditOverflow
	// ResetFlood: streams are opened and reset too fast.
	ResetFlood
	// PingFlood: pings too fast, or a second one before the answer.
	PingFlood
	// Timeout: nothing came for too long.
	Timeout

	codeCount
)

// String returns the code in words.
func (c Code) String() string {
	names := [codeCount]string{"shutdown", "bad hello", "bad frame", "bad stream", "bad message",
		"stream limit", "window overrun", "message too large", "credit overflow",
		"reset flood", "ping flood", "timeout"}
	if c >= codeCount {
		return "unknown code"
	}
	return names[c] //nolint:gosec // c is below the length
}

// GoAwayError is the cause when one side ended the connection on purpose.
type GoAwayError struct {
	Code   Code
	Remote bool // the peer ended it; else this side did, because of the peer
}

func (e *GoAwayError) Error() string {
	if e.Remote {
		return fmt.Sprintf("wire: ended by the peer: %v", e.Code)
	}
	return fmt.Sprintf("wire: ended by this side: %v", e.Code)
}

func violation(code Code) error { return &GoAwayError{Code: code} }

// ResetError is what Send and Receive return on a stream that was reset.
type ResetError struct {
	Code   uint32 // the application's; 0 when a side let go of the stream
	Remote bool   // the peer reset it
}

func (e *ResetError) Error() string {
	by := "this side"
	if e.Remote {
		by = "the peer"
	}
	return fmt.Sprintf("wire: stream reset by %s, code %d", by, e.Code)
}

var (
	// ErrClosed is returned by a Stream after its Close, and by Send after CloseSend.
	ErrClosed = errors.New("wire: stream closed")
	// ErrTooLarge is returned by Send for a payload above the peer's limit.
	// The stream goes on.
	ErrTooLarge = errors.New("wire: message above the peer's limit")
	// ErrKind is returned by Send for kind 0. The stream goes on.
	ErrKind = errors.New("wire: message of kind 0")
)
