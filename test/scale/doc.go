// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package scale measures the index of audit entries at the size of a month of a bank:
// `make scale` fills it with ten million entries on SQLite and on PostgreSQL, asks the
// twelve questions of an auditor's day, and gathers real records through a mirror. It
// prints what it measured and fails only on wrong answers, never on time.
package scale
