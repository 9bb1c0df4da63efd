// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package pair tests both halves of a guard with fronts and center around them, all
// real and in one process: real identities, journals, leases and TLS, a socket for a
// cable. What needs separate networks and processes is tested by e2e.
package pair
