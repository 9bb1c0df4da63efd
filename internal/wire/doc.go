// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package wire carries messages on many streams over one ordered connection:
// TLS on TCP, a Unix socket, or the guard link.
//
// A message is a kind (a number that only the application understands) and a
// payload of limited size. It travels as one or more frames of at most 64 KiB,
// so that streams take turns and a large file does not hold up a query: the
// writer serves Interactive streams first and leaves Bulk streams at least a
// fifth of the bytes.
//
// Nothing that the peer sends can use more memory than
//
//	MaxStreams * 32 KiB + Config.Memory
//
// of this side. Each stream has 32 KiB of credit of its own, so small messages
// always get through however slowly other streams are read. What a larger
// message needs beyond that is granted from one shared pool, whole message by
// whole message and in order of asking; Bulk streams read ahead up to
// Config.Window while more than half of the pool is free.
//
// The protocol is strict: whatever it does not allow ends the connection with
// an enumerated Code. docs/formats/wire.md gives frames, states and the order
// of the checks.
//
// The logic is the single-threaded machine core, which knows no goroutine,
// clock or connection; Conn and Stream are the thin shells around it.
package wire
