// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package wire

// Kind is the application's kind of message, 1 to 255; 0 is reserved.
type Kind uint8

// Message is one unit that arrives whole or not at all.
type Message struct {
	Kind    Kind
	Payload []byte // at most the peer's Config.MaxMessage bytes; may be empty
}

// messageCost is what a message takes from the credit of its stream besides
// its bytes, so that empty messages are not free.
const messageCost = 64

func cost(payload int) int { return payload + messageCost }

// Class says how a stream shares the connection. Its opener chooses it.
type Class uint8

const (
	// Interactive streams are served first. They carry questions and answers.
	Interactive Class = iota
	// Bulk streams carry volume. They get what Interactive ones leave, and
	// never less than a fifth of the bytes.
	Bulk
)

// String names the class for logs.
func (c Class) String() string {
	if c == Bulk {
		return "bulk"
	}
	return "interactive"
}
