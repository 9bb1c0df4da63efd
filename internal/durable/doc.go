// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package durable keeps files that survive a power cut.
//
// It has two parts. [WriteFile], [MkdirAll] and [SyncDir] replace a whole file
// or make a directory so that, when they return, the result is on the disk.
// [Log] is an append-only sequence of records with group commit.
//
// A log is a directory of segment files, each named by the index of its first
// record (20 decimal digits, ".seg"). Integers are big-endian. A segment is
// written in full with zeros before it gets its name, so that later syncs have
// no size to record.
//
//	sector 0   "DUKOULG1" first:8 salt:8 chain:4 crc:4, then zeros
//	batches    each begins at a 512-byte boundary and is followed by zeros up to the next
//	frame      size:4 flags:4 prev:4 crc:4 payload, then zeros up to 16 bytes
//
// The crc of a frame is CRC-32C over salt, prev, size, flags and payload, and
// prev is the crc of the frame before, over segments too. Flag 1 marks the
// first frame of a batch. One batch is one write and one fdatasync; a batch is
// written only when the one before it is on the disk, and no two batches share
// a sector. So at most the last batch can be torn, and damage that an intact
// batch follows is not a torn tail. The salt is random and stays in the file:
// a record cannot be made to look like a frame.
//
// A write or sync that fails ends the process: what the disk then holds is not
// known before it is read back. Nothing is retried.
package durable
