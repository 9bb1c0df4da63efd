// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package hostile tries what an attacker would against the running programs of one
// installation: hostile names, bytes that two parsers read differently, slow and
// oversized input, wrong and expired identities, and replay at every hop.
//
// Every try is held to the same five things: what its sender is told, what the journal
// says under the id that it was told, what the process wrote to its own log, that
// nobody died of it and the next good request passes, and that the application saw
// nothing of it, or exactly one request that is the same as a good one.
//
// What a hostile cable does to frames is tried by test/fault, and what captured parts
// of the guard can say by test/pair, which holds them in one process.
package hostile
