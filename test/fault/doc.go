// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package fault breaks a running installation in every way that a machine room knows,
// while files and questions cross, and proves by package ledger that what Dukou
// promises was kept: the real binaries in namespaces of their own, killed, stopped,
// without disk, with a disk that fails, with a bad cable, under changing policy.
//
// The short form runs with all tests, as root. The long one is `make fault`; the seed
// that it prints repeats its choices (DUKOU_SEED). The builds with one promise removed,
// each of which must be caught, are in package broken below.
package fault
