// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package audit records what a process decided and did, so that nobody can
// change the record unnoticed.
//
// A process has one [Journal]. Its directory holds
//
//	journal/           the records, a durable.Log; this is the truth
//	tlog/checkpoint    the latest signed tree head (C2SP tlog-checkpoint)
//	tlog/tile/L/NNN    the Merkle tree over the leaves (C2SP tlog-tiles); the partial
//	                   tiles only when the journal rests
//
// A record is a leaf, and beside it a salt and the detail. The leaf holds who,
// what, how and the verdict, and commits to the detail; the tree is over the
// leaves. So a detail can be destroyed and the leaf still be proven. A tree
// head is signed only over records that are on the disk, at most 100 ms behind.
//
// Another host keeps the heads: a [Witness] cosigns each one that continues
// all it has seen, a [Mirror] holds the records as well. What this cannot do:
// a process that is captured can write false entries, or none, from then on.
//
// The bytes and the order of checks are in docs/formats/journal.md. Package
// reader verifies, shows and proves from a directory, without any process.
package audit
